-- How many events the rows of these lines stand for
create or replace temp table occurrences_again as
with counting as (
    select counted_key as line_key from repeats_again
    where counted_key is not null
    union
    select line_repeats.line_key from line_repeats
    semi join repeats_again on line_repeats.repeat_key = repeats_again.repeat_key
    where line_repeats.line_key is not null
)

select
    counting.line_key,
    least(1 + coalesce(sum(line_repeats.repeat_count), 0), 2147483647)::integer as occurrences
from counting
left join line_repeats on counting.line_key = line_repeats.line_key
group by counting.line_key;

update logins
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    logins.login_key = occurrences_again.line_key
    and logins.occurrences <> occurrences_again.occurrences;

update rejections
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    rejections.rejection_key = occurrences_again.line_key
    and rejections.occurrences <> occurrences_again.occurrences;

update notices
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    notices.notice_key = occurrences_again.line_key
    and notices.occurrences <> occurrences_again.occurrences;

update auth_events
set line_count = occurrences_again.occurrences
from occurrences_again
where
    auth_events.auth_event_key = occurrences_again.line_key
    and auth_events.line_count <> occurrences_again.occurrences;

update mailbox_deliveries
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    mailbox_deliveries.mailbox_delivery_key = occurrences_again.line_key
    and mailbox_deliveries.occurrences <> occurrences_again.occurrences;

update mailbox_events
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    mailbox_events.mailbox_event_key = occurrences_again.line_key
    and mailbox_events.occurrences <> occurrences_again.occurrences;

update check_results
set occurrences = occurrences_again.occurrences
from occurrences_again
where
    check_results.check_key = occurrences_again.line_key
    and check_results.occurrences <> occurrences_again.occurrences;

update connections
set rejection_count = counted.rejection_count
from (
    select
        rejections.connection_key,
        least(sum(rejections.occurrences), 2147483647)::integer as rejection_count
    from rejections
    where
        rejections.connection_key in (
            select repeated.connection_key from rejections as repeated
            semi join occurrences_again on repeated.rejection_key = occurrences_again.line_key
        )
    group by rejections.connection_key
) as counted
where
    connections.connection_key = counted.connection_key
    and connections.rejection_count <> counted.rejection_count;
