-- The steps of some messages: message_flow for those keys alone, without telling all others first
create or replace macro flow_of(message_keys) as table
with chosen as (
    select * from message_steps
    where message_key in (select unnest(message_keys))
)

select
    chosen.message_key,
    chosen.queue_id,
    row_number() over (
        partition by chosen.message_key
        order by
            chosen.logged_at asc nulls first,
            log_files.first_logged_at asc nulls first,
            chosen.line_key asc
    ) as step_no,
    chosen.logged_at,
    chosen.host,
    coalesce(chosen.outcome, line_kinds.step, chosen.kind) as step,
    sentence(coalesce(line_kinds.sentence_en, line_kinds.meaning_en), chosen.facts) as detail,
    sentence(coalesce(line_kinds.sentence_ja, line_kinds.meaning_ja), chosen.facts) as detail_ja,
    chosen.kind,
    chosen.line_key
from chosen
left join line_kinds on chosen.kind = line_kinds.kind
left join log_files on chosen.line_key >> 32 = log_files.file_key;
