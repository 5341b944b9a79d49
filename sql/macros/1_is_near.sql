-- A machine or network of one's own: loopback (RFC 1122, RFC 4291), private (RFC 1918, RFC 4193)
create or replace macro is_near(ip) as
    coalesce(
        ip = '::1'
        or regexp_matches(
            ip, '^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^f[cd][0-9a-f]{2}:'
        ),
        false
    );
