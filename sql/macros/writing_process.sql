-- Who wrote a line: Dovecot leaves its process out of the head, but most of its texts name one or a session
create or replace macro writing_process(host, program, pid, line) as
    concat_ws(
        ' ',
        host,
        program,
        coalesce(
            pid::varchar, nullif(regexp_extract(line, '(?:mpid=|session=<|\)<)([^>,\s]+)', 1), '')
        )
    );
