-- One row per TLS session that smtpd took
create or replace temp view smtpd_tls as
select
    line_key,
    tls_trust,
    tls_protocol,
    tls_cipher
from columns_of(work_lines, 'smtpd_tls');
