-- One row per client address that tried to send through this server to others and was refused, the most first
create or replace view reports.relay_denied_by_address as
select
    client_ip,
    max_by(client_name, (logged_at, rejection_key)) as client_name,
    total(occurrences) as rejection_count,
    count(distinct lower(recipient)) as recipient_count,
    max_by(sender, (logged_at, rejection_key)) as last_sender,
    max_by(recipient, (logged_at, rejection_key)) as last_recipient,
    max(logged_at) as last_at
from refusals_for(['relay denied'])
group by client_ip
order by rejection_count desc, client_ip asc;
