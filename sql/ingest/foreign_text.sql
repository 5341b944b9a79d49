-- One row, the first line, if no new line is one of Postfix or Dovecot that was read
create or replace temp view foreign_text as
select arg_min(line, line_key) as line
from lines
where is_new
having
    bool_and(
        kind in (
            'foreign', 'journal_separator', 'line_piece', 'lines_lost', 'lines_repeated', 'unknown'
        )
    )
    and count(*) > 0;
