-- One row per step of the period (time_step) and filter: mail that it rated, how much was spam, and the scores
create or replace view reports.scores_over_time as
select
    begin_of_step(time_step(), checked_at) as begins_at,
    program,
    total(occurrences) as message_count,
    total(case when result in ('spam', 'spammy') then occurrences else 0 end) as spam_count,
    rounded(avg(score)) as mean_score,
    rounded(median(score)) as median_score,
    max(score) as highest_score
from main.message_checks
where check_name = 'spam' and in_period(checked_at) and on_host(host)
group by all
order by begins_at, program;
