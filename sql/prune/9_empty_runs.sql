-- Runs of pruned lines of which no row is left
update pruned_lines set has_rows = false
where
    has_rows
    and not exists(
        select 1 from row_lines
        where row_lines.line_key between pruned_lines.first_line_key and pruned_lines.last_line_key
    );
