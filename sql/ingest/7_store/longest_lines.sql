-- How long the lines of the stream were so far
insert into longest_lines by name
select * from new_longest_lines;
