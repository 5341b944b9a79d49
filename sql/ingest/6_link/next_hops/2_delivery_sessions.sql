-- One row per delivery record whose process told before how a connection is encrypted
create or replace temp table delivery_sessions as
with encryptions as (
    select
        session_lines.position,
        smtp_sessions.*
    from session_lines
    inner join smtp_sessions on session_lines.line_key = smtp_sessions.line_key
    where smtp_sessions.kind = 'smtp_tls'
)

select
    records.line_key,
    encryptions.relay,
    encryptions.logged_at,
    encryptions.tls_trust,
    encryptions.tls_protocol,
    encryptions.tls_cipher
from session_lines as records
asof inner join encryptions
    on
        records.header_id = encryptions.header_id
        and records.position >= encryptions.position
where records.kind = 'delivery';
