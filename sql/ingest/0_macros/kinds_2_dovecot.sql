-- Kinds of Dovecot's lines, told by their first words
create or replace temp macro dovecot_kind(body) as
    case
        when regexp_matches(body, '^[a-z0-9-]+-login: (?:Login|Logged in): ') then 'dovecot_login'
        when regexp_matches(
            body,
            '^[a-z0-9-]+-login: (?:Aborted login|Disconnected|Login aborted|Internal login failure'
            || '|Maximum number of connections|Authentication response too large|Timeout while '
            || 'finishing login|Connection kicked)[ :(]'
        ) and (contains(body, 'user=<') or contains(body, ' rip=')) then 'dovecot_login_failure'
        when regexp_matches(body, '^(?:pop3|POP3)\(|^service=pop3, ')
            and regexp_matches(body, ' (?:top=\d+/\d+, )?retr=\d+/\d+, del=\d+/\d+, size=\d+')
            then 'pop3_logout'
        when starts_with(body, 'master: Dovecot v') then 'dovecot_lifecycle'
    end;
