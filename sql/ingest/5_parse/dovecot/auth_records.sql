-- One row per line in which the auth process, or PAM for it, says something of a user
-- No pattern of a form: a password may stand in it, which is taken out first
-- auth: passwd-file(alice@example.com,203.0.113.9,<QLKFOm5XcsnLAHEJ>): Password mismatch
-- auth-worker(80180): conn unix:auth-worker (pid=80100,uid=97): auth-worker<13247>: sql(alice@example.com,203.0.113.9): Password mismatch
-- auth(alice@example.com,203.0.113.9,sasl:plain)<QLKFOm5XcsnLAHEJ>: passwd-file: Password mismatch
create or replace temp table auth_records as
with spoken as (
    select
        line_key,
        logged_at,
        header_id,
        speaker,
        may_be_cut,
        not regexp_matches(body, ' - trying the next (?:passdb|userdb)$') as is_final,
        regexp_replace(body, '^conn unix:auth-worker \([^)]*\): auth-worker<\d+>: ', '') as body
    from dovecot_lines
    where is_changed and kind = 'dovecot_auth'
),

-- Behind a prefix that names the user only a password can hold anything
placed as (
    select
        * exclude (may_be_cut),
        case
            when may_be_cut then null
            -- A prefix that could not be told from a password
            when speaker.username = '?' and contains(body, 'given password: ') then null
            when speaker.username is not null then 'text'
            when contains(body, 'given password: ')
                then password_place(body, end_of_user())
            else 'name'
        end as password_place
    from spoken
),

discreet as (
    select
        * exclude (body),
        case password_place
            when 'text' then regexp_replace(body, given_password() || '.*$', '')
            else
                regexp_extract(body, '^.*' || end_of_user())
                || regexp_replace(
                    substr(body, length(regexp_extract(body, '^.*' || end_of_user())) + 1),
                    given_password() || '.*$',
                    ''
                )
        end as body
    from placed
),

-- The user's name is what a client gave: the end of the brackets counts, but where the server
-- repeats a refused name behind them
bracketed as (
    select
        * exclude (body),
        case
            when password_place is null then null
            when speaker.username is not null
                then
                {
                    'driver': regexp_extract(
                        body, '^(?:request \[\d+\]: )?([\w-]+): ', 1
                    ),
                    'who': speaker.username,
                    'text': regexp_replace(body, '^(?:request \[\d+\]: )?[\w-]+: ', '')
                }
            when regexp_matches(
                body,
                '^[\w-]+\(\?(?:,[0-9A-Fa-f.:]+)?(?:,<[^<>]*>)?\): '
                || 'Username character disallowed .*\)$'
            )
                then regexp_extract(
                    body, '^([\w-]+)\((.*?)\): (.*)$', ['driver', 'who', 'text']
                )
            else regexp_extract(body, '^([\w-]+)\((.*)\): (.*)$', ['driver', 'who', 'text'])
        end as parts
    from discreet
),

named as (
    select
        *,
        regexp_extract(
            parts.who,
            '^(.*?)(?:,([0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+),?)?(?:,sasl:([\w-]+))?(,master)?'
            || '(?:,<([^<>]*)>)?$',
            ['username', 'client_ip', 'method', 'master', 'session_id']
        ) as person
    from bracketed
),

of_auth as (
    select
        line_key,
        logged_at,
        header_id,
        nullif(parts.driver, '') as driver,
        nullif(nullif(person.username, '?'), '') as username,
        plain_ip(person.client_ip) as client_ip,
        case
            when password_place is not null
                then coalesce(speaker.session_id, nullif(person.session_id, ''))
        end as session_id,
        nullif(upper(person.method), '') as method,
        person.master <> '' as is_master,
        is_final,
        parts.text
    from named
),

of_pam as (
    select
        line_key,
        logged_at,
        header_id,
        driver,
        username,
        client_ip,
        text
    from columns_of(dovecot_lines, 'pam_failures')
    where is_changed
),

-- What the login process says before it asks: imap-login: Login failed: Plaintext authentication
-- disabled: user=<alice@example.com>, rip=203.0.113.9, lip=198.51.100.5, session=<QLKFOm5XX8nLAHEJ>
of_logins as (
    select
        line_key,
        logged_at,
        header_id,
        'login' as driver,
        username,
        client_ip,
        session_id,
        method,
        regexp_replace(text, '^.*? failed: ', '') as text
    from login_elements
    where is_changed and kind = 'dovecot_login_note'
),

records as (
    select * from of_auth
    union all by name
    select * from of_pam
    union all by name
    select * from of_logins
)

select
    * exclude (is_master, is_final, text),
    coalesce(is_master, false) as is_master,
    auth_outcome(text) as outcome,
    coalesce(is_final, true) as is_final,
    text,
    1 as line_count
from records;
