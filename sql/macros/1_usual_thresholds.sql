-- How many it takes for a security report to list something: what threshold() is unless a variable says otherwise
create or replace macro usual_thresholds() as map_from_entries([
    -- Login names tried in vain by one address or network
    ('guessed_names', 3),
    -- Networks from which one login name was tried in vain
    ('guessing_networks', 3),
    -- Providers' networks from which an account logged in within an hour, and in the whole period
    ('networks_an_hour', 3),
    ('login_networks', 5),
    -- Recipients of an account's day, which are more than so many times those of any day before
    ('sent_recipients', 50),
    ('times_before', 5),
    -- Guesses and refusals of an address that is to be blocked
    ('harmful_events', 10),
    -- Refusals of an address that no list and no filter calls a source of spam
    ('spam_refusals', 3)
]);
