-- Decisions about mail that never got a queue id, by sender, login, client or recipient; or those
-- from the one to the other: from rejections_named('alice@example.com')
create or replace macro rejections_named(term, to_term := null) as table
select
    rejections.rejection_key as line_key,
    rejections.logged_at
from rejections
where
    rejections.message_key is null
    and (
        names_address(term, rejections.sender)
        or names_user(term, rejections.sasl_username)
        or names_client(term, rejections.client_name, rejections.client_ip)
        or case
            when to_term is null then names_address(term, rejections.recipient) else false
        end
    )
    and case when to_term is null then true else names_address(to_term, rejections.recipient) end;
