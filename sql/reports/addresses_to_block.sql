-- One row per client address that did nothing but harm, and often (10: harmful_events): for a firewall, the worst first
create or replace view reports.addresses_to_block as
with guessed as (
    select
        client_ip,
        'guesses passwords' as suspicion,
        total(attempt_count) as event_count,
        max(logged_at) as last_at
    from wrong_credentials()
    group by client_ip
),

refused as (
    select
        client_ip,
        case cause when 'relay denied' then 'tries to relay' else 'sends spam' end as suspicion,
        total(occurrences) as event_count,
        max(logged_at) as last_at
    from refusals_for(['blocklisted', 'spam', 'malware', 'relay denied'])
    group by all
),

harm as (
    select
        client_ip,
        try_cast(sum(event_count) as bigint) as event_count,
        string_agg(suspicion, ', ' order by suspicion) as suspicions,
        max(last_at) as last_at
    from (
        from guessed
        union all by name
        from refused
    ) as harms
    group by client_ip
)

select *
from harm
where
    event_count >= threshold('harmful_events')
    and not is_near(client_ip)
    and not exists (
        select 1
        from main.logins
        where
            logins.client_ip = harm.client_ip
            and logins.is_success
            and in_period(logins.logged_at)
    )
    and not exists (
        select 1
        from main.messages
        where
            messages.client_ip = harm.client_ip
            and in_period(messages.queued_at)
            and is_mail_accepted(messages.origin, messages.state)
    )
order by event_count desc, client_ip asc;
