-- One row per line of the contested seconds, with what it says of which process
create or replace temp table tellings as
with shown_lines as (
    select
        * exclude (line),
        coalesce(unframed(line), line) as shown
    from contested_lines
),

-- said_text, step by step: as a whole it would be planned with many copies of itself
headless as (
    select
        * exclude (shown),
        stamp_digits(shown) as digits,
        headless_text(shown, program) as text
    from shown_lines
),

unlevelled as (
    select * replace (unlevelled(text) as text) from headless
),

worded as (
    select * replace (plain_text(text) as text) from unlevelled
)

select
    line_key,
    file_key,
    is_stored,
    false as is_borrowed,
    copy_of,
    second_id,
    logged_at,
    digits,
    is_unknown,
    times_said(text) as times,
    -- RFC 5424 may have cut a program at its slash
    md5_number(program_instance(coalesce(program, '')) || ': ' || said_once(text)) as text_hash,
    -- Dovecot's is that of its log, where it has any
    case
        when pid is null or program_family(program) = 'dovecot' then -1
        else pid
    end as pid
from worded;

-- What one receiver writes without a process is compared without those that others write
update tellings
set pid = -1
from (
    select distinct
        second_id,
        text_hash
    from tellings
    where pid = -1
) as nameless
where
    tellings.second_id = nameless.second_id
    and tellings.text_hash = nameless.text_hash
    and tellings.pid <> -1;
