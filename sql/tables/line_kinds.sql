-- One row per kind of line known, with its meaning in English and Japanese
create table if not exists line_kinds (
    kind varchar not null,
    family varchar not null,
    daemon varchar,
    place varchar,
    step varchar,
    example varchar not null,
    meaning_en varchar not null,
    meaning_ja varchar not null,
    sentence_en varchar,
    sentence_ja varchar,
    beginnings varchar[]
);

comment on column line_kinds.kind is 'As in log_lines';
comment on column line_kinds.family is 
'postfix, dovecot, filters, other, mailsql for its own notices, or site for forms of one''s own '
'(--forms)';
comment on column line_kinds.daemon is 'Process that writes it; NULL where many do';
comment on column line_kinds.place is
'Table that holds what such a line says; NULL where log_lines is all there is';
comment on column line_kinds.step is 'Step of a message''s way that it marks; NULL where none';
comment on column line_kinds.example is 'A line of this kind';
comment on column line_kinds.meaning_en is 'What a line of this kind means, in English';
comment on column line_kinds.meaning_ja is 'The same in Japanese';
comment on column line_kinds.sentence_en is
'For message_flow: {fact} is filled in, a part between | is left out where a fact is missing';
comment on column line_kinds.sentence_ja is 'The same in Japanese';
comment on column line_kinds.beginnings is
'Regular expressions: such a line is read as far as the longest of them goes (unread_shapes)';
