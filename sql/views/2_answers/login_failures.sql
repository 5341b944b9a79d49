-- One row per login that failed, with the reason in a few words: the auth process's where it spoke
create or replace view login_failures as
with final_words as not materialized (
    select
        host,
        session_id,
        client_ip,
        driver,
        -- In their order
        struct_pack(
            logged_at := logged_at,
            auth_event_key := auth_event_key,
            username := username,
            outcome := outcome
        ) as event
    from auth_events
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
        max(event) as event
    from final_words
    where session_id is not null
    group by host, session_id
),

failures as not materialized (
    select
        *,
        lower(username) as user_key,
        -- With some SASL mechanisms smtpd does not know the name
        coalesce(
            protocol = 'smtp'
            and failure = 'authentication failed'
            and username is null
            and client_ip is not null
            and attempt_count = 1
            and occurrences = 1,
            false
        ) as is_nameless
    from logins
    where not is_success
),

failing_hosts as (
    select distinct coalesce(host, '') as host_name from failures
),

-- To clients without a session, such as Postfix, it spoke shortly before. Its own log names no host, and
-- may speak of any
of_users as not materialized (
    select
        final_words.client_ip,
        final_words.driver,
        final_words.event,
        final_words.event.logged_at,
        coalesce(final_words.host, failing_hosts.host_name) as host_name,
        lower(final_words.event.username) as user_key
    from final_words
    left join failing_hosts on final_words.host is null
    where
        final_words.session_id is null
        and final_words.event.username is not null
        and final_words.client_ip is not null
),

-- Where the auth process tells sessions, what it says without one is of no session
session_hosts as (
    select distinct coalesce(host, '') as host_name from of_sessions
),

-- Logins of those who failed, with the one before of the same user and address
attempts as (
    select
        coalesce(logins.host, '') as host_name,
        logins.login_key,
        logins.logged_at,
        logins.client_ip,
        logins.session_id,
        logins.is_success,
        lower(logins.username) as user_key,
        lag({'logged_at': logins.logged_at, 'line_key': logins.login_key}) over (
            partition by coalesce(logins.host, ''), lower(logins.username), logins.client_ip
            order by logins.logged_at, logins.login_key
        ) as previous
    from logins
    semi join failures
        on
            logins.client_ip = failures.client_ip
            and logins.host is not distinct from failures.host
    -- What the auth process said of nobody, no login can have used up
    semi join of_users
        on
            coalesce(logins.host, '') = of_users.host_name
            and logins.client_ip = of_users.client_ip
            and lower(logins.username) = of_users.user_key
    where logins.username is not null
),

named as (
    select
        failures.*,
        case
            when of_sessions.event is not null then of_sessions.event
            when
                (failures.session_id is null or session_hosts.host_name is null)
                -- What it said before the login before, that one has used up
                and coalesce(
                    {
                        'logged_at': of_users.event.logged_at,
                        'line_key': of_users.event.auth_event_key
                    } > attempts.previous,
                    true
                )
                and of_users.logged_at
                >= failures.logged_at
                - case
                    when failures.protocol = 'smtp' then interval 10 seconds
                    else interval 10 minutes
                end
                then of_users.event
        end as event
    from failures
    left join of_sessions
        on
            failures.host is not distinct from of_sessions.host
            and failures.session_id = of_sessions.session_id
            and of_sessions.event.logged_at
            between failures.logged_at - interval 1 hour and failures.logged_at + interval 1 minute
    asof left join of_users
        on
            coalesce(failures.host, '') = of_users.host_name
            and failures.user_key = of_users.user_key
            and failures.client_ip = of_users.client_ip
            and failures.logged_at >= of_users.logged_at
    left join attempts on failures.login_key = attempts.login_key
    left join session_hosts on coalesce(failures.host, '') = session_hosts.host_name
    where not failures.is_nameless
),

-- Logins that what was said of their user may be about: they take it away from what fails after them
takers as (
    select
        attempts.host_name,
        attempts.client_ip,
        attempts.user_key,
        attempts.logged_at
    from attempts
    left join session_hosts on attempts.host_name = session_hosts.host_name
    where
        attempts.logged_at is not null
        and case
            when attempts.session_id is null then attempts.is_success
            else session_hosts.host_name is null
        end
),

-- What was said of an address: by the auth process, not by a login process, which only says that no
-- password was looked at; and that a login without a session failed, which it had spoken of before
said as (
    select
        of_users.host_name,
        of_users.client_ip,
        of_users.logged_at,
        null as login_key,
        of_users.event,
        takers.logged_at as taken_at,
        ten_seconds(of_users.logged_at) as span
    from of_users
    asof left join takers
        on
            of_users.host_name = takers.host_name
            and of_users.client_ip = takers.client_ip
            and of_users.user_key = takers.user_key
            and of_users.logged_at <= takers.logged_at
    where of_users.driver is distinct from 'login'
    union all
    select
        coalesce(host, '') as host_name,
        client_ip,
        logged_at,
        login_key,
        null as event,
        null as taken_at,
        ten_seconds(logged_at) as span
    from failures
    where session_id is null
),

-- Where so many of one address failed, none is named: each would be compared with each
crowded as (
    select
        host,
        client_ip,
        ten_seconds(logged_at) as span
    from failures
    where is_nameless
    group by all
    having count(*) > 10
),

nameless as (
    select
        failures.*,
        max(said.logged_at) filter (where said.event is null) as previous_at,
        list(said.event) filter (
            where said.event is not null
            and coalesce(said.taken_at > failures.logged_at, true)
        ) as events
    from failures
    cross join (values (0), (1)) as spans (step)
    left join crowded
        on
            failures.host is not distinct from crowded.host
            and failures.client_ip = crowded.client_ip
            and ten_seconds(failures.logged_at) = crowded.span
    left join said
        on
            coalesce(failures.host, '') = said.host_name
            and failures.client_ip = said.client_ip
            and case
                when crowded.span is null then ten_seconds(failures.logged_at) - spans.step
            end = said.span
            and said.logged_at
            between failures.logged_at - interval 10 seconds and failures.logged_at
            and (said.logged_at, coalesce(said.login_key, -1))
            < (failures.logged_at, failures.login_key)
    where failures.is_nameless
    group by all
),

-- What it said since the failure before speaks of this one, unless it speaks of several users
since_then as (
    select
        * exclude (previous_at, events),
        list_filter(
            events, lambda event: event.logged_at > coalesce(previous_at, '-infinity'::timestamptz)
        ) as events
    from nameless
),

told as (
    select * from named
    union all by name
    select
        * exclude (events),
        case
            when list_unique(list_transform(events, lambda event: lower(event.username))) = 1
                then list_max(events)
        end as event
    from since_then
)

select
    login_key,
    logged_at,
    host,
    protocol,
    coalesce(username, case when is_nameless then event.username end) as username,
    client_ip,
    network(client_ip) as network,
    method,
    case
        when coalesce(failure, 'authentication failed') <> 'authentication failed' then failure
        when event is not null then event.outcome
        else 'authentication failed'
    end as failure,
    reason,
    attempt_count,
    attempt_seconds,
    is_tls,
    session_id,
    event.auth_event_key,
    occurrences
from told;

comment on column login_failures.login_key is 'The login (logins)';
comment on column login_failures.logged_at is 'When';
comment on column login_failures.host is 'Server that was logged in to';
comment on column login_failures.protocol is 'As in logins';
comment on column login_failures.username is
'Login name as the client gave it; the auth process''s where smtpd has none';
comment on column login_failures.client_ip is 'Address of the client';
comment on column login_failures.network is 'Its network: /24 of IPv4, /48 of IPv6';
comment on column login_failures.method is 'SASL mechanism';
comment on column login_failures.failure is
'wrong password, unknown user, authentication failed (nobody says which), no attempts, ...';
comment on column login_failures.reason is 'The reason as the login line has it';
comment on column login_failures.attempt_count is
'Attempts in the connection; 0 where none was made; NULL where not said';
comment on column login_failures.attempt_seconds is 'Seconds that they took';
comment on column login_failures.is_tls is 'As in logins';
comment on column login_failures.session_id is 'Dovecot session id';
comment on column login_failures.auth_event_key is
'The line of the auth process that says why (auth_events)';
comment on column login_failures.occurrences is 'As in logins';
