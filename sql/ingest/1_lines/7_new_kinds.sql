-- One row per kind that new lines have
create or replace temp table new_kinds as
select distinct kind from lines
where is_new and exists(select row_no from cut_lines where line_key is null);
