-- One row per stream with a contested second in common with another one that ends there, and lines of
-- that which it begins with; or with one whose beginning it shares. In a second that a stream begins
-- in, it goes on with what the other told before: the parts of one rotation have no line in common;
-- of others the longest end that is a beginning, host by host, is told twice
create or replace temp table borrowed_tellings as
with streams as (
    select
        file_key,
        rotation,
        branch_of,
        identity_sha256,
        second_of(first_logged_at) as first_second,
        second_of(last_logged_at) as last_second
    from log_files
    anti join batch on log_files.file_key = batch.file_key
    union all
    select
        batch.file_key,
        batch.rotation,
        batch.branch_of,
        batch.identity_sha256,
        second_of(stream_state.first_logged_at) as first_second,
        second_of(stream_state.last_logged_at) as last_second
    from batch
    inner join stream_state on batch.file_key = stream_state.file_key
),

moments as (
    select distinct epoch_second from contested_seconds
),

seams as (
    select
        moments.epoch_second,
        enders.file_key as earlier_key,
        beginners.file_key,
        enders.first_second,
        enders.identity_sha256,
        coalesce(enders.rotation = beginners.rotation, false) as is_rotation
    from moments
    inner join streams as enders on moments.epoch_second = enders.last_second
    inner join streams as beginners on moments.epoch_second = beginners.first_second
    where
        enders.file_key <> beginners.file_key
        and beginners.branch_of is null
        and (
            is_rotation
            or (
                enders.first_second < moments.epoch_second
                and beginners.last_second > moments.epoch_second
            )
        )
),

placed as (
    select
        tellings.*,
        seconds.epoch_second,
        row_number() over (
            partition by tellings.file_key, tellings.second_id
            order by tellings.line_key
        ) as place,
        count(*) over (partition by tellings.file_key, tellings.second_id) as line_count
    from tellings
    inner join contested_seconds as seconds on tellings.second_id = seconds.second_id
    where
        tellings.file_key in (
            select earlier_key from seams
            union all
            select file_key from seams
        )
),

-- Lines of the end and the beginning that say the same, by how far they are shifted
shifts as (
    select
        seams.earlier_key,
        seams.file_key,
        ends.second_id,
        ends.place - beginnings.place as shift,
        any_value(ends.line_count) - shift as overlap
    from seams
    inner join placed as ends
        on seams.earlier_key = ends.file_key and seams.epoch_second = ends.epoch_second
    inner join placed as beginnings
        on
            seams.file_key = beginnings.file_key
            and ends.second_id = beginnings.second_id
            and ends.text_hash = beginnings.text_hash
            and ends.pid = beginnings.pid
    where not seams.is_rotation
    group by seams.earlier_key, seams.file_key, ends.second_id, ends.place - beginnings.place
    having shift >= 0 and count(*) = any_value(ends.line_count) - shift
),

compared as (
    select
        seams.*,
        seconds.second_id,
        coalesce(max(shifts.overlap), 0) as overlap
    from seams
    inner join contested_seconds as seconds on seams.epoch_second = seconds.epoch_second
    left join shifts
        on
            seams.earlier_key = shifts.earlier_key
            and seams.file_key = shifts.file_key
            and seconds.second_id = shifts.second_id
    group by all
),

-- All parts of the rotation that end there; of other streams the one with the most in common
chosen as (
    select * from compared
    qualify
        is_rotation
        or row_number() over (
            partition by file_key, second_id
            order by
                is_rotation desc,
                overlap desc,
                first_second asc,
                identity_sha256 asc,
                earlier_key asc
        ) = 1
),

begun as (
    select
        log_files.file_key,
        log_files.branch_of,
        (select min(first_line_no) from load_batches where file_key = log_files.file_key)
            as first_line_no
    from log_files
    anti join batch on log_files.file_key = batch.file_key
    where log_files.branch_of is not null
    union all
    select
        file_key,
        branch_of,
        coalesce(
            (select min(first_line_no) from load_batches where file_key = batch.file_key),
            first_line_key & 4294967295
        ) as first_line_no
    from batch
    where branch_of is not null
)

select
    placed.* exclude (file_key, epoch_second, place, line_count),
    chosen.file_key
from chosen
inner join placed
    on chosen.earlier_key = placed.file_key and chosen.second_id = placed.second_id
where placed.place <= placed.line_count - chosen.overlap
union all
select
    tellings.* exclude (file_key),
    begun.file_key
from begun
inner join streams on begun.file_key = streams.file_key
inner join contested_seconds as seconds on streams.first_second = seconds.epoch_second
inner join tellings
    on
        begun.branch_of = tellings.file_key
        and seconds.second_id = tellings.second_id
        and tellings.line_key & 4294967295 < begun.first_line_no;

-- What tells no line of a host in the second itself adds nothing to those that do
insert into tellings by name
select borrowed_tellings.* replace (true as is_borrowed)
from borrowed_tellings
semi join tellings
    on
        borrowed_tellings.file_key = tellings.file_key
        and borrowed_tellings.second_id = tellings.second_id;
