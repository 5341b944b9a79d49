-- One row per word of messages.state: what it means
create or replace view message_states as
with words as (
    select unnest(map_entries(state_words())) as word
)

select
    word.key as state,
    word.value.ja as state_ja,
    word.value.meaning_en as meaning,
    word.value.meaning_ja
from words;

comment on column message_states.state is 'The word';
comment on column message_states.state_ja is 'The word in Japanese';
comment on column message_states.meaning is 'What became of such a message, in English';
comment on column message_states.meaning_ja is 'The same in Japanese';
