-- One row per line of smtp or lmtp about its connection to a next hop
-- Verified TLS connection established to mx.example.org[198.51.100.25]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519
-- connect to mx3.example.org[198.51.100.27]:25: Connection refused
create or replace temp table smtp_sessions as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        regexp_extract(
            body,
            '^(?:([A-Z][a-z]+) )?TLS connection (?:established|reused) to ([^\s\[\]]+\[[^\]]*\]'
            || '(?::\d+)?): (\S+) with cipher (\S+)(?: |$)',
            ['trust', 'relay', 'protocol', 'cipher']
        ) as parts
    from work_lines
    where kind in ('smtp_tls', 'smtp_connect_failure')
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    nullif(parts.relay, '') as relay,
    nullif(parts.trust, '') as tls_trust,
    nullif(parts.protocol, '') as tls_protocol,
    nullif(parts.cipher, '') as tls_cipher
from matched;
