-- One row per line of smtpd or qmqpd in a connection, with the connection that it belongs to
create or replace temp table connection_lines as
-- Where connect lines are filtered out of a log, another client is another connection
with unopened as (
    select connection_key from process_lines
    where line_key = connection_key and not is_connect(kind)
),

named as (
    select
        process_lines.*,
        case
            when names_client(process_lines.kind) then regexp_extract(
                client_text(process_lines.kind, work_lines.body), '^' || client_pattern()
            )
        end as client
    from process_lines
    semi join unopened on process_lines.connection_key = unopened.connection_key
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
            case when client <> coalesce(previous_client, '-') then line_key end ignore nulls
        ) over (
            partition by connection_key
            order by position
            rows between unbounded preceding and current row
        ) as connection_key
    from compared
)

select process_lines.* from process_lines
anti join unopened on process_lines.connection_key = unopened.connection_key
union all by name
select * from split;
