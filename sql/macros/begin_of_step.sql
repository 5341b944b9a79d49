-- When the step begins that a time is in, by the clock of the session's zone; a week begins on Monday
create or replace macro begin_of_step(step, moment) as time_bucket(step, moment::timestamp);
