-- One row per client address that was refused as spam is, and what it got in all the same (3: spam_refusals), the most refusals first
create or replace view reports.spam_sources as
with refused as (
    select
        client_ip,
        max_by(client_name, (logged_at, rejection_key)) as client_name,
        total(occurrences) as rejection_count,
        count(distinct lower(recipient)) as recipient_count,
        string_agg(distinct cause, ', ' order by cause) as causes,
        bool_or(cause in ('blocklisted', 'spam', 'malware')) as is_named,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from
        refusals_for(
            [
                'blocklisted', 'spam', 'malware', 'sender not proven', 'no reverse name',
                'bad HELO', 'relay denied', 'unknown user', 'rate limit'
            ]
        )
    group by client_ip
),

accepted as (
    select
        client_ip,
        count(*) as message_count
    from main.messages
    where in_period(queued_at) and on_host(host) and is_mail_accepted(origin, state)
    group by client_ip
)

select
    refused.client_ip,
    refused.client_name,
    refused.rejection_count,
    refused.recipient_count,
    refused.causes,
    coalesce(accepted.message_count, 0) as message_count,
    refused.first_at,
    refused.last_at
from refused
left join accepted on refused.client_ip = accepted.client_ip
-- An unknown user or two is anybody's mistake
where refused.is_named or refused.rejection_count >= threshold('spam_refusals')
order by refused.rejection_count desc, refused.client_ip asc;
