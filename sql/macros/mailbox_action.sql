-- What became of a message at a mailbox, to begin (en) or to end (ja) a sentence with
create or replace macro mailbox_action(action, language) as
    map {
        'stored': {'en': 'Stored in mailbox', 'ja': 'に保存しました'},
        'forwarded': {'en': 'Forwarded to', 'ja': 'に転送しました'},
        'discarded': {'en': 'Discarded', 'ja': '破棄しました'},
        'rejected': {'en': 'Rejected, with a notice to', 'ja': 'に受け取りの拒否を知らせました'},
        'answered': {'en': 'Answered automatically to', 'ja': 'に自動返信しました'},
        'notified': {'en': 'Announced to', 'ja': 'に通知を送りました'},
        'piped': {'en': 'Handed to the program', 'ja': 'というプログラムに渡しました'},
        'duplicate': {'en': 'Not sent twice to', 'ja': 'には重複のため送りませんでした'},
        'skipped': {'en': 'Nothing was sent to', 'ja': 'には送りませんでした'},
        'quota full': {
            'en': 'Not stored, over quota,',
            'ja': 'メールボックスがいっぱいで保存できませんでした'
        },
        'failed': {'en': 'Failed:', 'ja': 'への処理に失敗しました'},
        'passed on': {'en': 'Passed on to', 'ja': 'に引き渡しました'}
    }[action][language];
