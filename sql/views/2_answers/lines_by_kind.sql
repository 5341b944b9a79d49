-- One row per kind of line that occurs: how many, and what it means
create or replace view lines_by_kind as
select
    log_lines.kind,
    count(*) as line_count,
    rounded(100.0 * count(*) / sum(count(*)) over ()) as line_percent,
    any_value(line_kinds.meaning_en) as meaning_en,
    any_value(line_kinds.meaning_ja) as meaning_ja
from log_lines
left join line_kinds on log_lines.kind = line_kinds.kind
group by log_lines.kind
order by line_count desc, log_lines.kind asc;

comment on column lines_by_kind.kind is 'Kind (line_kinds)';
comment on column lines_by_kind.line_count is 'Lines of it';
comment on column lines_by_kind.line_percent is 'Their share of all lines';
comment on column lines_by_kind.meaning_en is 'What such a line means, in English';
comment on column lines_by_kind.meaning_ja is 'The same in Japanese';
