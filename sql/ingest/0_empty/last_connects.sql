-- One row per process of smtpd or qmqpd that late lines touch: the last line that begins a connection
create or replace temp table last_connects (
    host varchar,
    program varchar,
    pid integer,
    position hugeint
);
