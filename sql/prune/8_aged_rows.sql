-- One row per row of a table whose line is gone, and that was over before the cutoff of its table; one
-- without a time is as old as the next one behind it in its log
create or replace temp table aged_rows as
with pruned as (
    select
        ended_rows.*,
        row_cutoffs.cutoff,
        gone_runs.last_logged_at
    from ended_rows
    inner join row_cutoffs on ended_rows.table_name = row_cutoffs.table_name
    inner join gone_runs
        on ended_rows.row_key between gone_runs.first_line_key and gone_runs.last_line_key
    where gone_runs.has_rows
),

dated as (
    select
        row_key,
        over_at
    from ended_rows
    where over_at is not null
),

undated as (
    select
        pruned.table_name,
        pruned.row_key,
        pruned.cutoff,
        coalesce(dated.over_at, pruned.last_logged_at) as over_at
    from pruned
    asof left join dated
        on
            pruned.row_key >> 32 = dated.row_key >> 32
            and pruned.row_key <= dated.row_key
    where pruned.over_at is null
)

select
    table_name,
    row_key
from pruned
where over_at < cutoff
union
select
    table_name,
    row_key
from undated
where over_at < cutoff;
