-- What filters say in the changed lines
delete from check_results
where check_key in (select line_key from changed_lines where not is_new and is_filter_result(kind));

insert into check_results by name
select
    filter_results.line_key as check_key,
    replace(filter_results.kind::varchar, '_check', '') as check_name,
    processes.host,
    processes.program,
    true as is_certain,
    filter_results.* exclude (line_key, header_id, kind, dmarc_domain, certain_rules)
from filter_results
inner join processes on filter_results.header_id = processes.header_id
order by filter_results.line_key;

-- What rules of rspamd say besides
insert into check_results by name
with rules as (
    select
        line_key,
        certain_rules,
        regexp_extract(unnest(string_split(text, ',')), '^([A-Z_]+)\(', 1) as rule
    from filter_results
    where kind = 'spam_check' and contains(text, '(')
),

results as (
    select
        line_key,
        rspamd_check(rule) as check_name,
        rspamd_result(rule) as result,
        list_contains(certain_rules, rule) as is_certain
    from rules
    where rspamd_result(rule) is not null
    -- What only looks like a rule takes nothing from one that is certain. Signatures may be several
    qualify
        is_certain
        or check_name = 'dkim'
        or not bool_or(is_certain) over (partition by line_key, check_name)
),

told as (
    select
        line_key,
        check_name,
        case when count(distinct result) = 1 then any_value(result) end as result,
        bool_or(is_certain) as is_certain
    from results
    group by line_key, check_name
)

select
    told.line_key as check_key,
    told.check_name,
    processes.host,
    processes.program,
    told.result,
    told.is_certain,
    case told.check_name
        when 'spf' then filter_results.domain
        when 'dmarc' then filter_results.dmarc_domain
    end as domain,
    filter_results.* exclude (
        line_key, header_id, kind, result, domain, action, score, threshold, text, dmarc_domain,
        certain_rules
    )
from told
inner join filter_results on told.line_key = filter_results.line_key
inner join processes on filter_results.header_id = processes.header_id
order by told.line_key, told.check_name;
