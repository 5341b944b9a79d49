-- All that was read stands in lines by now: its memory is needed
drop table batch_lines;

drop table dovecot_texts;

drop table foreign_ids;
