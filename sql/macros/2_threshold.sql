-- From how many on reports tell of something, by the names of usual_thresholds(): set variable guessed_names = 5
create or replace macro threshold(name) as
    coalesce(getvariable(name)::bigint, usual_thresholds()[name]);
