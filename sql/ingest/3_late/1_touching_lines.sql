-- One row per line of these hosts that is new among loaded lines, or gone from among them
create or replace temp table touching_lines as
select
    lines.line_key,
    lines.logged_at,
    lines.queue_id,
    lines.kind,
    lines.body,
    lines.speaker,
    lines.may_be_cut,
    lines.header_id,
    headers.host,
    headers.program,
    headers.pid,
    headers.instance,
    headers.daemon,
    headers.family,
    coalesce(lines.part = 'removed', false) as is_gone,
    moment(lines.logged_at) as moment,
    line_position(lines.logged_at, file_ranks.file_rank, lines.line_key) as position
from lines
inner join headers on lines.header_id = headers.header_id
left join file_ranks on lines.line_key >> 32 = file_ranks.file_key
semi join late_hosts
    on headers.host is not distinct from late_hosts.host and headers.family = late_hosts.family
where lines.is_new or lines.part = 'removed';

-- The loaded lines that count, in their order
create or replace temp view stored_lines as
select
    raw_lines.line_key,
    raw_lines.logged_at,
    raw_lines.host,
    raw_lines.program,
    raw_lines.pid,
    raw_lines.queue_id,
    raw_lines.kind,
    raw_lines.line,
    moment(raw_lines.logged_at) as moment,
    line_position(raw_lines.logged_at, file_ranks.file_rank, raw_lines.line_key) as position
from raw_lines
left join file_ranks on raw_lines.line_key >> 32 = file_ranks.file_key
where raw_lines.copy_of is null;

-- Loaded lines whose own rows may become others; and lines that such lines are told with, as parts
-- of what
create or replace temp table lines_changed_again (line_key bigint);

-- The latter: one row per line, and what it is read for
create or replace temp table parts_again (line_key bigint, part varchar);
