-- Every line of every stream is there once
select
    log_files.path,
    log_files.loaded_lines,
    count(log_lines.line_key) as stored_lines,
    count(distinct log_lines.line_key) as distinct_lines
from log_files
left join log_lines on log_files.file_key = log_lines.line_key >> 32
group by log_files.file_key, log_files.path, log_files.loaded_lines
having
    count(log_lines.line_key) <> log_files.loaded_lines
    or count(distinct log_lines.line_key) <> log_files.loaded_lines
order by log_files.path;
