-- One row per address that tried several login names in vain (3: guessed_names), the most names first
create or replace view reports.password_guessing_by_address as
select *
from guessing_addresses()
order by username_count desc, attempt_count desc, client_ip asc;
