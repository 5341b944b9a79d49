-- What words of filters mean

-- Of a line of a kind; NULL where nothing of it was read
create or replace temp macro filter_result(kind, words, action) as
    case
        when words in ('DKIM verification successful', 'no signature error') then 'pass'
        when
            words in (
                'bad signature data', 'signature verification failed', 'body hash mismatch',
                'signature expired', 'signature timestamp in the future'
            )
            then 'fail'
        when words = 'no signature data' then 'none'
        when words in ('key retrieval failed', 'key DNS query failed') then 'temperror'
        when words in ('record not found', 'key not found in DNS') then 'permerror'
        when words = 'DKIM-Signature field added' then 'signed'
        -- Any other error of a signature is one of what stands in it, or in its key
        when kind = 'dkim_check' and words is not null then 'permerror'
        when kind = 'spf_check' and words = 'Permanent Error' then 'permerror'
        when kind = 'spf_check' and words = 'Temporary Error' then 'temperror'
        when kind = 'spf_check' and words like 'domain owner discourages%' then 'softfail'
        when kind = 'spf_check' and words like 'access neither permitted%' then 'neutral'
        -- policy-spf refuses nothing else
        when kind = 'spf_check' and words = 'Please see' then 'fail'
        when kind = 'greylist_check' and words in ('greylist', 'delayed', 'new', 'early reconnect')
            then 'greylisted'
        when kind = 'greylist_check' and words in ('pass', 'reconnect ok') then 'passed'
        when kind = 'spam_check' and words = 'Y' then 'spam'
        when kind = 'spam_check' and words = '.' then 'clean'
        -- rspamd says what is to be done
        when kind = 'spam_check' and words is null
            then case
                when
                    action in ('reject', 'discard', 'quarantine', 'add header', 'rewrite subject')
                    then 'spam'
                when action is not null then 'clean'
            end
        else lower(words)
    end;

-- Of a rule of rspamd that tells whether the origin of a message is proven
create or replace temp macro rspamd_result(rule) as
    case
        when
            rule in (
                'R_SPF_ALLOW', 'R_DKIM_ALLOW', 'DMARC_POLICY_ALLOW',
                'DMARC_POLICY_ALLOW_WITH_FAILURES', 'ARC_ALLOW'
            )
            then 'pass'
        when
            rule in (
                'R_SPF_FAIL', 'R_DKIM_REJECT', 'DMARC_POLICY_REJECT', 'DMARC_POLICY_QUARANTINE',
                'DMARC_POLICY_SOFTFAIL', 'ARC_REJECT', 'ARC_INVALID'
            )
            then 'fail'
        when rule = 'R_SPF_SOFTFAIL' then 'softfail'
        when rule = 'R_SPF_NEUTRAL' then 'neutral'
        when rule in ('R_SPF_NA', 'R_DKIM_NA', 'DMARC_NA', 'ARC_NA') then 'none'
        when rule in ('R_SPF_DNSFAIL', 'R_DKIM_TEMPFAIL', 'DMARC_DNSFAIL', 'ARC_DNSFAIL')
            then 'temperror'
        when rule in ('R_SPF_PERMFAIL', 'R_DKIM_PERMFAIL', 'DMARC_BAD_POLICY') then 'permerror'
    end;

-- What the rule is about
create or replace temp macro rspamd_check(rule) as
    lower(regexp_extract(rule, '^(?:R_)?([A-Z]+)_', 1));

-- The domain in From, of the rule about it; NULL where several are named
create or replace temp macro rspamd_dmarc_domains(symbols) as
    list_distinct(
        regexp_extract_all(lower(symbols), 'dmarc_[a-z_]+\([^(){}]*\)\{([^\s{};:,]+)', 1)
    );

create or replace temp macro rspamd_dmarc_domain(symbols) as
    case
        when len(rspamd_dmarc_domains(symbols)) = 1 then rspamd_dmarc_domains(symbols)[1]
    end;

-- The rules that matched, without what they found in the message; NULL where that cannot be told apart
create or replace temp macro rspamd_rules(symbols) as
    case
        when not regexp_matches(regexp_replace(symbols, '\{[^{}]*\}', '', 'g'), '[{}]')
            then regexp_replace(symbols, '\{[^{}]*\}', '', 'g')
    end;

create or replace temp macro rspamd_score() as '-?[0-9]+\.?[0-9]*';

-- A rule whose options are rspamd's own words. Those of all others may be strangers': a header, a domain, a
-- record of the DNS, where nothing is quoted
create or replace temp macro rspamd_own_rule() as
    '(?:R_DKIM_NA|ARC_NA)\(' || rspamd_score() || '\)\{\}'
    || '|R_SPF_NA\(' || rspamd_score() || '\)\{(?:no SPF record;?)?\}'
    || '|BAYES_(?:HAM|SPAM)\(' || rspamd_score() || '\)\{[0-9.]+%;?\}'
    || '|MIME_GOOD\(' || rspamd_score() || '\)\{(?:[a-z]+/[a-z.+-]+;?)*\}'
    || '|MIME_TRACE\(' || rspamd_score() || '\)\{[0-9:,;+~-]*\}';

-- Names of the rules that no stranger can have written: those before the first options that may be a stranger's
create or replace temp macro rspamd_certain_rules(symbols) as
    regexp_extract_all(
        regexp_extract(symbols, '^(?:(?:' || rspamd_own_rule() || '),)*[A-Z0-9_]+\('),
        '([A-Z0-9_]+)\(',
        1
    );
