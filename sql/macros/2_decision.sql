-- What a decision about mail (rejections) came to: put off, refused, discarded, put on hold, warned of,
-- limited, marked or changed, failed a test of postscreen
create or replace macro decision(action, reply_code, status_code) as
    case
        when is_refusal(action) and (reply_code // 100 = 4 or starts_with(status_code, '4.'))
            then 'put off'
        when is_refusal(action) then 'refused'
        when contains(action, 'discard') then 'discarded'
        when contains(action, 'hold') then 'put on hold'
        when action in ('reject_warning', 'warning', 'warn') then 'warned of'
        when action = 'limit' then 'limited'
        when
            action in (
                'bcc', 'filter', 'info', 'pass', 'permit', 'prepend', 'redirect', 'replace',
                'strip', 'proxy-bounce', 'abort', 'delay'
            )
            then 'marked or changed'
        else 'failed a test of postscreen'
    end;
