-- Every copy is of a line that counts, of the same second or also without a time
select
    copies.line_key,
    copies.copy_of
from log_lines as copies
left join log_lines as counting
    on
        copies.copy_of = counting.line_key
        and counting.copy_of is null
        and date_trunc('second', copies.logged_at)
        is not distinct from date_trunc('second', counting.logged_at)
where copies.copy_of is not null and counting.line_key is null
order by copies.line_key;
