-- One row per account or address that somebody should look at, the worst first: what is odd about it
create or replace view reports.suspicions as
with worked as (
    select
        lower(username) as username,
        client_ip,
        network(client_ip) as network,
        is_tls,
        occurrences,
        logged_at,
        in_period(logged_at) as is_now
    from main.logins
    where
        is_success
        and username is not null
        and on_host(host)
        and of_domain(username)
        and (
            getvariable('until') is null
            or logged_at < try_cast(getvariable('until')::varchar as timestamptz)
        )
),

guessed as (
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

-- Only where there is a time before
from_new_network as (
    select
        'logs in from a new network' as suspicion,
        username as subject,
        total(case when is_now then occurrences end) as event_count,
        network as detail,
        null as detail_count,
        null as detail_kind,
        max(logged_at) as last_at
    from worked
    where
        getvariable('since') is not null
        and not is_near(client_ip)
        and username in (select known.username from worked as known where not known.is_now)
    group by username, network
    having bool_and(is_now)
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
    from worked
    where is_now and not is_near(client_ip)
    group by username
    having count(distinct network) >= 5
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
    from worked
    where is_now and not is_tls and not is_near(client_ip)
    group by username
),

sent as (
    select
        lower(sasl_username) as username,
        queued_at::date as day,
        in_period(queued_at) as is_now,
        sum(coalesce(recipient_count, 1)) as recipient_count,
        max(queued_at) as last_at
    from main.messages
    where
        sasl_username is not null
        and on_host(host)
        and of_domain(sasl_username)
        and is_mail_accepted(origin, state)
        and (
            getvariable('until') is null
            or queued_at < try_cast(getvariable('until')::varchar as timestamptz)
        )
    group by all
),

much as (
    select
        'sends much more than before' as suspicion,
        username as subject,
        try_cast(max(recipient_count) filter (where is_now) as bigint) as event_count,
        null as detail,
        coalesce(try_cast(max(recipient_count) filter (where not is_now) as bigint), 0)
            as detail_count,
        'a day before' as detail_kind,
        max(last_at) as last_at
    from sent
    where
        -- Only where there is a time before
        try_cast(getvariable('since')::varchar as timestamptz)
        > (select min(raw_lines.logged_at) from main.raw_lines where on_host(raw_lines.host))
    group by username
    having
        max(recipient_count) filter (where is_now) >= 50
        and max(recipient_count) filter (where is_now)
        > 5 * coalesce(max(recipient_count) filter (where not is_now), 0)
),

refusals as (
    select
        client_ip,
        occurrences,
        recipient,
        reason,
        dsn,
        general_reason(reason) as general_text,
        logged_at,
        rejection_key
    from main.rejections
    where
        is_refusal(action)
        and client_ip is not null
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
        -- Much quicker than the cause of each
        and regexp_matches(reason, 'relay|local domain', 'i')
),

-- Which names a text has does not matter to its cause
refusal_texts as materialized (
    select
        dsn,
        general_text,
        any_value(reason) as reason
    from refusals
    group by dsn, general_text
),

relay_texts as (
    select
        dsn,
        general_text
    from refusal_texts
    where cause_of(dsn, reason) = 'relay denied'
),

relaying as (
    select
        'tries to relay' as suspicion,
        refusals.client_ip as subject,
        total(refusals.occurrences) as event_count,
        max_by(refusals.recipient, (refusals.logged_at, refusals.rejection_key)) as detail,
        null as detail_count,
        null as detail_kind,
        max(refusals.logged_at) as last_at
    from refusals
    inner join relay_texts
        on
            refusals.dsn is not distinct from relay_texts.dsn
            and refusals.general_text is not distinct from relay_texts.general_text
    group by refusals.client_ip
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
