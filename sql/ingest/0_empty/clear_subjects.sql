-- One row per subject with encoded words (RFC 2047) that lines at hand tell, and its text in clear
create or replace temp table clear_subjects (text varchar, clear_text varchar);
