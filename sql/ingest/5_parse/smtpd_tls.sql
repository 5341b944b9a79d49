-- One row per TLS session that smtpd took
-- Anonymous TLS connection established from laptop.example.com[203.0.113.77]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
create or replace temp view smtpd_tls as
with matched as (
    select
        line_key,
        regexp_extract(
            body,
            '^(?:([A-Z][a-z]+) )?TLS connection established from [^\s\[\]]+\[[^\]]*\](?::\d+)?'
            || '(?: to \S+)?: (\S+) with cipher (\S+) ',
            ['trust', 'protocol', 'cipher']
        ) as parts
    from work_lines
    where kind = 'smtpd_tls'
)

select
    line_key,
    nullif(parts.trust, '') as tls_trust,
    nullif(parts.protocol, '') as tls_protocol,
    nullif(parts.cipher, '') as tls_cipher
from matched;
