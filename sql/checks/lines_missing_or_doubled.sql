-- Every line of every stream is there once
with pruned as (
    select
        first_line_key >> 32 as file_key,
        sum(last_line_key - first_line_key + 1) as line_count
    from pruned_lines
    group by all
),

expected as (
    select
        log_files.file_key,
        log_files.path,
        -- The lines before its first batch are those of the stream that it is a branch of
        log_files.loaded_lines - coalesce(min(load_batches.first_line_no) - 1, 0)
        - coalesce(any_value(pruned.line_count), 0) as line_count
    from log_files
    left join load_batches on log_files.file_key = load_batches.file_key
    left join pruned on log_files.file_key = pruned.file_key
    group by log_files.file_key, log_files.path, log_files.loaded_lines
)

select
    expected.path,
    expected.line_count,
    count(log_lines.line_key) as stored_lines,
    count(distinct log_lines.line_key) as distinct_lines
from expected
left join log_lines on expected.file_key = log_lines.line_key >> 32
group by expected.file_key, expected.path, expected.line_count
having
    count(log_lines.line_key) <> expected.line_count
    or count(distinct log_lines.line_key) <> expected.line_count
order by expected.path;
