-- One row per header that occurs, taken apart: host, program, process; head is the part of it that
-- belongs to the text
create or replace temp table header_parts as
with distinct_headers as (
    select distinct
        header,
        default_host
    from cut_lines
    where header is not null
),

matched as (
    select
        header,
        default_host,
        regexp_extract(
            header, '^(\S*) +([^\s\[\]():<>]+)(?:\[([^\]]*)\])?$', ['host', 'program', 'pid']
        ) as parts,
        -- Dovecot 1.1: delivery has a program name of its own, with the user's name in it
        case
            when contains(header, 'deliver(')
                then regexp_extract(header, '^(\S*) +(deliver\(.*\))$', ['host', 'head'])
        end as delivery,
        -- Of a log without hosts
        case
            when not contains(header, ' ')
                then regexp_extract(
                    header, '^([^\s\[\]():<>]+)(?:\[([^\]]*)\])?$', ['program', 'pid']
                )
        end as hostless
    from distinct_headers
)

select
    header,
    default_host,
    case
        when parts.program <> '' then null
        when delivery.head <> '' then delivery.head
        when is_dovecot_head(header) then header
    end as head,
    case
        when parts.program <> '' then named_host(parts.host, default_host)
        when delivery.head <> '' then named_host(delivery.host, default_host)
        when header = '' or is_dovecot_head(header) or is_mail_program(hostless.program)
            then default_host
    end as host,
    case
        when parts.program <> '' then parts.program
        when delivery.head <> '' then 'deliver'
        when header = '' or is_dovecot_head(header) then 'dovecot'
        when is_mail_program(hostless.program) then hostless.program
    end as program,
    try_cast(coalesce(nullif(parts.pid, ''), hostless.pid) as integer) as pid
from matched;

insert into headers by name
with added as (
    select distinct
        header_parts.host,
        header_parts.program,
        header_parts.pid
    from header_parts
    anti join headers
        on
            header_parts.host is not distinct from headers.host
            and header_parts.program is not distinct from headers.program
            and header_parts.pid is not distinct from headers.pid
)

select
    (coalesce((select max(header_id) from headers), 0) + row_number() over ())::integer
        as header_id,
    *,
    program_instance(program) as instance,
    program_service(program) as service,
    program_daemon(program) as daemon,
    program_family(program) as family
from added;

-- The same, each with the process (headers) that it names
create or replace temp table known_headers as
select
    header_parts.header,
    header_parts.default_host,
    header_parts.head,
    headers.header_id,
    headers.host,
    headers.program,
    headers.pid,
    headers.daemon,
    headers.family
from header_parts
inner join headers
    on
        header_parts.host is not distinct from headers.host
        and header_parts.program is not distinct from headers.program
        and header_parts.pid is not distinct from headers.pid;
