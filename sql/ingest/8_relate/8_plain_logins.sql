-- Services of smtpd that tell of TLS: of a login there that no such line precedes, silence says that
-- nothing protected it. Which they are, other connections tell, earlier or later ones
create or replace temp view telling_services as
select distinct
    host,
    instance,
    service
from connections
where tls_protocol is not null;

update logins
set is_tls = false
from connections
where
    logins.connection_key = connections.connection_key
    and logins.protocol = 'smtp'
    and logins.is_tls is null
    -- The TLS line of a connection may stand before the log's beginning
    and connections.connected_at is not null
    and exists(
        from telling_services
        where
            telling_services.host is not distinct from connections.host
            and telling_services.instance = connections.instance
            and telling_services.service is not distinct from connections.service
    );

-- Lines that told it may be taken out
update logins
set is_tls = null
from connections
where
    (select count(*) from removed_keys) > 0
    and logins.connection_key = connections.connection_key
    and logins.protocol = 'smtp'
    and not logins.is_tls
    and not exists(
        from telling_services
        where
            telling_services.host is not distinct from connections.host
            and telling_services.instance = connections.instance
            and telling_services.service is not distinct from connections.service
    );
