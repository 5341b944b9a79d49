-- Whether a refusal put its client off to see whether it tries again
create or replace macro is_greylisted(action, reply_code, status_code, reply) as
    reply_code // 100 = 4
    and is_refusal(action)
    and cause_of(status_code, reply) = 'greylisted';
