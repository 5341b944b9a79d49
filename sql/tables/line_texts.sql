-- One row per beginning of a text that lines of a kind have: how far a line can be read
create table if not exists line_texts (
    kind varchar not null,
    beginning varchar not null
);

comment on column line_texts.kind is 'Kind (line_kinds)';
comment on column line_texts.beginning is
'A regular expression; of a line that is not read to its end the longest that is found is read';
