-- One row per message of the families at hand, with the first message of its family
create or replace temp table families as
with recursive
ancestors as (
    select message_key from family_seeds
    union
    select message_links.parent_key as message_key
    from message_links
    inner join ancestors on message_links.child_key = ancestors.message_key
),

members as (
    select
        message_key,
        message_key as root_key
    from ancestors
    where message_key not in (select child_key from message_links)
    union
    select
        message_links.child_key as message_key,
        members.root_key
    from message_links
    inner join members on message_links.parent_key = members.message_key
)

select
    message_key,
    root_key
from members
union all
-- Messages that came of each other in a circle
select
    message_key,
    message_key as root_key
from ancestors
where message_key not in (select members.message_key from members);

update messages
set root_key = families.root_key
from families
where
    messages.message_key = families.message_key
    and messages.root_key is distinct from families.root_key;
