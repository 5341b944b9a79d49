-- One row per end of a connection, with the commands that were counted in it
-- The counters are no pattern of a form: any of some twenty commands stand there, in any order
create or replace temp table smtpd_disconnects as
select
    line_key,
    logged_at,
    client_name,
    client_ip,
    client_port,
    counters
from columns_of(work_lines, 'smtpd_disconnects');

-- There are few different lists: each is read once
create or replace temp table command_counters as
with occurring as (
    select distinct counters from smtpd_disconnects
)

select
    counters,
    counter_ok(counters, 'helo') as helo_ok,
    counter_total(counters, 'helo') as helo_total,
    counter_ok(counters, 'ehlo') as ehlo_ok,
    counter_total(counters, 'ehlo') as ehlo_total,
    counter_ok(counters, 'xclient') as xclient_ok,
    counter_total(counters, 'xclient') as xclient_total,
    counter_ok(counters, 'xforward') as xforward_ok,
    counter_total(counters, 'xforward') as xforward_total,
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
    counter_ok(counters, 'etrn') as etrn_ok,
    counter_total(counters, 'etrn') as etrn_total,
    counter_ok(counters, 'quit') as quit_ok,
    counter_total(counters, 'quit') as quit_total,
    counter_ok(counters, 'help') as help_ok,
    counter_total(counters, 'help') as help_total,
    counter_ok(counters, 'unknown') as unknown_ok,
    counter_total(counters, 'unknown') as unknown_total,
    counter_ok(counters, 'commands') as commands_ok,
    counter_total(counters, 'commands') as commands_total,
    nullif(regexp_extract(counters, ' notes=(\S+)$', 1), '') as notes
from occurring;
