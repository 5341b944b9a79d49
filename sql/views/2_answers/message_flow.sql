-- One row per step of one message's way, in order, from the connection to the mailbox
create or replace view message_flow as
with numbered as (
    select
        message_steps.*,
        -- Both, so that a filter on either goes below the window
        row_number() over (
            partition by message_steps.message_key, message_steps.queue_id
            order by
                message_steps.logged_at asc nulls first,
                log_files.first_logged_at asc nulls first,
                message_steps.line_key asc
        ) as step_no,
        row_number() over (
            partition by message_steps.message_key, message_steps.queue_id, message_steps.kind
            order by
                message_steps.logged_at asc nulls first,
                log_files.first_logged_at asc nulls first,
                message_steps.line_key asc
        ) as round
    from message_steps
    left join log_files on message_steps.line_key >> 32 = log_files.file_key
),

-- What happens to a message again says so
with_rounds as (
    select
        * replace (
            case
                when round > 1 and kind = 'qmgr_active'
                    then map_concat(facts, map {'round': round::varchar})
                else facts
            end as facts
        )
    from numbered
)

select
    with_rounds.message_key,
    with_rounds.queue_id,
    with_rounds.step_no,
    with_rounds.logged_at,
    with_rounds.host,
    coalesce(with_rounds.outcome, line_kinds.step, with_rounds.kind) as step,
    sentence(coalesce(line_kinds.sentence_en, line_kinds.meaning_en), with_rounds.facts) as detail,
    sentence(coalesce(line_kinds.sentence_ja, line_kinds.meaning_ja), with_rounds.facts)
        as detail_ja,
    with_rounds.kind,
    with_rounds.line_key
from with_rounds
left join line_kinds on with_rounds.kind = line_kinds.kind;

comment on column message_flow.message_key is 'The message (messages)';
comment on column message_flow.queue_id is 'Its queue id';
comment on column message_flow.step_no is 'Number of the step, from 1';
comment on column message_flow.logged_at is 'When';
comment on column message_flow.host is 'Server';
comment on column message_flow.step is 'Name of the step';
comment on column message_flow.detail is 'What happened, in English';
comment on column message_flow.detail_ja is 'What happened, in Japanese';
comment on column message_flow.kind is 'Kind of the line (line_kinds)';
comment on column message_flow.line_key is 'The line that says it (log_lines)';
