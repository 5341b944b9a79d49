-- Which daemon of Postfix writes a text, where a receiver has cut the program at its slash

-- The relay of a delivery; NULL where an address without quotes imitates it
create or replace temp macro told_relay(body) as
    case
        when not regexp_matches(body, '^to=<[^">]*, relay=')
            then nullif(
                regexp_extract(
                    body,
                    '^to=<(?:"(?:[^"\\]|\\.)*"|[^">])*>'
                    || '(?:, orig_to=<(?:"(?:[^"\\]|\\.)*"|[^">])*>)?, relay=([^\s,]+), ',
                    1
                ),
                ''
            )
    end;

create or replace temp macro agent_of(relay) as
    case
        when relay in ('local', 'virtual') then relay
        when relay = 'none' then 'smtp'
        when regexp_matches(relay, '\[(?:[^\]]*/[^\]]*\]|[^\]]*\]:24$)') then 'lmtp'
        when regexp_matches(relay, '\[[^\]]*\]') then 'smtp'
        when relay is not null then 'pipe'
    end;

create or replace temp macro told_queue_daemon(body) as
    case
        when
            regexp_matches(
                body, '^(?:client=|(?:reject|warn|hold|discard|redirect|filter): )'
            )
            and not regexp_matches(body, '^\w+: (?:header|body|milter-\w+|mime-header) ')
            then 'smtpd'
        -- Of what comes behind the envelope cleanup tells the milters
        when regexp_matches(body, '^milter-\w+: (?:CONNECT|HELO|EHLO|MAIL|RCPT) from ')
            then 'smtpd'
        when
            regexp_matches(
                body,
                '^(?:(?:resent-)?message-id=|milter-|'
                || '(?:reject|warning|hold|discard|redirect|filter|prepend|replace|info|strip): )'
            )
            then 'cleanup'
        when starts_with(body, 'uid=') then 'pickup'
        when regexp_matches(body, '^(?:from=<|removed$|skipped, )') then 'qmgr'
        when regexp_matches(body, '^(?:sender|postmaster) (?:non-)?delivery') then 'bounce'
        when regexp_matches(body, '^(?:placed on hold|released from hold|requeued|expired)')
            then 'postsuper'
        when starts_with(body, 'to=<') then agent_of(told_relay(body))
        when regexp_matches(body, '^(?:host \S+\[|lost connection with |conversation with )')
            then 'smtp'
    end;

create or replace temp macro told_daemon(text) as
    case
        when starts_with(text, 'statistics: ') then 'anvil'
        when regexp_matches(text, '^(?:daemon started|terminating on signal|reload(?: --|ing)? )')
            then 'master'
        when
            regexp_matches(
                text,
                '^(?:(?:NOQUEUE: reject: )?CONNECT from \[|PASS (?:NEW|OLD) \[|DISCONNECT \['
                || '|PREGREET \d+ after |DNSBL rank \d+ for \[|HANGUP after '
                || '|(?:ALLOW|DENY|WHITE|BLACK)LIST(?:ED| VETO) \[|BARE NEWLINE from \['
                || '|NON-SMTP COMMAND from \['
                || '|COMMAND (?:PIPELINING|(?:LENGTH|TIME|COUNT) LIMIT) from \['
                || '|NOQUEUE: reject: RCPT from \[)'
            )
            then 'postscreen'
        when
            regexp_matches(
                text,
                '^(?:connect from|disconnect from|NOQUEUE: |lost connection after|timeout after|'
                || 'too many errors after|improper command pipelining|'
                || '(?:Anonymous|Trusted|Untrusted|Verified) TLS connection established from|'
                || 'SSL_accept error from|setting up TLS connection from|'
                || 'warning: (?:hostname \S+ does not resolve|\S+\[[^\]]*\]: SASL |'
                || 'non-SMTP command from|Illegal address syntax from|[^:]* rate limit exceeded))'
            )
            then 'smtpd'
        when
            regexp_matches(
                text,
                '^(?:connect to |(?:Anonymous|Trusted|Untrusted|Verified) TLS connection'
                || ' established to|SSL_connect error to)'
            )
            then 'smtp'
        when regexp_matches(text, '^[0-9A-Za-z]{6,20}: ')
            then told_queue_daemon(substr(text, strpos(text, ': ') + 2))
    end;

create or replace temp macro cut_program(program, text) as
    case
        when
            regexp_full_match(program, cut_instance())
            and not regexp_matches(program, '^' || neighbours_of_postfix())
            then program || coalesce('/' || told_daemon(text), '')
        else program
    end;
