-- What a login attempt is told with (logins_of)
create or replace macro login_words(is_success, language) as
    map {
        true: {
            'en': '|{username}| logged in by {protocol}| from {client}|| ({method})|.',
            'ja': '|{username} が| |{client} から| {protocol} でログインしました|({method})|。'
        },
        false: {
            'en': 'A login by {protocol}| as {username}|| from {client}| failed|: {failure}|.',
            'ja': '|{client} から|の {protocol} のログイン|({username})|が失敗しました|: {failure}|。'
        }
    }[is_success][language];
