-- What a login attempt is told with (logins_of)
create or replace macro login_words(is_success, language) as
    map {
        true: {
            'en':
                '|{username}| logged in by {protocol}| from {client}|| ({method})|'
                || '|; the session fetched {fetched_count} message(s), {fetched_bytes} bytes|.',
            'ja':
                '|{username} が| |{client} から| {protocol} でログインしました|({method})|'
                || '|。セッション中の受信は {fetched_count} 通、{fetched_bytes} バイト|。'
        },
        false: {
            'en': 'A login by {protocol}| as {username}|| from {client}| failed|: {failure}|.',
            'ja': '|{client} から|の {protocol} のログイン|({username})|が失敗しました|: {failure}|。'
        }
    }[is_success][language];
