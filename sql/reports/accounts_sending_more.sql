-- One row per account and day on which it sent much more than on any day before (50: sent_recipients, 5: times_before), the most first
create or replace view reports.accounts_sending_more as
select *
from much_sent()
order by recipient_count desc, username asc, day asc;
