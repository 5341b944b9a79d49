-- One row per login that failed, with the reason in a few words: the auth process's where it spoke
create or replace view login_failures as
with final_words as (
    select * from auth_events
    where
        is_final
        and outcome not in ('policy', 'master user')
        and coalesce(client_ip, session_id) is not null
),

-- Its last word on a session
of_sessions as (
    select
        host,
        session_id,
        max_by(final_words, (logged_at, auth_event_key)) as event
    from final_words
    where session_id is not null
    group by host, session_id
),

-- To clients without a session, such as Postfix, it spoke shortly before
of_users as (
    select
        *,
        lower(username) as user_key
    from final_words
    where session_id is null and username is not null and client_ip is not null
),

failures as (
    select
        *,
        lower(username) as user_key
    from logins
    where not is_success
),

told as (
    select
        failures.*,
        case
            when
                failures.session_id is null
                and of_users.logged_at >= failures.logged_at - interval 10 minutes
                then of_users.auth_event_key
        end as user_event_key,
        of_users.outcome as user_outcome,
        of_sessions.event.auth_event_key as session_event_key,
        of_sessions.event.outcome as session_outcome
    from failures
    left join of_sessions
        on
            failures.host is not distinct from of_sessions.host
            and failures.session_id = of_sessions.session_id
            and of_sessions.event.logged_at
            between failures.logged_at - interval 1 hour and failures.logged_at + interval 1 minute
    asof left join of_users
        on
            failures.user_key = of_users.user_key
            and failures.client_ip = of_users.client_ip
            and failures.logged_at >= of_users.logged_at
)

select
    login_key,
    logged_at,
    host,
    protocol,
    username,
    client_ip,
    network(client_ip) as network,
    method,
    case
        when coalesce(failure, 'authentication failed') <> 'authentication failed' then failure
        when session_event_key is not null then session_outcome
        when user_event_key is not null then user_outcome
        else 'authentication failed'
    end as failure,
    reason,
    attempt_count,
    attempt_seconds,
    is_tls,
    session_id,
    coalesce(session_event_key, user_event_key) as auth_event_key,
    occurrences
from told;

comment on column login_failures.login_key is 'The login (logins)';
comment on column login_failures.logged_at is 'When';
comment on column login_failures.host is 'Server that was logged in to';
comment on column login_failures.protocol is 'As in logins';
comment on column login_failures.username is 'Login name as the client gave it';
comment on column login_failures.client_ip is 'Address of the client';
comment on column login_failures.network is 'Its network: /24 of IPv4, /48 of IPv6';
comment on column login_failures.method is 'SASL mechanism';
comment on column login_failures.failure is
'wrong password, unknown user, authentication failed (nobody says which), no attempts, ...';
comment on column login_failures.reason is 'The reason as the login line has it';
comment on column login_failures.attempt_count is
'Attempts in the connection; 0 where none was made; NULL where not said';
comment on column login_failures.attempt_seconds is 'Seconds that they took';
comment on column login_failures.is_tls is 'Whether TLS protected it; NULL where no line says';
comment on column login_failures.session_id is 'Dovecot session id';
comment on column login_failures.auth_event_key is
'The line of the auth process that says why (auth_events)';
comment on column login_failures.occurrences is 'As in logins';
