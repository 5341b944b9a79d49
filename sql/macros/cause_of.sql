-- Named reason of a refusal, deferral or bounce (causes), by its text, else by its enhanced status
-- code. Addresses, hosts and links in the text are strangers' and say nothing
create or replace macro cause_of(status_code, reply) as
    list_transform(
        [{'text': coalesce(general_reason(reply), ''), 'code': status_code}],
        lambda said: branches_of.causes
    )[1];
