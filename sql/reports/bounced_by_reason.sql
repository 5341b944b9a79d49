-- One row per reason for bouncing and destination, the commonest first
create or replace view reports.bounced_by_reason as
from attempts_by_reason(['bounced']);
