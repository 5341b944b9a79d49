-- Every kind of line is explained in line_kinds
select distinct log_lines.kind from log_lines
anti join line_kinds on log_lines.kind = line_kinds.kind
order by log_lines.kind;
