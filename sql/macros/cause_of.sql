-- Named reason of a refusal, deferral or bounce (causes), by its text, else by its enhanced status
-- code. Addresses, hosts, domains, commands and links in the text are strangers' and say nothing
create or replace macro cause_of(status_code, reply) as
    list_transform(
        [
            {
                'text': regexp_replace(
                    coalesce(general_reason(reply), ''),
                    '^(?:said|refused to talk to me): |name=\S+'
                    || '|\b(?:host|domain|server) [\w-]+(?:\.[\w-]+)+|\bmail for \S+ (loops)'
                    || '|(command [^":]*): "[^"]*"',
                    '\1\2',
                    'gi'
                ),
                'code': status_code
            }
        ],
        lambda said: branches_of.causes
    )[1];
