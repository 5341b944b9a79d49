-- One row per loaded line that forms of one's own tell, or read to its end (loader/kinds.py): they are
-- asked where mailsql's own forms told no kind, or stopped reading
create or replace temp table told_site_lines as
with asked as (
    select
        line_key,
        kind as known_kind,
        case
            when kind in ('foreign', 'unknown') then site_kind(program, queue_id, body)
            when unread in ('new key', 'new text') then kind::varchar
        end as kind,
        body,
        may_be_cut,
        repeat_count
    from loaded_lines
    where part is distinct from 'removed'
),

judged as (
    select
        *,
        known_kind in ('foreign', 'unknown') as is_own,
        case when known_kind = 'foreign' then site_queue_id(kind, body) end as named_queue_id,
        is_read(kind, body) as is_read
    from asked
    where kind is not null
)

select
    line_key,
    is_own,
    kind,
    case when is_queue_id(named_queue_id) then named_queue_id end as queue_id,
    body as text,
    coalesce(repeat_count, 1) as occurrences,
    case
        when not is_read then unread_reason(kind, body, may_be_cut, known_keys(kind))
    end as unread
from judged
where is_own or is_read;

create or replace temp view kept_lines as
select
    loaded_lines.* replace (
        coalesce(told_site_lines.kind, loaded_lines.kind::varchar) as kind,
        coalesce(loaded_lines.queue_id, told_site_lines.queue_id) as queue_id,
        case
            when told_site_lines.line_key is null then loaded_lines.unread
            else told_site_lines.unread
        end as unread
    )
from loaded_lines
left join told_site_lines on loaded_lines.line_key = told_site_lines.line_key;
