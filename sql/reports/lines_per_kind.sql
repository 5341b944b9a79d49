-- One row per kind of line: how many, and what it means; also what no other report counts
create or replace view reports.lines_per_kind as
with counted as (
    select
        kind,
        count(*) as line_count
    from main.raw_lines
    where copy_of is null and in_period(logged_at) and on_host(host)
    group by kind
)

select
    counted.kind,
    counted.line_count,
    rounded(100.0 * counted.line_count / sum(counted.line_count) over ()) as share_percent,
    line_kinds.meaning_en,
    line_kinds.meaning_ja
from counted
left join main.line_kinds on counted.kind = line_kinds.kind
order by counted.line_count desc, counted.kind asc;
