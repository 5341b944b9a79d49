-- One row per header of a program that may name a queue id of ours in its text
create or replace temp table naming_headers as
select
    header,
    default_host,
    head,
    daemon
from known_headers
where family = 'other' or is_queue_scanner(daemon);

-- One row per line that does
create or replace temp table foreign_ids as
with texts as (
    select
        cut_lines.row_no,
        naming_headers.daemon,
        shown_rest(cut_lines.line, cut_lines.shown, text_start(cut_lines, naming_headers.head))
            as text
    from cut_lines
    inner join naming_headers
        on
            cut_lines.header = naming_headers.header
            and cut_lines.default_host is not distinct from naming_headers.default_host
),

named as (
    select
        row_no,
        foreign_queue_id(daemon, text) as queue_id
    from texts
)

select * from named
where queue_id is not null;
