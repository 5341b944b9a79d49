-- How many it takes for a report to list something, by the names of usual_thresholds(): set variable guessed_names = 5
create or replace macro threshold(name) as
    coalesce(getvariable(name)::bigint, usual_thresholds()[name]);
