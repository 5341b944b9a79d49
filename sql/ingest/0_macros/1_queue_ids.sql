-- How queue ids look
create or replace temp macro is_queue_id(word) as
    regexp_full_match(
        word,
        '[0-9A-F]{6,21}'
        || '|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,20}'
    );

-- MailScanner takes a message out of the queue and puts it back under another id
create or replace temp macro requeued_ids(text) as
    regexp_extract(
        text, '^Requeue: ([0-9A-Za-z]+)\.[0-9A-Z]+ to ([0-9A-Za-z]+)$', ['old', 'new']
    );
