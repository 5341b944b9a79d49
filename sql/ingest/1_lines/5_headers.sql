-- One row per header that occurs, taken apart: host, program, process
create or replace temp table headers as
with distinct_headers as (
    select distinct header from cut_lines
    where header is not null
),

matched as (
    select
        header,
        regexp_extract(
            header, '^(\S*) +([^\s\[\]():<>]+)(?:\[([^\]]*)\])?$', ['host', 'program', 'pid']
        ) as parts
    from distinct_headers
),

named as (
    select
        header,
        parts.program = '' and is_dovecot_service(header) as is_dovecot_file,
        case
            when parts.program <> '' then nullif(nullif(parts.host, '***'), '')
            when is_dovecot_service(header) then (select default_host from batch)
        end as host,
        case
            when parts.program <> '' then parts.program
            when is_dovecot_service(header) then 'dovecot'
        end as program,
        try_cast(parts.pid as integer) as pid
    from matched
)

select
    *,
    program_instance(program) as instance,
    program_service(program) as service,
    program_daemon(program) as daemon,
    program_family(program) as family
from named;
