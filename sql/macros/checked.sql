-- What smtpd, cleanup or a filter looked at when it refused, or would have refused, by the words in
-- which Postfix says so
create or replace macro checked(action, stage, reason) as
    case
        when starts_with(action, 'milter') then 'Milter'
        when starts_with(action, 'proxy') then 'proxy filter'
        when lower(stage) in ('header', 'body', 'content', 'vrfy', 'etrn') then stage
        -- The address or name in front is a stranger's
        else case
            regexp_extract(
                reason,
                '^(?:<[^>]*>: )?(Relay access denied|Helo command rejected|Data command rejected'
                || '|End-of-data rejected|Sender address rejected'
                || '|Recipient address rejected(?:: User unknown)?|Unverified Client host rejected'
                || '|Client host rejected(?:: cannot find your (?:reverse )?hostname)?'
                || '|Service (?:temporarily )?(?:unavailable|denied); .*blocked using '
                || '|Message size exceeds|Insufficient system storage|Server configuration'
                || '|Temporary lookup failure|Illegal address syntax)',
                1
            )
            when 'Relay access denied' then 'relaying'
            when 'Helo command rejected' then 'HELO'
            when 'Data command rejected' then 'DATA'
            when 'End-of-data rejected' then 'end of data'
            when 'Sender address rejected' then 'sender'
            when 'Recipient address rejected' then 'recipient'
            when 'Recipient address rejected: User unknown' then 'unknown recipient'
            when 'Client host rejected' then 'client'
            when 'Client host rejected: cannot find your hostname' then 'client name'
            when 'Client host rejected: cannot find your reverse hostname'
                then 'reverse client name'
            when 'Unverified Client host rejected' then 'unverified client name'
            when 'Message size exceeds' then 'size'
            when 'Insufficient system storage' then 'storage'
            when 'Server configuration' then 'configuration'
            when 'Temporary lookup failure' then 'lookup'
            when 'Illegal address syntax' then 'address syntax'
            when '' then 'other'
            else 'blocklist'
        end
    end;
