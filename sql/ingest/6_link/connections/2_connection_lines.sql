-- One row per line behind a connect line that tells the client
create or replace temp table named_clients as
select
    line_key,
    client_name,
    client_ip,
    client_port,
    false as is_xclient
from smtpd_clients
union all
select
    line_key,
    client_name,
    client_ip,
    client_port,
    false as is_xclient
from decisions
where is_smtpd_verdict(kind)
union all
select
    line_key,
    client_name,
    client_ip,
    client_port,
    false as is_xclient
from smtpd_bad_addresses
union all
select
    line_key,
    client_name,
    client_ip,
    null as client_port,
    false as is_xclient
from smtpd_sasl_failures
union all
select
    line_key,
    client_name,
    client_ip,
    client_port,
    coalesce(contains(counters, ' xclient='), false) as is_xclient
from smtpd_disconnects;

-- One row per line of smtpd or qmqpd in a connection, with the connection that it belongs to
create or replace temp table connection_lines as
-- Where connect lines are filtered out of a log, another client is another connection
with unopened as (
    select connection_key from process_lines
    where line_key = connection_key and not is_connect(kind)
),

-- So it is where lines were lost. That the connect line names another one than those behind it does not
-- tell: XCLIENT makes it so
doubtful as (
    select connection_key from unopened
    union
    select process_lines.connection_key
    from named_clients
    inner join process_lines on named_clients.line_key = process_lines.line_key
    group by process_lines.connection_key
    having min(named_clients.client_ip) <> max(named_clients.client_ip)
),

named as (
    select
        process_lines.*,
        case
            when names_client(process_lines.kind) and not is_connect(process_lines.kind)
                then regexp_extract(
                client_text(process_lines.kind, work_lines.body), '^' || client_pattern()
            )
        end as client
    from process_lines
    semi join doubtful on process_lines.connection_key = doubtful.connection_key
    inner join work_lines on process_lines.line_key = work_lines.line_key
),

compared as (
    select
        *,
        last_value(client ignore nulls) over (
            partition by connection_key
            order by position
            rows between unbounded preceding and 1 preceding
        ) as previous_client
    from named
),

split as (
    select
        * exclude (client, previous_client, connection_key),
        last_value(
            case
                when line_key = connection_key or client <> previous_client then line_key
            end ignore nulls
        ) over (
            partition by connection_key
            order by position
            rows between unbounded preceding and current row
        ) as connection_key
    from compared
)

select process_lines.* from process_lines
anti join doubtful on process_lines.connection_key = doubtful.connection_key
union all by name
select * from split;
