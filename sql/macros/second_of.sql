-- The second that a time is in, counted since 1970, as to_timestamp reads it
create or replace macro second_of(moment) as epoch_us(moment) // 1000000;
