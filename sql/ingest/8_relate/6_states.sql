-- What became of the touched messages, as far as other lines than their own tell it, or none has
update messages
set
    state = told.state,
    state_at = told.state_at
from (
    with touched as (
        select messages.* from messages
        semi join touched_messages on messages.message_key = touched_messages.message_key
        where
            messages.state is null
            or messages.end_reason is null
            or messages.end_reason = 'canceled'
            or messages.message_key in (
                select message_links.parent_key from message_links
                semi join touched_messages
                    on message_links.parent_key = touched_messages.message_key
                where message_links.reason = 'filter'
                union all
                select message_key from former_parents
            )
    ),

    attempted as (
        select
            deliveries.message_key,
            bit_or(outcome_bit(delivery_outcomes.outcome)) as outcome_bits,
            bool_and(deliveries.agent = 'cleanup') as is_cleanups,
            max(deliveries.logged_at) as attempted_at
        from deliveries
        semi join touched on deliveries.message_key = touched.message_key
        inner join delivery_outcomes on deliveries.delivery_key = delivery_outcomes.delivery_key
        group by deliveries.message_key
    ),

    marks as (
        select
            rejections.message_key,
            rejections.logged_at,
            case
                when is_refusal(rejections.action, rejections.daemon, rejections.stage)
                    then 'refused'
                when rejections.action in ('discard', 'milter-discard', 'milter-header-discard')
                    then 'discarded'
                when rejections.action in ('hold', 'milter-hold', 'milter-header-hold') then 'held'
            end as mark,
            rejections.rejection_key as line_key
        from rejections
        semi join touched on rejections.message_key = touched.message_key
        union all
        select
            queue_events.message_key,
            queue_events.logged_at,
            case
                when queue_events.kind = 'queue_held' then 'held'
                when queue_events.kind in ('queue_released', 'qmgr_active') then 'let go'
                else 'active'
            end as mark,
            queue_events.event_key as line_key
        from queue_events
        semi join touched on queue_events.message_key = touched.message_key
        where
            queue_events.kind in (
                'queue_held', 'queue_released', 'qmgr_active', 'qmgr_skipped', 'smtp_host_failure',
                'delivery_passed_on', 'queue_force_expired', 'bounce_notice', 'delay_notice',
                'notice_failed'
            )
        union all
        select
            notices.message_key,
            notices.logged_at,
            'refused' as mark,
            notices.notice_key as line_key
        from notices
        semi join touched on notices.message_key = touched.message_key
        where notices.kind = 'message_warning' and starts_with(notices.text, 'message rejected: ')
    ),

    marked as (
        select
            marks.message_key,
            max(logged_at) filter (where mark = 'refused') as refused_at,
            max(logged_at) filter (where mark = 'discarded') as discarded_at,
            max(logged_at) filter (where mark = 'held') as held_at,
            bool_or(mark = 'refused') as is_refused,
            bool_or(mark = 'discarded') as is_discarded,
            bool_or(mark in ('active', 'let go')) as is_active,
            -- The last word of the two
            arg_max(mark, position) filter (where mark in ('held', 'let go')) = 'held' as is_held
        from (
            select
                marks.*,
                line_position(marks.logged_at, file_ranks.file_rank, marks.line_key) as position
            from marks
            left join file_ranks on marks.line_key >> 32 = file_ranks.file_key
        ) as marks
        group by marks.message_key
    ),

    stated as (
        select
            touched.message_key,
            touched.queued_at,
            touched.removed_at,
            marked.refused_at,
            marked.discarded_at,
            marked.held_at,
            attempted.attempted_at,
            connections.disconnected_at,
            coalesce(connections.data_ok, 0) + coalesce(connections.bdat_ok, 0) as complete_count,
            -- Where the end of the connection does not count its commands, a message that has a
            -- Message-ID and was not cut off is complete; of several, one that is marked
            connections.end_reason is not null
            and case
                when connections.commands_total is null
                    then touched.message_id is null or connections.end_stage is not null
                when marked.is_held or marked.is_discarded then complete_count = 0
                else complete_count < connections.message_count
            end as is_incomplete,
            case
                when touched.end_reason <> 'canceled'
                    then ended_state(touched.end_reason, attempted.outcome_bits)
                when touched.activation_count = 0 and attempted.is_cleanups
                    then ended_state('removed', attempted.outcome_bits)
                when attempted.message_key is not null or marked.is_active
                    then case when marked.is_held then 'on hold' else 'in queue' end
                when marked.is_refused then 'refused'
                when touched.end_reason = 'canceled' or is_incomplete then 'given up'
                when marked.is_discarded then 'discarded'
                when marked.is_held then 'on hold'
                when connections.end_reason is not null then 'in queue'
                else 'arriving'
            end as state
        from touched
        left join attempted on touched.message_key = attempted.message_key
        left join marked on touched.message_key = marked.message_key
        left join connections on touched.connection_key = connections.connection_key
    )

    select
        message_key,
        state,
        case state
            when 'on hold' then held_at
            when 'refused' then coalesce(removed_at, refused_at)
            when 'given up' then coalesce(removed_at, disconnected_at, queued_at)
            when 'discarded' then coalesce(removed_at, discarded_at)
            when 'in queue' then queued_at
            when 'arriving' then queued_at
            else coalesce(removed_at, attempted_at)
        end as state_at
    from stated
) as told
where
    messages.message_key = told.message_key
    and (
        messages.state is distinct from told.state
        or messages.state_at is distinct from told.state_at
    );
