-- What the lines of the batch were read with, if that is not what those before were read with
create or replace temp table new_settings as
with known as (
    select stream_settings.* from stream_settings
    inner join batch on stream_settings.file_key = batch.file_key
    qualify row_number() over (order by stream_settings.first_line_no desc) = 1
)

select
    batch.file_key,
    batch.first_line_key & 4294967295 as first_line_no,
    batch.default_host as host,
    -- They are asked for at the first stamp that they date; the reference also where a step forward is
    -- more than half a year
    case
        when batch.last_local_date is not null then known.year
        when stream_state.last_local_date is not null
            then coalesce(batch.given_year, stream_state.first_year)
    end as year,
    case
        when batch.last_local_date is not null and not stream_state.has_wide_step
            then known.reference_date
        when stream_state.last_local_date is not null then batch.reference_date
    end as reference_date,
    batch.timezone,
    batch.dovecot_prefix,
    batch.forms_sha256
from batch
inner join stream_state on batch.file_key = stream_state.file_key
left join known on batch.file_key = known.file_key;

-- A torn line is read again with its end
delete from stream_settings
using new_settings
where
    stream_settings.file_key = new_settings.file_key
    and stream_settings.first_line_no >= new_settings.first_line_no;

insert into stream_settings by name
with known as (
    select stream_settings.* from stream_settings
    inner join new_settings on stream_settings.file_key = new_settings.file_key
    qualify row_number() over (order by stream_settings.first_line_no desc) = 1
),

changed as (
    select * exclude (first_line_no) from new_settings
    except
    select * exclude (first_line_no) from known
)

select new_settings.* from new_settings
semi join changed on new_settings.file_key = changed.file_key;
