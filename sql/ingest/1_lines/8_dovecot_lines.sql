-- Lines of Dovecot as they are heard, in the place of their texts
create or replace temp table texts as
select * from lines
where kind is null;

delete from lines
where kind is null;

insert into lines by name
select
    texts.* exclude (kind, speaker, body),
    dovecot_kind(headers.daemon, heard_lines.severity, heard_lines.speaker, heard_lines.body)
        as kind,
    packed_speaker(heard_lines.speaker) as speaker,
    heard_lines.body
from texts
inner join heard_lines on texts.line_key = heard_lines.line_key
inner join headers on texts.header_id = headers.header_id
order by texts.line_key;

drop table texts;
