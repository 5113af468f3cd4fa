-- The dimension and the staged batch as dlt keeps them for strategy scd2: each row with a hash of its values. The hash is made while
-- extracting, so it is here before the clock; the moment of the event stays out of it, else everything would be a change.
create table dim_scd2 as
select item_id, name, category, price, status, md5(concat_ws('|', item_id, name, category, cast(price as varchar), status)) as _dlt_id,
    valid_from as _dlt_valid_from, valid_to as _dlt_valid_to
from dim_item;
create table staged_scd2 as
select item_id, name, category, price, status, md5(concat_ws('|', item_id, name, category, cast(price as varchar), status)) as _dlt_id
from change;
drop table dim_item;
drop table change;
