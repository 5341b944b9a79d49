-- One row per process that the lines at hand name: first those of the open lines
create or replace temp table headers as
with named as (
    select distinct
        host,
        program,
        pid
    from open_lines
)

select
    row_number() over ()::integer as header_id,
    *,
    program_instance(program) as instance,
    program_service(program) as service,
    program_daemon(program) as daemon,
    program_family(program) as family
from named;
