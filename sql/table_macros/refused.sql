-- Decisions about mail of a term that never got a queue id: from refused('alice@example.com')
create or replace macro refused(term) as table
select
    logged_at,
    client,
    sender,
    recipient,
    kind,
    facts,
    line_key
from rejections_of(
    (
        select list(found.line_key)
        from rejections_named(regexp_replace(term, '^<(.*)>$', '\1')) as found
    )
)
order by logged_at asc nulls first, line_key asc;
