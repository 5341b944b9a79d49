-- One row per line logged before prune_before, without one that waits for its end; lines without a
-- time go with the line before them
create or replace temp table early_lines as
with undated as (
    select line_key from raw_lines
    where logged_at is null
),

dated as (
    select
        line_key,
        logged_at
    from raw_lines
    where logged_at is not null
),

placed as (
    select
        undated.line_key,
        dated.logged_at
    from undated
    asof inner join dated
        on
            undated.line_key >> 32 = dated.line_key >> 32
            and undated.line_key >= dated.line_key
)

select line_key from raw_lines
where
    logged_at < getvariable('prune_before')::timestamptz
    and line_key not in (select first_line_key from line_endings where ending = 'none')
union all
select line_key from placed
where
    logged_at < getvariable('prune_before')::timestamptz
    and line_key not in (select first_line_key from line_endings where ending = 'none');
