-- What became of a message (messages.state): in short in Japanese, and what the word means
create or replace macro state_words() as
    map {
        'in queue': {
            'ja': 'キュー内',
            'meaning_en': 'It is in the queue: being delivered, or waiting for another attempt.',
            'meaning_ja': 'キューにあり、配送中か、次の試行を待っています。'
        },
        'on hold': {
            'ja': '保留中',
            'meaning_en': 'It is on hold: it stays in the queue, and nothing is tried until somebody '
            || 'releases it.',
            'meaning_ja': '保留されています。解除されるまで、キューに残ったまま配送は試みられません。'
        },
        'arriving': {
            'ja': '受信中',
            'meaning_en': 'Its reception had begun; how that ended is not in the logs.',
            'meaning_ja': '受信が始まりましたが、どう終わったかはログにありません。'
        },
        'delivered': {
            'ja': '配送済み',
            'meaning_en': 'It left the queue: the mail of every recipient was handed over or stored.',
            'meaning_ja': 'すべての宛先について、引き渡されるか保存されるかして、キューを離れました。'
        },
        'partly delivered': {
            'ja': '一部配送済み',
            'meaning_en': 'It left the queue: the mail of some recipients was handed over or stored, '
            || 'that of others was not.',
            'meaning_ja': '一部の宛先には配送され、残りの宛先には配送されずに、キューを離れました。'
        },
        'forwarded': {
            'ja': '転送済み',
            'meaning_en': 'It left the queue: aliases sent it on as another message.',
            'meaning_ja': 'エイリアスなどにより別のメールとして転送され、キューを離れました。'
        },
        'filtered': {
            'ja': 'フィルター通過',
            'meaning_en': 'It left the queue: a content filter took it, and gave it back as another '
            || 'message.',
            'meaning_ja': 'フィルターに渡され、別のキューIDで戻されて、キューを離れました。'
        },
        'discarded': {
            'ja': '破棄',
            'meaning_en': 'It was thrown away on purpose, and the sender was not told.',
            'meaning_ja': '意図的に破棄されました。差出人には知らされません。'
        },
        'bounced': {
            'ja': '不達',
            'meaning_en': 'It left the queue undelivered: it could not be delivered to any recipient.',
            'meaning_ja': 'どの宛先にも配送できずに、キューを離れました。'
        },
        'expired': {
            'ja': '期限切れ',
            'meaning_en': 'It left the queue undelivered: Postfix gave up after trying for days.',
            'meaning_ja': '期限内に配送できず、Postfix が配送を断念しました。'
        },
        'deleted': {
            'ja': '管理者が削除',
            'meaning_en': 'The administrator deleted it from the queue.',
            'meaning_ja': '管理者がキューから削除しました。'
        },
        'requeued': {
            'ja': '入れ直し',
            'meaning_en': 'The administrator put it back into the queue; it goes on under another '
            || 'queue id.',
            'meaning_ja': '管理者がキューに入れ直しました。別のキューIDで続きます。'
        },
        'refused': {
            'ja': '受信拒否',
            'meaning_en': 'It was refused as a whole before it was accepted; the client knows.',
            'meaning_ja': '受け付ける前に、メール全体が拒否されました。相手には伝わっています。'
        },
        'given up': {
            'ja': '受信中止',
            'meaning_en': 'Its reception ended before it was complete; it was never accepted.',
            'meaning_ja': '完了する前に受信が終わりました。受け付けられていません。'
        },
        'probed': {
            'ja': '宛先の確認のみ',
            'meaning_en': 'An address was only asked about; no mail was sent.',
            'meaning_ja': '宛先を確認しただけで、メールは送られていません。'
        },
        'removed': {
            'ja': 'キューから削除',
            'meaning_en': 'It left the queue; what became of its recipients is not in the logs.',
            'meaning_ja': 'キューを離れました。宛先ごとの結果はログにありません。'
        }
    };
