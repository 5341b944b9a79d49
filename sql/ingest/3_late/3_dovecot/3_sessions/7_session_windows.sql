-- One row per user that is touched, and from when to when lines can change or be changed. Where all
-- logins are claimed, nothing that comes before matters to what follows: no end gets one of them, and
-- which later login an end closes does not depend on what stands below. So it is enough to begin at
-- the last such moment before the touching lines, and to stop at the first one after them
create or replace temp table session_windows as
with followed as (
    select
        *,
        max(ends_at) over (
            partition by host, protocol, username
            order by begins_at
            rows between unbounded preceding and 1 preceding
        ) as all_claimed_at
    from session_spans
),

fresh as (
    select * from followed
    where all_claimed_at is null or all_claimed_at < begins_at
)

select
    users.host,
    users.protocol,
    users.username,
    users.first_moment,
    users.last_moment,
    users.first_position,
    coalesce(
        max(fresh.begins_at) filter (where fresh.begins_at <= users.first_moment), '-infinity'
    ) as opens_at,
    coalesce(
        min(fresh.all_claimed_at) filter (where fresh.begins_at > users.last_moment), 'infinity'
    ) as closes_at
from touched_users as users
left join fresh
    on
        not users.is_sharing
        and users.host is not distinct from fresh.host
        and users.protocol = fresh.protocol
        and users.username = fresh.username
group by all;
