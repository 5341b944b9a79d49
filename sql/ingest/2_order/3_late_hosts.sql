-- One row per host and mail system of which loaded lines must be read again: new lines come before
-- them, lines are gone from among them, or it is not known any more what is open
create or replace temp table late_hosts as
with process_starts as (
    select
        lines.header_id,
        min(line_position(lines.logged_at, file_ranks.file_rank, lines.line_key)) as first_position
    from lines
    left join file_ranks on lines.line_key >> 32 = file_ranks.file_key
    where lines.is_new
    group by lines.header_id
),

new_streams as (
    select
        headers.host,
        headers.family,
        min(process_starts.first_position) as first_position
    from process_starts
    inner join headers on process_starts.header_id = headers.header_id
    where headers.family in ('postfix', 'dovecot')
    group by all
)

select
    new_streams.host,
    new_streams.family
from new_streams
inner join latest_lines
    on
        new_streams.host is not distinct from latest_lines.host
        and new_streams.family = latest_lines.family
inner join file_ranks on latest_lines.line_key >> 32 = file_ranks.file_key
where
    new_streams.first_position
    < line_position(latest_lines.logged_at, file_ranks.file_rank, latest_lines.line_key)
union
select
    new_streams.host,
    new_streams.family
from new_streams
inner join reopened_hosts
    on
        new_streams.host is not distinct from reopened_hosts.host
        and new_streams.family = reopened_hosts.family
where new_streams.first_position < line_position(reopened_hosts.searched_until, 0, 0)
union
select
    host,
    program_family(program) as family
from removed_lines
where program_family(program) in ('postfix', 'dovecot');
