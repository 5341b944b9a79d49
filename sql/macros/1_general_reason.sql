-- The reason in a reply without what differs from mail to mail: addresses, hosts, numbers, the rest
-- of an embedded reply
create or replace macro general_reason(reply) as
    trim(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(reply, ' ?\(in reply to [A-Za-z ]+ command\)$', ''),
                        '^host \S+ (said|refused to talk to me): (?:[245]\d\d[ -])?'
                        || '(?:[245]\.\d{1,3}\.\d{1,3} )?',
                        '\1: '
                    ),
                    '<[^>]*>:? ?|\S+@\S+ ?',
                    '',
                    'g'
                ),
                '\S*\[[^\]]*\](?::\d+)?',
                '[...]',
                'g'
            ),
            'https?://\S+',
            '...',
            'g'
        )
    );
