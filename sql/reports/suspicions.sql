-- One row per account or address that somebody should look at, the worst first: what is odd about it (3: guessed_names, 5: login_networks, 50: sent_recipients, 5: times_before)
create or replace view reports.suspicions as
with guessed as (
    select
        case
            when logged_in_usernames is null then 'guesses passwords'
            else 'guessed, then got in'
        end as suspicion,
        client_ip as subject,
        attempt_count as event_count,
        array_to_string(string_split(logged_in_usernames, ', ')[:3], ', ')
        || case when len(string_split(logged_in_usernames, ', ')) > 3 then ', ...' else '' end
            as detail,
        username_count as detail_count,
        'names' as detail_kind,
        last_at
    from guessing_addresses()
),

from_new_network as (
    select
        'logs in from a new network' as suspicion,
        username as subject,
        login_count as event_count,
        network as detail,
        null as detail_count,
        null as detail_kind,
        last_at
    from new_networks()
),

from_many_networks as (
    select
        'logs in from many networks' as suspicion,
        username as subject,
        total(occurrences) as event_count,
        null as detail,
        count(distinct network) as detail_count,
        'networks' as detail_kind,
        max(logged_at) as last_at
    from worked_logins()
    where is_now and not is_near(client_ip)
    group by username
    having count(distinct network) >= threshold('login_networks')
),

in_clear as (
    select
        'logs in without TLS' as suspicion,
        username as subject,
        total(occurrences) as event_count,
        max_by(client_ip, logged_at) as detail,
        null as detail_count,
        null as detail_kind,
        max(logged_at) as last_at
    from worked_logins()
    where is_now and not is_tls and not is_near(client_ip)
    group by username
),

much as (
    select
        'sends much more than before' as suspicion,
        username as subject,
        max(recipient_count) as event_count,
        null as detail,
        max_by(most_before_count, recipient_count) as detail_count,
        'a day before' as detail_kind,
        max(last_at) as last_at
    from much_sent()
    group by username
),

relaying as (
    select
        'tries to relay' as suspicion,
        client_ip as subject,
        total(occurrences) as event_count,
        max_by(recipient, (logged_at, rejection_key)) as detail,
        null as detail_count,
        null as detail_kind,
        max(logged_at) as last_at
    from refusals_for(['relay denied'])
    group by client_ip
),

told as (
    from guessed
    union all
    from much
    union all
    from from_new_network
    union all
    from from_many_networks
    union all
    from in_clear
    union all
    from relaying
)

select *
from told
order by
    -- Many of one kind do not hide the others
    row_number() over (
        partition by suspicion
        order by event_count desc, subject asc, detail asc
    ) asc,
    list_position(
        [
            'guessed, then got in',
            'sends much more than before',
            'logs in from a new network',
            'logs in from many networks',
            'logs in without TLS',
            'guesses passwords',
            'tries to relay'
        ],
        suspicion
    ) asc,
    event_count desc,
    subject asc,
    detail asc;
