-- Which kind of line it is
create or replace temp macro line_kind(family, daemon, severity, queue_id, body) as
    case
        when is_queue_scanner(daemon)
            then case
                when is_queue_id(requeued_ids(body).new) then 'queue_filtered'
                else 'foreign'
            end
        when family = 'postfix'
            then coalesce(postfix_kind(daemon, severity, queue_id, body), 'unknown')
        when family = 'other'
            then case when tells_of_losses(daemon, body) then 'lines_lost' else 'foreign' end
        when regexp_matches(body, last_repeated_text()) then 'lines_repeated'
        when
            regexp_matches(
                body, '^-- (?:(?:Logs begin|Journal begins) at .*|Boot \S+|Reboot|No entries) --$'
            ) then 'journal_separator'
        else 'unknown'
    end;
