-- Whether a decision refused mail or a command, for now or for good
create or replace macro is_refusal(action) as
    action in ('reject', 'milter-reject', 'milter-header-reject', 'proxy-reject');
