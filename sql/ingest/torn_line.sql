-- The first line of the batch was loaded without its end: all that it said is forgotten
create or replace temp view torn_line as
select first_line_key as line_key from batch;

delete from raw_lines using torn_line
where raw_lines.line_key = torn_line.line_key;

delete from connections using torn_line
where connections.connection_key = torn_line.line_key;

delete from messages using torn_line
where messages.message_key = torn_line.line_key;

delete from deliveries using torn_line
where deliveries.delivery_key = torn_line.line_key;

delete from queue_events using torn_line
where queue_events.event_key = torn_line.line_key;

delete from rejections using torn_line
where rejections.rejection_key = torn_line.line_key;

delete from logins using torn_line
where logins.login_key = torn_line.line_key;

delete from pop3_sessions using torn_line
where torn_line.line_key in (pop3_sessions.session_key, pop3_sessions.logout_key);

delete from imap_sessions using torn_line
where torn_line.line_key in (imap_sessions.session_key, imap_sessions.logout_key);

delete from service_sessions using torn_line
where torn_line.line_key in (service_sessions.session_key, service_sessions.logout_key);

delete from mailbox_deliveries using torn_line
where mailbox_deliveries.mailbox_delivery_key = torn_line.line_key;

delete from mailbox_events using torn_line
where mailbox_events.mailbox_event_key = torn_line.line_key;

delete from auth_events using torn_line
where auth_events.auth_event_key = torn_line.line_key;

delete from submissions using torn_line
where submissions.submission_key = torn_line.line_key;

delete from notices using torn_line
where notices.notice_key = torn_line.line_key;

delete from message_links using torn_line
where
    torn_line.line_key in (
        message_links.child_key, message_links.parent_key, message_links.link_key
    );

delete from open_lines using torn_line
where open_lines.line_key = torn_line.line_key;

delete from longest_lines using torn_line
where longest_lines.line_key = torn_line.line_key;

-- Read again with another host, it may leave another line the latest of the host that it had
create or replace temp table remaining_latest as
select
    latest_lines.host,
    latest_lines.family,
    max(moment(raw_lines.logged_at)) as logged_at,
    arg_max(
        raw_lines.line_key,
        {
            'moment': moment(raw_lines.logged_at),
            'stream_moment': moment(log_files.first_logged_at),
            'line_key': raw_lines.line_key
        }
    ) as line_key
from latest_lines
inner join torn_line on latest_lines.line_key = torn_line.line_key
inner join raw_lines
    on
        latest_lines.host is not distinct from raw_lines.host
        and latest_lines.family = program_family(raw_lines.program)
left join log_files on raw_lines.line_key >> 32 = log_files.file_key
group by all;

delete from latest_lines using torn_line
where latest_lines.line_key = torn_line.line_key;

insert into latest_lines by name
select * from remaining_latest;

-- And with another zone, the stream another beginning
update batch
set first_logged_at = null
where
    not exists (
        select 1 from raw_lines
        where
            raw_lines.line_key between batch.file_key * 4294967296 and batch.first_line_key - 1
            and raw_lines.logged_at is not null
    );
