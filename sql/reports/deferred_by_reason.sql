-- One row per reason for deferring and destination, the commonest first
create or replace view reports.deferred_by_reason as
from attempts_by_reason(['deferred', 'SOFTBOUNCE']);
