-- One row per host and mail system whose new lines come before lines that are already loaded
create or replace temp table rewinds as
with process_starts as (
    select
        lines.header_id,
        min(moment(lines.logged_at)) as from_moment,
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
        min(process_starts.from_moment) as from_moment,
        min(process_starts.first_position) as first_position
    from process_starts
    inner join headers on process_starts.header_id = headers.header_id
    where headers.family in ('postfix', 'dovecot')
    group by all
)

select
    new_streams.host,
    new_streams.family,
    new_streams.from_moment
from new_streams
inner join latest_lines
    on
        new_streams.host is not distinct from latest_lines.host
        and new_streams.family = latest_lines.family
inner join file_ranks on latest_lines.line_key >> 32 = file_ranks.file_key
-- They are equal only where a torn line is read again with its end
where
    new_streams.first_position
    <= line_position(latest_lines.logged_at, file_ranks.file_rank, latest_lines.line_key);
