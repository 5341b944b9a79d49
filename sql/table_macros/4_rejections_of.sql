-- Some rejections as words: from rejections_of([4294967301])
create or replace macro rejections_of(rejection_keys) as table
with keys as (
    select unnest(rejection_keys) as rejection_key
),

with_facts as (
    select
        rejections.*,
        client(rejections.client_name, rejections.client_ip) as client,
        map {
            'action': rejections.action,
            'stage': rejections.stage,
            'reason': rejections.reason,
            'content': rejections.content,
            'daemon': rejections.daemon
        } as facts
    from rejections
    semi join keys on rejections.rejection_key = keys.rejection_key
)

select
    with_facts.logged_at,
    with_facts.host,
    with_facts.client,
    with_facts.sender,
    with_facts.recipient,
    with_facts.kind,
    with_facts.facts,
    sentence(coalesce(line_kinds.sentence_en, line_kinds.meaning_en), with_facts.facts) as detail,
    sentence(coalesce(line_kinds.sentence_ja, line_kinds.meaning_ja), with_facts.facts)
        as detail_ja,
    with_facts.rejection_key as line_key
from with_facts
inner join line_kinds on with_facts.kind = line_kinds.kind;
