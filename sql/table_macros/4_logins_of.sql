-- Some login attempts as words: from logins_of([4294967301])
create or replace macro logins_of(login_keys) as table
with keys as (
    select unnest(login_keys) as login_key
),

with_facts as (
    select
        logins.*,
        map {
            'username': logins.username,
            'protocol': upper(logins.protocol),
            'client': case
                when logins.client_name is null then logins.client_ip
                else client(logins.client_name, logins.client_ip)
            end,
            'method': logins.method,
            'failure': coalesce(logins.reason, logins.failure)
        } as facts
    from logins
    semi join keys on logins.login_key = keys.login_key
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
