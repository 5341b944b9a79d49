-- One row per TLS session that smtpd took
-- Anonymous TLS connection established from laptop.example.com[203.0.113.77]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
create or replace temp view smtpd_tls as
-- Neither the client nor the server name that it asked for can hold blanks
with cut as (
    select
        line_key,
        body,
        strpos(body, ' with cipher ') as cipher_start
    from work_lines
    where kind = 'smtpd_tls'
)

select
    line_key,
    case when not starts_with(body, 'TLS ') then split_part(body, ' ', 1) end as tls_trust,
    case
        when cipher_start > 0 then split_part(substr(body, 1, cipher_start - 1), ' ', -1)
    end as tls_protocol,
    case when cipher_start > 0 then split_part(substr(body, cipher_start + 13), ' ', 1) end
        as tls_cipher
from cut;
