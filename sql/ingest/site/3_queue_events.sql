-- What forms of one's own know of the lines of messages that nobody else knew
update queue_events
set
    kind = site_lines.kind,
    text = site_lines.text
from site_lines
where queue_events.event_key = site_lines.line_key and queue_events.kind = 'unknown';
