-- One row per word of messages.state: what it means
create or replace view message_states as
select
    words.state,
    words.meaning,
    words.state_ja,
    words.meaning_ja
from (
    values
    (
        'in queue',
        'It is in the queue: being delivered, or waiting for another attempt.',
        'キュー内',
        'キューにあり、配送中か、次の試行を待っています。'
    ),
    (
        'on hold',
        'It is on hold: it stays in the queue, and nothing is tried until it is released.',
        '保留中',
        '保留されています。解除されるまで、キューに残ったまま配送は試みられません。'
    ),
    (
        'arriving',
        'Its reception had begun; how that ended is not in the logs.',
        '受信中',
        '受信が始まりましたが、どう終わったかはログにありません。'
    ),
    (
        'delivered',
        'It left the queue: mail was handed over or stored for every recipient that is logged.',
        '配送済み',
        'ログにあるすべての宛先について、引き渡されるか保存されるかして、キューを離れました。'
    ),
    (
        'partly delivered',
        'It left the queue, delivered to some of its recipients and not to others.',
        '一部配送済み',
        '一部の宛先には配送され、残りの宛先には配送されずに、キューを離れました。'
    ),
    (
        'forwarded',
        'It left the queue: aliases sent it on as another message.',
        '転送済み',
        'エイリアスなどにより別のメールとして転送され、キューを離れました。'
    ),
    (
        'filtered',
        'It left the queue: a content filter took it and gave it back as another message.',
        'フィルター通過',
        'フィルターに渡され、別のキューIDで戻されて、キューを離れました。'
    ),
    (
        'discarded',
        'It was thrown away on purpose, and the sender was not told.',
        '破棄',
        '意図的に破棄されました。差出人には知らされません。'
    ),
    (
        'bounced',
        'It left the queue undelivered: no recipient could be reached.',
        '不達',
        'どの宛先にも配送できずに、キューを離れました。'
    ),
    (
        'expired',
        'It left the queue undelivered: Postfix gave up before it could be delivered.',
        '期限切れ',
        '配送できないまま、Postfix が断念しました。'
    ),
    (
        'deleted',
        'The administrator deleted it from the queue.',
        '管理者が削除',
        '管理者がキューから削除しました。'
    ),
    (
        'requeued',
        'The administrator put it back into the queue; it goes on under another id.',
        '入れ直し',
        '管理者がキューに入れ直しました。別のキューIDで続きます。'
    ),
    (
        'refused',
        'It was refused as a whole before it was accepted; the client knows.',
        '受信拒否',
        '受け付ける前に、メール全体が拒否されました。相手には伝わっています。'
    ),
    (
        'given up',
        'Its reception ended before it was complete; it was never accepted.',
        '受信中止',
        '完了する前に受信が終わりました。受け付けられていません。'
    ),
    (
        'probed',
        'An address was only asked about; no mail was sent.',
        '宛先の確認のみ',
        '宛先を確認しただけで、メールは送られていません。'
    ),
    (
        'removed',
        'It left the queue; what became of its recipients is not in the logs.',
        'キューから削除',
        'キューを離れました。宛先ごとの結果はログにありません。'
    )
) as words (state, meaning, state_ja, meaning_ja);

comment on column message_states.state is 'The word';
comment on column message_states.meaning is 'What became of such a message, in English';
comment on column message_states.state_ja is 'The word in Japanese';
comment on column message_states.meaning_ja is 'What became of such a message, in Japanese';
