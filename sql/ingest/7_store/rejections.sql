-- Decisions in the changed lines, and of postscreen about the clients at hand
delete from rejections
where
    rejection_key in (
        select line_key from changed_lines
        where not is_new
        union all
        select line_key from screening_lines
    );

insert into rejections by name
with rejected as (
    select * exclude (endpoint) from decisions
    where kind <> 'smtpd_proxy_accept' and not is_postscreen(kind)
    union all by name
    select * from smtpd_limits
    union all by name
    select * from smtpd_bad_addresses
    union all by name
    select * from cleanup_checks
)

select
    rejected.line_key as rejection_key,
    connection_lines.connection_key,
    message_lines.message_key,
    message_lines.queue_id,
    processes.host,
    processes.daemon,
    processes.service,
    rejected.* exclude (line_key, header_id, is_changed)
from rejected
inner join processes on rejected.header_id = processes.header_id
left join connection_lines on rejected.line_key = connection_lines.line_key
left join message_lines on rejected.line_key = message_lines.line_key
where rejected.is_changed;

insert into rejections by name
select
    postscreen_lines.line_key as rejection_key,
    case when not screening_spans.is_passed then screening_spans.connection_key end
        as connection_key,
    processes.host,
    processes.daemon,
    postscreen_lines.* exclude (line_key, header_id, is_changed, endpoint)
from postscreen_lines
left join screening_lines on postscreen_lines.line_key = screening_lines.line_key
left join screening_spans on screening_lines.connection_key = screening_spans.connection_key
inner join processes on postscreen_lines.header_id = processes.header_id
where
    is_postscreen_verdict(postscreen_lines.kind)
    and (screening_lines.line_key is not null or postscreen_lines.is_changed);
