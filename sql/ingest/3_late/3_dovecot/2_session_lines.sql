-- The loaded logins and ends of sessions of the users that are touched. An end claims a login within
-- a day: what comes before the first touching line or later than a day after the last one stays as
-- it is, and what may claim or be claimed by others of it is only looked at
create or replace temp table session_lines_again as
with told as (
    select
        line_key,
        protocol,
        username,
        session_id
    from dovecot_logins
    where is_success
    union all
    select
        line_key,
        protocol,
        username,
        session_id
    from session_ends
),

touched as (
    select
        touching_lines.host,
        touching_lines.moment,
        touching_lines.position,
        told.protocol,
        told.username,
        told.session_id
    from told
    inner join touching_lines on told.line_key = touching_lines.line_key
),

periods as (
    select
        host,
        min(moment) as first_moment,
        max(moment) as last_moment,
        min(position) as first_position
    from touched
    group by host
),

sessions as (
    select
        host,
        'pop3' as protocol,
        username,
        session_id,
        login_key,
        logout_key
    from pop3_sessions
    union all
    select
        host,
        'imap' as protocol,
        username,
        session_id,
        login_key,
        logout_key
    from imap_sessions
    union all
    select
        host,
        protocol,
        username,
        session_id,
        login_key,
        logout_key
    from service_sessions
),

-- An end without a user is known by its session alone
of_ids as (
    select
        host,
        protocol,
        username
    from touched
    union
    select
        sessions.host,
        sessions.protocol,
        sessions.username
    from sessions
    semi join touched
        on
            sessions.host is not distinct from touched.host
            and sessions.protocol = touched.protocol
            and sessions.session_id = touched.session_id
),

of_users as (
    select sessions.* from sessions
    semi join of_ids
        on
            sessions.host is not distinct from of_ids.host
            and sessions.protocol = of_ids.protocol
            and sessions.username = of_ids.username
),

session_ids as (
    select
        host,
        protocol,
        session_id
    from of_users
    union
    select
        host,
        protocol,
        session_id
    from touched
),

found as (
    select * from of_users
    union all
    select sessions.* from sessions
    semi join session_ids
        on
            sessions.host is not distinct from session_ids.host
            and sessions.protocol = session_ids.protocol
            and sessions.session_id = session_ids.session_id
),

keys as (
    select login_key as line_key from found
    union
    select logout_key from found
),

placed as (
    select
        stored_lines.line_key,
        stored_lines.position > periods.first_position as is_behind,
        stored_lines.moment between
        periods.first_moment - session_silence()
        and periods.last_moment + session_silence() as is_in_reach,
        stored_lines.moment between
        periods.first_moment - 2 * session_silence()
        and periods.last_moment + 2 * session_silence() as is_at_hand
    from stored_lines
    inner join periods on stored_lines.host is not distinct from periods.host
    where stored_lines.line_key in (select line_key from keys)
)

select
    line_key,
    case
        when not is_in_reach then 'around'
        when not is_behind then 'mailbox'
    end as part
from placed
where is_at_hand;

insert into lines_changed_again
select line_key from session_lines_again
where part is null;

insert into parts_again
select * from session_lines_again
where part is not null;
