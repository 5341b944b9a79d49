-- One row per named reason for which mail is refused, put off or sent back (cause_of)
create or replace view causes as
select
    cause,
    cause_ja,
    meaning_en,
    meaning_ja,
    pattern,
    general_pattern,
    code_pattern,
    samples,
    place
from (select * from rows_of.causes) as words
order by place;

comment on column causes.cause is 'The reason in a word or two';
comment on column causes.cause_ja is 'The same in Japanese';
comment on column causes.meaning_en is 'What it means, in English';
comment on column causes.meaning_ja is 'The same in Japanese';
comment on column causes.pattern is
'Patterns that the text of such a reply matches, one a line; capitals do not matter';
comment on column causes.general_pattern is
'Patterns of words that tell it where no status code says more';
comment on column causes.code_pattern is
'Subject and detail of enhanced status codes, or whole ones, that tell it where no text does';
comment on column causes.samples is 'A text for each line of both patterns';
comment on column causes.place is 'Its number: of several that fit, the first counts';
