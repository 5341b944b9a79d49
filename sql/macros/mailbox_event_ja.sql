-- What happened to a message in a mailbox, in Japanese
create or replace macro mailbox_event_ja(event) as
    map {
        'saved': '保存',
        'copied': 'コピー',
        'expunged': '完全な削除',
        'autoexpunged': '自動削除',
        'marked as deleted': '削除の印の追加',
        'unmarked as deleted': '削除の印の取り消し',
        'flags changed': 'フラグの変更',
        'filtered': 'フィルターの適用',
        'mailbox created': 'メールボックスの作成',
        'mailbox deleted': 'メールボックスの削除',
        'mailbox renamed': 'メールボックスの名前の変更',
        'mailbox subscribed': 'メールボックスの購読',
        'mailbox unsubscribed': 'メールボックスの購読の解除'
    }[event];
