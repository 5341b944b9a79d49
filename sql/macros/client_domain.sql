-- What a client belongs to: the last two labels of its name, three where the last two are as short as
-- co.jp; its network where it has no name
create or replace macro client_domain(client_name, client_ip) as
    coalesce(
        nullif(
            regexp_extract(
                lower(client_name), '(?:[^.]+\.[^.]{1,3}\.[a-z]{2}|[^.]+\.[^.]+)$'
            ),
            ''
        ),
        network(client_ip)
    );
