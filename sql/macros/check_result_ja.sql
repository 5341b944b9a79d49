-- The result of a check (message_checks) in Japanese, with the blanks around it; words of SPF, DKIM, DMARC and ARC stay
create or replace macro check_result_ja(result) as
    coalesce(
        map {
            'signed': '「署名」',
            'clean': '「問題なし」',
            'spam': '「迷惑メール」',
            'spammy': '「迷惑メールの疑い」',
            'infected': '「感染」',
            'greylisted': '「いったん拒否」',
            'passed': '「通過」',
            'banned': '「禁止されたファイル」',
            'listed': '「登録あり」'
        }[result],
        ' ' || result || ' '
    );
