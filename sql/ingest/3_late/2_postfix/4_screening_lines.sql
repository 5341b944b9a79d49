-- All loaded lines of postscreen about the clients that are touched
insert into parts_again
with touched as (
    select distinct
        host,
        program,
        instance,
        endpoint(screened_client(body)) as endpoint
    from touching_lines
    where is_postscreen(kind)
),

-- Almost no line is one of postscreen: its text is not looked at
screened as (
    select
        line_key,
        host,
        line,
        program_instance(program) as instance
    from stored_lines
    where program in (select program from touched)
)

select
    screened.line_key,
    'connection' as part
from screened
semi join touched
    on
        screened.host is not distinct from touched.host
        and screened.instance = touched.instance
        and regexp_extract(screened.line, '\[[0-9A-Fa-f:.]+\]:\d+') = touched.endpoint;
