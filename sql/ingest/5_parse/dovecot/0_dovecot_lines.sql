-- One row per line of Dovecot at hand, with who speaks in it: other files read this
create or replace temp view dovecot_lines as
select
    * exclude (speaker),
    unpacked_speaker(speaker) as speaker
from work_lines
where speaker is not null;
