-- Connections of smtpd in the period, and how many seconds each took
create or replace macro smtpd_connections() as table
select
    connected_at,
    epoch(disconnected_at - connected_at) as seconds
from main.connections
where daemon = 'smtpd' and in_period(connected_at) and on_host(host);
