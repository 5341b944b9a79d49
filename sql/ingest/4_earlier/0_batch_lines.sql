-- All that is in the batch stands in lines by now: its memory is needed
drop table batch_lines;
