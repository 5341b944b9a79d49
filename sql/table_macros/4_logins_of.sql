-- Some login attempts as words, with what their sessions fetched: from logins_of([4294967301])
create or replace macro logins_of(login_keys) as table
with keys as (
    select unnest(login_keys) as login_key
),

fetched as (
    select
        login_key,
        retr_count as message_count,
        retr_bytes as size_bytes
    from pop3_sessions
    union all
    select
        login_key,
        body_count as message_count,
        body_bytes as size_bytes
    from imap_sessions
),

with_facts as (
    select
        logins.*,
        map {
            'username': logins.username,
            'protocol': case logins.protocol
                when 'sieve' then 'ManageSieve'
                when 'submission' then 'submission'
                else upper(logins.protocol)
            end,
            'client': case
                when logins.client_name is null then logins.client_ip
                else client(logins.client_name, logins.client_ip)
            end,
            'method': logins.method,
            -- What smtpd asked last (Username:, Password:, <...>) as it went over the wire, is no reason
            'failure': case
                when
                    logins.protocol = 'smtp'
                    and regexp_full_match(logins.reason, '(VXNlcm5hbWU6|UGFzc3dvcmQ6|PD[\w+/]+=*)')
                    then logins.failure
                else coalesce(logins.reason, logins.failure)
            end,
            'fetched_count': fetched.message_count::varchar,
            'fetched_bytes': fetched.size_bytes::varchar
        } as facts
    from logins
    semi join keys on logins.login_key = keys.login_key
    left join fetched on logins.login_key = fetched.login_key
)

select
    logged_at,
    host,
    protocol,
    is_success,
    username,
    client_ip,
    sentence(login_words(is_success, 'en'), facts) as detail,
    sentence(login_words(is_success, 'ja'), facts) as detail_ja,
    login_key as line_key
from with_facts;
