-- No row is there of a line that was a copy
update lines
set
    part = null,
    is_new = true
where part = 'promoted';
