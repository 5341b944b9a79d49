-- The status of a delivery attempt in Japanese, with the word of the log
create or replace macro status_ja(status, outcome) as
    case
        when outcome = 'discarded' then '破棄(' || status || ')'
        when outcome = 'filtered' then 'フィルターへの引き渡し(' || status || ')'
        when status = 'sent' and outcome = 'bounced' then '不達(sent)'
        when status = 'sent' then '送信済み(sent)'
        when outcome = 'deferred' then '延期(' || status || ')'
        when status = 'bounced' then '不達(bounced)'
        when status = 'expired' then '期限切れ(expired)'
        when status = 'deliverable' then '配送可能(deliverable)'
        when is_probe(status) then '配送不能(' || status || ')'
        else status
    end;
