-- Every row of a table has a key of its own
select
    table_name,
    row_key,
    count(*) as row_count
from row_keys
where row_key is not null
group by table_name, row_key
having count(*) > 1
order by table_name, row_key;
