-- Kind of line that an action of rejections comes from
create or replace macro verdict_kind(action) as
    case
        when action in ('reject', 'reject_warning') then 'smtpd_' || action
        when action = 'milter-reject' then 'smtpd_milter_reject'
        else 'smtpd_mark'
    end;
