-- One row per account and network from which it had never logged in before, the latest first
create or replace view reports.logins_from_new_networks as
select
    username,
    network,
    client_ip,
    login_count,
    known_network_count,
    first_at,
    last_at
from new_networks()
order by first_at desc, username asc, network asc;
