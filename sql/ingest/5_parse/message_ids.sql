-- One row per Message-ID header that cleanup saw
-- 5A2B340770: message-id=<20260203093100.5A2B340770@mx1.example.com>
create or replace temp view message_ids as
select
    line_key,
    case
        -- It ends at its bracket
        when not may_be_cut or regexp_matches(body, '^message-id=<' || address_pattern() || '>')
            then bare_message_id(substr(body, 12))
    end as message_id
from work_lines
where kind = 'cleanup_message_id';
