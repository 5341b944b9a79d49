-- One row per stamp without a year that occurs: the first and the last line that carry it
create or replace temp table stamp_runs as
select
    stamp,
    min(row_no) as first_row_no,
    max(row_no) as last_row_no
from cut_lines
where style in ('bsd', 'bsd_fraction') and line_key is null
group by all;
