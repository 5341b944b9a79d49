-- ManageSieve and submission sessions of the lines at hand, derived again as a whole
delete from service_sessions
where session_key in (select session_key from changed_session_keys);

insert into service_sessions by name
select * from told_sessions
where protocol in ('sieve', 'submission');
