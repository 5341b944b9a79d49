-- A line without its head and without what differs from line to line
create or replace macro line_shape(line) as
    regexp_replace(
        regexp_replace(
            regexp_replace(line, '^.*?\S(?:\[\d+\])?: ', ''),
            '<[^>]*>|\[[^\]]*\]|\b[0-9A-F]{8,}\b',
            '...',
            'g'
        ),
        '\d+',
        'N',
        'g'
    );
