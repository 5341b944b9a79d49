-- Keys of some messages, of those that they came of, and of those that came of them
create or replace macro with_relatives(message_keys) as (
    with recursive
    -- Once, for the keys may have to be searched for
    given as materialized (
        select unnest(message_keys) as message_key
    ),

    ancestors as (
        select message_key from given
        union
        select message_links.parent_key as message_key
        from message_links
        inner join ancestors on message_links.child_key = ancestors.message_key
    ),

    descendants as (
        select message_key from given
        union
        select message_links.child_key as message_key
        from message_links
        inner join descendants on message_links.parent_key = descendants.message_key
    )

    select list(relatives.message_key)
    from (
        select * from ancestors
        union
        select * from descendants
    ) as relatives
);
