-- One row per end of a user's session, with its counters
-- No pattern of a form: counters stand in any order, and are read from the right, for which one pattern
-- takes eight times as long
-- pop3(alice@example.com)<4711><IQdzOm5Xy8PAAAIK>: Disconnected: Logged out top=0/0, retr=12/734003, del=12/12, size=733800
-- imap(alice@example.com): Connection closed (IDLE running for 0.001 + waiting input for 28.914 secs, 2 B in + 10 B out, state=wait-input) in=350 out=2210
-- submission(alice@example.com)<5301><IQdzOm5Xy8PAAAIK>: Disconnect from 192.0.2.10: Client has quit the connection in=5334 out=135 (state=READY)
-- imap-login: proxy(alice@example.com): disconnecting 192.0.2.10 (Disconnected by client(3s idle, in=1204, out=88213)): user=<alice@example.com>, ...
create or replace temp table session_ends as
with told as (
    select
        line_key,
        kind,
        speaker.service,
        speaker.username,
        speaker.client_ip,
        speaker.pid,
        speaker.session_id,
        may_be_cut,
        case
            when speaker.service is null
                then regexp_extract(
                    body, '(?:Disconnected|Logged out|Connection closed|Server shutting down).*$'
                )
            when kind = 'submission_logout' then regexp_replace(body, ' \(state ?= ?[A-Z ]+\)', '')
            else body
        end as text
    from dovecot_lines
    where kind in ('pop3_logout', 'imap_logout', 'sieve_logout', 'submission_logout')
),

-- What the client was doing stands in parentheses: counters follow them
opened as (
    select
        *,
        case when contains(text, ')') then length(regexp_extract(text, '^.*\)')) else 0 end
            as told_length
    from told
),

parted as (
    select
        * exclude (told_length, may_be_cut),
        case
            when may_be_cut then ''
            else regexp_extract(substr(text, told_length + 1), ' [a-z_]+=.*$')
        end as counters
    from opened
),

of_services as (
    select
        * exclude (text, service),
        coalesce(
            spoken_protocol(service), case kind when 'pop3_logout' then 'pop3' else 'imap' end
        ) as protocol,
        rtrim(
            regexp_replace(
                substr(text, 1, length(text) - length(counters)),
                '^(?:Disconnected: |Disconnect from [0-9A-Fa-f.:]+: )+',
                ''
            ),
            '.'
        ) as end_text
    from parted
),

of_proxies as (
    select
        line_key,
        kind,
        username,
        client_ip,
        null::integer as pid,
        session_id,
        regexp_extract(regexp_replace(text, '^proxy\(.*\): ', ''), ' in=.*$') as counters,
        protocol,
        regexp_replace(text, '^proxy\(.*\): ', '') as end_text
    from login_elements
    where kind = 'proxy_logout'
),

ends as (
    select * from of_services
    union all by name
    select * from of_proxies
)

select
    * exclude (session_id, end_text),
    coalesce(
        session_id, nullif(regexp_extract(counters, '[ ,]session=<?([^>,\s]+)', 1), '')
    ) as session_id,
    nullif(end_text, '') as end_text,
    session_end_reason(end_text) as end_reason,
    coalesce(
        counter(counters, 'in'),
        counter(counters, 'rcvd'),
        count_of(counter_pair(counters, 'bytes').first)
    ) as in_bytes,
    coalesce(
        counter(counters, 'out'),
        counter(counters, 'sent'),
        count_of(counter_pair(counters, 'bytes').second)
    ) as out_bytes
from ends;
