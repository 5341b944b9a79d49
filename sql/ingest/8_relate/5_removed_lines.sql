-- What was told by the lines that are gone is told without them now
delete from removed_lines;

delete from removed_ids;
