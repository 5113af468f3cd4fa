-- What dbt snapshots do by strategy timestamp, from the documented behaviour. The source has one row a key (unique_key must be unique), so
-- the last change of each is what a snapshot sees. A key whose row is younger than its open version gets a new one, equal or not, and
-- the open one ends where the new one begins; a row that is older is not looked at.
begin transaction;

create temp table source as
select *, md5(item_id || '|' || cast(event_at as varchar)) as dbt_scd_id
from change
qualify row_number() over (partition by item_id order by event_at desc) = 1;

create temp table staged as
select 'insert' as dbt_change_type, s.*, s.event_at as dbt_valid_from, cast(null as timestamp) as dbt_valid_to
from source s
left join dim_snapshot d on d.item_id = s.item_id and d.dbt_valid_to is null
where d.item_id is null or d.dbt_valid_from < s.event_at
union all
select 'update', s.item_id, s.name, s.category, s.price, s.status, s.event_at, d.dbt_scd_id, s.event_at, s.event_at
from source s
join dim_snapshot d on d.item_id = s.item_id and d.dbt_valid_to is null
where d.dbt_valid_from < s.event_at;

update dim_snapshot set dbt_valid_to = staged.dbt_valid_to
from staged
where staged.dbt_scd_id = dim_snapshot.dbt_scd_id and staged.dbt_change_type = 'update' and dim_snapshot.dbt_valid_to is null;

insert into dim_snapshot
select item_id, name, category, price, status, event_at, dbt_scd_id, event_at, dbt_valid_from, dbt_valid_to
from staged where dbt_change_type = 'insert';

commit;
