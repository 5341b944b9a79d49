-- One row per registered enhanced status code, whatever its class: what it means (RFC 3463 and later, IANA)
create or replace view status_codes as
select
    code,
    meaning_en,
    meaning_ja
from (select * from rows_of.status_codes) as words
order by place;

comment on column status_codes.code is
'Subject and detail, as 1.1 of 5.1.1; the class before is 2 success, 4 for now, 5 for good';
comment on column status_codes.meaning_en is 'What it means, in English';
comment on column status_codes.meaning_ja is 'The same in Japanese';
