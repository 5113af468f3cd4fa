-- What dlt does by strategy scd2 with a merge key, from the documented behaviour: an active row of a key in the batch whose hash is not in
-- the batch is retired at the moment of the load, and a row of the batch whose hash is not active becomes active from that moment. The
-- moment of an event plays no part, and of several changes of a key all become active.
begin transaction;

update dim_scd2 set _dlt_valid_to = timestamp '2025-12-31 00:00:00'
where _dlt_valid_to is null
    and item_id in (select item_id from staged_scd2)
    and _dlt_id not in (select _dlt_id from staged_scd2);

insert into dim_scd2
select item_id, name, category, price, status, _dlt_id, timestamp '2025-12-31 00:00:00', null
from staged_scd2
where _dlt_id not in (select _dlt_id from dim_scd2 where _dlt_valid_to is null);

commit;
