-- All loaded lines of postscreen about the clients that are touched
insert into parts_again
with touched as (
    select distinct
        host,
        instance,
        endpoint(screened_client(body)) as endpoint
    from touching_lines
    where is_postscreen(kind)
)

select
    stored_lines.line_key,
    'connection' as part
from stored_lines
semi join touched
    on
        stored_lines.host is not distinct from touched.host
        and program_instance(stored_lines.program) = touched.instance
        and regexp_extract(stored_lines.line, '\[[0-9A-Fa-f:.]+\]:\d+') = touched.endpoint
where is_postscreen(stored_lines.kind);
