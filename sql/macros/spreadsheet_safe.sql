-- Text that a spreadsheet would run as a formula gets an apostrophe in front
create or replace macro spreadsheet_safe(value) as
    case when regexp_matches(value, '^[=+@\t\r-]') then '''' || value else value end;
