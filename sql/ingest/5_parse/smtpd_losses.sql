-- One row per connection that was lost
-- lost connection after DATA (18231 bytes) from mail-out.example.net[192.0.2.17]
-- timeout after MAIL from client.example.net[192.0.2.10]
create or replace temp view smtpd_losses as
with matched as (
    select
        line_key,
        regexp_extract(
            body,
            '^(lost connection|timeout|too many errors|bare <LF> received) after ([A-Z-]+)'
            || '(?: \((?:approximately )?(\d+) bytes\))?',
            ['reason', 'stage', 'bytes']
        ) as parts
    from work_lines
    where kind = 'smtpd_lost'
)

select
    line_key,
    nullif(parts.reason, '') as end_reason,
    nullif(parts.stage, '') as end_stage,
    count_of(parts.bytes) as end_content_bytes
from matched;
