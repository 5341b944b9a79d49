-- One row per page of forms of one's own that the lines of a log are read with (internal)
create table if not exists site_forms (
    forms_sha256 varchar not null,
    told_no integer not null,
    page varchar not null,
    text varchar not null
);

comment on column site_forms.forms_sha256 is
'SHA-256 of all pages that were told together (stream_settings)';
comment on column site_forms.told_no is
'Place among them in the order of telling: of a kind that several have, the greatest explains it';
comment on column site_forms.page is 'File of the page';
comment on column site_forms.text is
'What the page says, as it was told: it is read and checked anew each time, and is never run';
