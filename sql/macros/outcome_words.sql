-- What became of a recipient (recipients_of), in words: in short, and as a sentence with facts
create or replace macro outcome_words(outcome, language) as
    map {
        'stored in mailbox': {
            'short_en': 'stored in mailbox',
            'short_ja': '保存済み',
            'en': 'stored in the mailbox',
            'ja': 'メールボックスに保存されました'
        },
        'delivered': {
            'short_en': 'delivered',
            'short_ja': '配送済み',
            'en': 'delivered| through {relay}|',
            'ja': '|{relay} 経由で|配送されました'
        },
        'relayed': {
            'short_en': 'relayed',
            'short_ja': '引き渡し済み',
            'en': 'handed over| to {relay}|',
            'ja': '|{relay} に|引き渡されました'
        },
        'forwarded': {
            'short_en': 'forwarded',
            'short_ja': '転送済み',
            'en': 'forwarded| as {remote_queue_id}|',
            'ja': '|キューID {remote_queue_id} として|転送されました'
        },
        'filtered': {
            'short_en': 'filtered',
            'short_ja': 'フィルター通過',
            'en': 'handed to a content filter, which gave it back| as {remote_queue_id}|',
            'ja': 'フィルターに渡され、|キューID {remote_queue_id} として|戻りました'
        },
        'discarded': {
            'short_en': 'discarded',
            'short_ja': '破棄',
            'en': 'discarded| ({reply})|',
            'ja': '破棄されました|({reply})|'
        },
        'deferred': {
            'short_en': 'deferred',
            'short_ja': '延期中',
            'en': 'not delivered so far|, after {attempts} attempts|: {reply}|',
            'ja': 'まだ配送されていません|(試行 {attempts} 回)|: {reply}|'
        },
        'bounced': {
            'short_en': 'bounced',
            'short_ja': '不達',
            'en': 'not delivered|: {reply}|',
            'ja': '配送できませんでした|: {reply}|'
        },
        'expired': {
            'short_en': 'expired',
            'short_ja': '期限切れ',
            'en': 'not delivered in time, given up|: {reply}|',
            'ja': '期限内に配送できず、断念しました|: {reply}|'
        },
        'deleted': {
            'short_en': 'deleted',
            'short_ja': '管理者が削除',
            'en': 'not delivered before the administrator deleted the message|: {reply}|',
            'ja': '配送される前に管理者がメールを削除しました|: {reply}|'
        },
        'requeued': {
            'short_en': 'requeued',
            'short_ja': '入れ直し',
            'en': 'goes on under another queue id',
            'ja': '別のキューIDで続きます'
        },
        'probed': {
            'short_en': 'probed',
            'short_ja': '宛先の確認のみ',
            'en': 'only asked about, no mail was sent|: {reply}|',
            'ja': '宛先の確認だけで、メールは送られていません|: {reply}|'
        },
        -- Of a message that went on under another queue id, of which no attempt is known
        'in queue': {
            'short_en': 'in queue',
            'short_ja': 'キュー内',
            'en': 'in the queue, not delivered so far',
            'ja': 'キューにあり、まだ配送されていません'
        },
        'on hold': {
            'short_en': 'on hold',
            'short_ja': '保留中',
            'en': 'on hold, until somebody releases it|: {reply}|',
            'ja': '保留されていて、解除されるまで配送されません|: {reply}|'
        },
        'refused': {
            'short_en': 'refused',
            'short_ja': '受信拒否',
            'en': 'refused by the next queue',
            'ja': '次のキューで受信を拒否されました'
        },
        'unknown': {
            'short_en': 'unknown',
            'short_ja': '不明',
            'en': 'how it ended is not in the logs',
            'ja': '結果はログにありません'
        },
        -- Of mailboxes, which mailbox_action tells
        'rejected': {'short_en': 'rejected', 'short_ja': '受け取り拒否', 'en': null, 'ja': null},
        'answered': {'short_en': 'answered', 'short_ja': '自動返信', 'en': null, 'ja': null},
        'notified': {'short_en': 'notified', 'short_ja': '通知', 'en': null, 'ja': null},
        'piped': {'short_en': 'piped', 'short_ja': 'プログラムに引き渡し', 'en': null, 'ja': null},
        'duplicate': {'short_en': 'duplicate', 'short_ja': '重複', 'en': null, 'ja': null},
        'skipped': {'short_en': 'skipped', 'short_ja': '送信なし', 'en': null, 'ja': null},
        'quota full': {'short_en': 'quota full', 'short_ja': '容量超過', 'en': null, 'ja': null},
        'failed': {'short_en': 'failed', 'short_ja': '処理失敗', 'en': null, 'ja': null},
        'passed on': {'short_en': 'passed on', 'short_ja': '引き渡し済み', 'en': null, 'ja': null}
    }[outcome][language];
