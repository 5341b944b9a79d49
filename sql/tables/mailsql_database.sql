-- One row: what wrote the objects of this database
create table if not exists mailsql_database (
    schema_version integer not null,
    mailsql_version varchar not null,
    duckdb_version varchar not null,
    objects_hash varchar
);

comment on column mailsql_database.schema_version is 'Version of the tables';
comment on column mailsql_database.mailsql_version is 'Version of mailsql that wrote the views';
comment on column mailsql_database.duckdb_version is 'Version of DuckDB that it ran on';
comment on column mailsql_database.objects_hash is
'Hash of the SQL that tables, views, macros and reports were written from';
