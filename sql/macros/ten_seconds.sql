-- Which ten seconds since 1970: what is less than that apart is in the same or in the next
create or replace macro ten_seconds(logged_at) as epoch_us(logged_at) // 10000000;
