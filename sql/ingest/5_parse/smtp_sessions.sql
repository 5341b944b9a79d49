-- One row per line of smtp or lmtp about its connection to a next hop
create or replace temp table smtp_sessions as
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    relay,
    tls_trust,
    tls_protocol,
    tls_cipher
from columns_of(work_lines, 'smtp_sessions');
