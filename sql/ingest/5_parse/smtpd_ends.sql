-- One row per smtpd line that ends a connection
-- lost connection after DATA (18231 bytes) from mail-out.example.net[192.0.2.17]
-- timeout after MAIL from client.example.net[192.0.2.10]
create or replace temp table smtpd_losses as
with matched as (
    select
        line_key,
        regexp_extract(
            body,
            '^(lost connection|timeout|too many errors) after ([A-Z-]+)',
            ['reason', 'stage']
        ) as parts
    from work_lines
    where kind = 'smtpd_lost'
)

select
    line_key,
    nullif(parts.reason, '') as end_reason,
    nullif(parts.stage, '') as end_stage
from matched;

-- disconnect from unknown[192.0.2.66] ehlo=1 auth=0/3 commands=1/4
create or replace temp table smtpd_disconnects as
with counted as (
    select
        line_key,
        logged_at,
        substr(body, 16 + strpos(substr(body, 17), ' ')) as counters
    from work_lines
    where kind = 'smtpd_disconnect'
),

known as (
    select
        counters,
        counter_ok(counters, 'helo') as helo_ok,
        counter_total(counters, 'helo') as helo_total,
        counter_ok(counters, 'ehlo') as ehlo_ok,
        counter_total(counters, 'ehlo') as ehlo_total,
        counter_ok(counters, 'starttls') as starttls_ok,
        counter_total(counters, 'starttls') as starttls_total,
        counter_ok(counters, 'auth') as auth_ok,
        counter_total(counters, 'auth') as auth_total,
        counter_ok(counters, 'mail') as mail_ok,
        counter_total(counters, 'mail') as mail_total,
        counter_ok(counters, 'rcpt') as rcpt_ok,
        counter_total(counters, 'rcpt') as rcpt_total,
        counter_ok(counters, 'data') as data_ok,
        counter_total(counters, 'data') as data_total,
        counter_ok(counters, 'bdat') as bdat_ok,
        counter_total(counters, 'bdat') as bdat_total,
        counter_ok(counters, 'rset') as rset_ok,
        counter_total(counters, 'rset') as rset_total,
        counter_ok(counters, 'noop') as noop_ok,
        counter_total(counters, 'noop') as noop_total,
        counter_ok(counters, 'vrfy') as vrfy_ok,
        counter_total(counters, 'vrfy') as vrfy_total,
        counter_ok(counters, 'quit') as quit_ok,
        counter_total(counters, 'quit') as quit_total,
        counter_ok(counters, 'unknown') as unknown_ok,
        counter_total(counters, 'unknown') as unknown_total,
        counter_ok(counters, 'commands') as commands_ok,
        counter_total(counters, 'commands') as commands_total
    from (select distinct counters from counted) as occurring
)

select
    counted.line_key,
    counted.logged_at,
    known.* exclude (counters)
from counted
inner join known on counted.counters = known.counters;
