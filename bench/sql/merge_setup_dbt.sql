-- The dimension as dbt snapshots keep theirs: an id of key and moment, the moment, the period.
create table dim_snapshot as
select item_id, name, category, price, status, valid_from as event_at, md5(item_id || '|' || cast(valid_from as varchar)) as dbt_scd_id,
    valid_from as dbt_updated_at, valid_from as dbt_valid_from, valid_to as dbt_valid_to
from dim_item;
drop table dim_item;
