-- What the user of a recipient address may be called: the whole address, or its local part
create or replace macro user_keys(recipient) as
    [lower(recipient), lower(regexp_replace(recipient, '@[^@]*$', '@'))];
