-- Lines of Dovecot, in the place of their texts: who speaks, how severe it is, and what is said
create or replace temp table dovecot_texts as
select * from lines
where kind is null;

delete from lines
where kind is null;

insert into lines by name
with opened as (
    select
        * exclude (kind, speaker, body),
        body as text,
        dovecot_sentence(body) as envelope_text
    from dovecot_texts
),

-- In its own files before version 2 the level stands before the process, else behind it
leveled as (
    select
        *,
        dovecot_level(envelope_text) as first_level
    from opened
),

freed as (
    select
        * exclude (envelope_text),
        case
            when first_level <> '' then substr(envelope_text, length(first_level) + 3)
            when has_prefixes() then taught_text(line_key >> 32, envelope_text)
            else envelope_text
        end as sentence
    from leveled
),

matched as (
    select
        *,
        usual_parts(sentence) as usual
    from freed
),

prefixed as (
    select
        * exclude (usual),
        dovecot_prefix(sentence, usual) as prefix
    from matched
),

told as (
    select
        * exclude (prefix, sentence),
        case when prefix.length > 0 then dovecot_speaker(prefix) end as speaker,
        case
            when prefix.length > 0 then substr(sentence, prefix.length + 1)
            else sentence
        end as leveled_text
    from prefixed
),

released as (
    select
        * exclude (leveled_text),
        dovecot_level(leveled_text) as second_level,
        case
            when dovecot_level(leveled_text) <> ''
                then substr(leveled_text, length(dovecot_level(leveled_text)) + 3)
            else leveled_text
        end as said
    from told
),

-- Before 2.3 the id of an LMTP transaction stands behind the prefix
identified as (
    select
        * exclude (said),
        case
            when speaker.service = 'lmtp' and speaker.session_id is null
                then regexp_extract(said, '^<?([A-Za-z0-9+/]{22}(?::[A-Z0-9]+)*)>?: ', 1)
        end as transaction_id,
        said
    from released
),

heard as (
    select
        * exclude (text, first_level, second_level, speaker, transaction_id, said),
        {
            'service': speaker.service,
            'username': speaker.username,
            'pid': speaker.pid,
            'session_id': coalesce(speaker.session_id, nullif(transaction_id, '')),
            'client_ip': speaker.client_ip,
            'repeat_count': case
                when starts_with(text, 'message repeated ')
                    then try_cast(regexp_extract(text, repeated_text(), 1) as integer)
            end
        } as speaker,
        dovecot_severity(coalesce(nullif(second_level, ''), nullif(first_level, '')))
            as severity,
        case
            when transaction_id <> '' then substr(said, strpos(said, ': ') + 2)
            else said
        end as body
    from identified
)

select
    heard.* exclude (severity, speaker),
    dovecot_kind(headers.daemon, heard.severity, heard.speaker, heard.body) as kind,
    packed_speaker(heard.speaker) as speaker
from heard
inner join headers on heard.header_id = headers.header_id
order by heard.line_key;

drop table dovecot_texts;
