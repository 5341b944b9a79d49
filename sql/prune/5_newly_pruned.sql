-- One row per line that goes, and whether what it told stays
create or replace temp table newly_pruned as
select
    line_key,
    getvariable('rows_stay')::boolean as has_rows
from early_lines
anti join kept_lines on early_lines.line_key = kept_lines.line_key;

-- Rows of lines that went before go now, but for those kept
create or replace temp table bereft_rows as
select distinct row_lines.line_key
from row_lines
semi join kept_rows
    on row_lines.table_name = kept_rows.table_name and row_lines.row_key = kept_rows.row_key;

-- One row per run of lines that are gone then, each as long as it can be
create or replace temp table pruned_then as
with gone_before as (
    select
        unnest(range(first_line_key, last_line_key + 1)) as line_key,
        has_rows
    from pruned_lines
    where has_rows and not getvariable('rows_stay')::boolean
),

runs_before as (
    select
        first_line_key,
        last_line_key,
        has_rows
    from pruned_lines
    where not has_rows or getvariable('rows_stay')::boolean
),

single as (
    select
        line_key as first_line_key,
        line_key as last_line_key,
        has_rows
    from newly_pruned
    union all
    select
        gone_before.line_key as first_line_key,
        gone_before.line_key as last_line_key,
        bereft_rows.line_key is not null as has_rows
    from gone_before
    left join bereft_rows on gone_before.line_key = bereft_rows.line_key
    union all
    select * from runs_before
),

compared as (
    select
        *,
        case
            when
                first_line_key = lag(last_line_key) over in_order + 1
                and has_rows = lag(has_rows) over in_order
                then 0
            else 1
        end as is_first
    from single
    window in_order as (order by first_line_key)
),

numbered as (
    select
        *,
        sum(is_first) over (order by first_line_key) as run_no
    from compared
)

select
    min(first_line_key) as first_line_key,
    max(last_line_key) as last_line_key,
    any_value(has_rows) as has_rows
from numbered
group by run_no;
