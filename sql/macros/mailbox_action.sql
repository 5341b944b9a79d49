-- What became of a message at a mailbox, as a sentence with facts (mailbox, target) and without end
create or replace macro mailbox_action(action, language) as
    map {
        'stored': {
            'en': 'Stored| in mailbox {mailbox}|',
            'ja': '|メールボックス {mailbox} に|保存しました'
        },
        'forwarded': {'en': 'Forwarded| to {target}|', 'ja': '|{target} に|転送しました'},
        'discarded': {'en': 'Discarded', 'ja': '破棄しました'},
        'rejected': {
            'en': 'Rejected|, with a notice to {target}|',
            'ja': '|{target} に|受け取りの拒否を知らせました'
        },
        'answered': {
            'en': 'Answered automatically| to {target}|',
            'ja': '|{target} に|自動返信しました'
        },
        'notified': {'en': 'Announced| to {target}|', 'ja': '|{target} に|通知を送りました'},
        'piped': {
            'en': 'Handed to the program| {target}|',
            'ja': '|{target} という|プログラムに渡しました'
        },
        'duplicate': {
            'en': 'Not sent twice| to {target}|',
            'ja': '|{target} には|重複のため送りませんでした'
        },
        'skipped': {
            'en': 'Nothing was sent| to {target}|',
            'ja': '|{target} には|何も送りませんでした'
        },
        'quota full': {
            'en': 'Not stored (over quota)',
            'ja': 'メールボックスがいっぱいで保存できませんでした'
        },
        'failed': {'en': 'Failed|: {target}|', 'ja': '|{target} への|処理に失敗しました'},
        'passed on': {'en': 'Passed on| to {target}|', 'ja': '|{target} に|引き渡しました'}
    }[action][language];
