-- No line is read
create or replace temp view read_lines as
select
    null::varchar as line,
    null::bigint as line_key,
    null::timestamptz as known_at,
    null::varchar as known_host,
    null::varchar as part,
    null::varchar as whole_line
where false;
