-- The runs that are gone then, and how their stream stood behind each
create or replace temp table pruned_runs as
with dated as (
    select
        line_key,
        logged_at
    from raw_lines
    where logged_at is not null
    union all
    select
        last_line_key as line_key,
        last_logged_at as logged_at
    from pruned_lines
    where last_logged_at is not null
),

settings as (
    select
        file_key * 4294967296 + first_line_no as line_key,
        timezone
    from stream_settings
),

followed as (
    select
        pruned_then.*,
        dated.logged_at as last_logged_at
    from pruned_then
    asof left join dated
        on
            pruned_then.first_line_key >> 32 = dated.line_key >> 32
            and pruned_then.last_line_key >= dated.line_key
)

select
    followed.first_line_key,
    followed.last_line_key,
    followed.has_rows,
    case when followed.last_logged_at is not null then log_files.first_logged_at end
        as first_logged_at,
    followed.last_logged_at,
    case
        when log_files.last_local_date is null then null
        when followed.last_line_key & 4294967295 = log_files.loaded_lines
            then log_files.last_local_date
        else (followed.last_logged_at at time zone settings.timezone)::date
    end as last_local_date
from followed
inner join log_files on followed.first_line_key >> 32 = log_files.file_key
asof left join settings on followed.last_line_key >= settings.line_key;

-- Those of them that are not so yet
create or replace temp table altered_runs as
select
    first_line_key,
    last_line_key,
    has_rows
from pruned_runs
except
select
    first_line_key,
    last_line_key,
    has_rows
from pruned_lines;
