-- One row per header of Dovecot
create or replace temp table dovecot_headers as
select
    header,
    default_host,
    head,
    daemon
from known_headers
where family = 'dovecot';

-- One row per line of Dovecot in the batch: its kind, who speaks, and what is said
create or replace temp table dovecot_texts as
with cut as (
    select
        cut_lines.row_no,
        cut_lines.place_key,
        dovecot_headers.daemon,
        shown_rest(
            cut_lines.line, cut_lines.shown, text_start(cut_lines, dovecot_headers.head)
        ) as text
    from cut_lines
    inner join dovecot_headers
        on
            cut_lines.header = dovecot_headers.header
            and cut_lines.default_host is not distinct from dovecot_headers.default_host
),

opened as (
    select
        *,
        dovecot_sentence(text) as envelope_text
    from cut
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
            when has_prefixes() then taught_text(place_key, envelope_text)
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

judged as (
    select
        *,
        is_dovecot_service(usual.service) as is_usual,
        auth_parts(sentence) as auth
    from matched
),

prefixed as (
    select
        * exclude (usual, is_usual, auth),
        dovecot_prefix(sentence, usual, is_usual, auth) as prefix
    from judged
),

numbered as (
    select
        *,
        numbered_user(prefix) as numbered_user
    from prefixed
),

told as (
    select
        * exclude (prefix, numbered_user, sentence),
        case when prefix.length > 0 then dovecot_speaker(prefix, numbered_user) end as speaker,
        case
            when prefix.length > 0 then substr(sentence, prefix.length + 1)
            else sentence
        end as leveled_text
    from numbered
),

leveled_again as (
    select
        *,
        dovecot_level(leveled_text) as second_level
    from told
),

released as (
    select
        * exclude (leveled_text),
        case
            when second_level <> '' then substr(leveled_text, length(second_level) + 3)
            else leveled_text
        end as said
    from leveled_again
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
        row_no,
        daemon,
        {
            'service': speaker.service,
            'username': speaker.username,
            'pid': speaker.pid,
            'session_id': coalesce(speaker.session_id, nullif(transaction_id, '')),
            'client_ip': speaker.client_ip
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
    row_no,
    coalesce(dovecot_kind(daemon, severity, speaker, body), 'unknown')::kind_name as kind,
    packed_speaker(speaker) as speaker,
    body
from heard;
