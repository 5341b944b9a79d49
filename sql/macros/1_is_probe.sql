-- Whether a delivery attempt only verified an address, and carried no mail
create or replace macro is_probe(status) as
    status in ('deliverable', 'undeliverable', 'undeliverable-but-not-cached');
