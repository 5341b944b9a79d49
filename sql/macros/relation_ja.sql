-- What a message is to the one that it came of (message_links), in Japanese
create or replace macro relation_ja(reason, parent_queue_id) as
    replace(
        case reason
            when 'filter' then '{} がフィルターから戻ったもの'
            when 'next hop' then '{} を次のサーバーが受け取ったもの'
            when 'forward' then '{} を転送したもの'
            when 'requeue' then '{} をキューに入れ直したもの'
            when 'bounce' then '{} の不達通知'
            when 'delay notice' then '{} の遅延通知'
            when 'success notice' then '{} の配送通知'
            when 'postmaster notice' then '{} についての管理者宛ての通知'
        end,
        '{}',
        parent_queue_id
    );
