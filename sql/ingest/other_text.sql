-- One row, the first line, if no line of the batch begins like that of a log
create or replace temp view other_text as
with judged as (
    select
        line,
        -- Separators of journalctl stand between lines of any kind
        style is not null or starts_with(line, '-- ') as is_known
    from batch_lines
    where line <> ''
)

select line from judged
where not (select bool_or(is_known) from judged)
limit 1;
