-- One row per line that tells of a change in a mailbox
create or replace temp table mailbox_changes as
select
    line_key,
    logged_at,
    header_id,
    speaker.service,
    speaker.username,
    speaker.pid,
    speaker.session_id,
    speaker.client_ip,
    case
        when event in ('delete', 'deleted') then 'marked as deleted'
        when event in ('undelete', 'undeleted') then 'unmarked as deleted'
        when event in ('expunge', 'autoexpunge', 'save') then event || 'd'
        when event in ('copy from ', 'copy -> ', 'save -> ') then 'copied'
        when event = 'flag_change' then 'flags changed'
        else lower(event)
    end as event,
    case
        when ends_with(event, ' -> ') then other_mailbox
        else coalesce(box, mailbox)
    end as mailbox,
    case when event = 'copy from ' then other_mailbox end as source,
    new_name,
    uid,
    bare_message_id(message_id) as message_id,
    size_bytes,
    virtual_size_bytes,
    sender,
    subject,
    flags,
    text
from columns_of(dovecot_lines, 'mailbox_events')
where is_changed;
