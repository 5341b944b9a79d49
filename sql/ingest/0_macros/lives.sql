-- How long a later line may still continue something, and what the order of lines is

-- Before Postfix gives a message up; a longer silence of one queue id means another message
create or replace temp macro queue_silence() as interval 7 days;

-- Lines of other processes that may follow the removal of a message
create or replace temp macro removal_grace() as interval 1 minute;

-- An SMTP or POP3 session does not pause longer
create or replace temp macro session_silence() as interval 1 day;

-- After a pass only the end of the same connection may follow
create or replace temp macro screening_silence(kind) as
    case when kind = 'postscreen_pass' then removal_grace() else session_silence() end;

-- A delivery agent does not use a connection longer, nor try one host after another
create or replace temp macro smtp_session_silence() as interval 1 hour;

-- Between a message and the line of another process that names it
create or replace temp macro notice_delay() as interval 10 minutes;

-- For how long a TLS line tells that its service logs them
create or replace temp macro tls_telling() as interval 1 hour;

-- The number of such a time since 1970: what was told so long ago at most has this one or the one before
create or replace temp macro tls_hour(logged_at) as
    epoch_us(logged_at) // epoch_us('epoch'::timestamptz + tls_telling());

-- From the first recipient to the end of the message
create or replace temp macro transfer_time() as interval 1 hour;

-- Until when lines of a message may follow its removal: what an agent had in hand when postsuper took
-- the message away, it goes on to deliver
create or replace temp macro removal_end(removed_at, kind) as
    removed_at
    + case
        when kind in ('queue_deleted', 'queue_requeued') then transfer_time()
        else removal_grace()
    end;

create or replace temp macro is_same(one, other) as
    coalesce(one = other, one is null and other is null);

-- One machine may be named with and without its domain
create or replace temp macro is_same_machine(one, other) as
    is_same(one, other)
    or coalesce(starts_with(one, other || '.') or starts_with(other, one || '.'), false);

-- Lines without a readable time come first
create or replace temp macro moment(logged_at) as coalesce(logged_at, 'epoch'::timestamptz);

-- Seconds since 1970; date_trunc looks at the time zone, and takes six times as long
create or replace temp macro second_of(logged_at) as epoch_us(logged_at) // 1000000;

-- Order of lines: time, then the stream that begins earlier, then the place in it. Every stream has a
-- rank (file_ranks), but only a left join makes the engine look the ranks up and not the lines
create or replace temp macro line_position(logged_at, file_rank, line_key) as
    epoch_us(moment(logged_at))::hugeint * 9223372036854775808
    + file_rank * 4294967296
    + (line_key & 4294967295);
