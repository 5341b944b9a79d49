-- One row per warning, error or remark of a daemon without what differs from case to case, the worst first
create or replace view reports.notices_by_text as
with counted as (
    select
        severity,
        program,
        kind,
        general_notice(text) as general_text,
        total(occurrences) as notice_count,
        max_by(text, (logged_at, notice_key)) as last_text,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from main.notices
    where in_period(logged_at) and on_host(host)
    group by all
)

select *
from counted
order by
    list_position(['panic', 'fatal', 'error', 'warning', 'info'], severity) asc,
    notice_count desc,
    general_text asc,
    program asc,
    kind asc;
