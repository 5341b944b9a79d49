-- A client as Postfix writes it, NAME[ADDRESS]
create or replace macro client(name, ip) as
    coalesce(name, 'unknown') || '[' || coalesce(ip, 'unknown') || ']';
