-- The same figures of the engine's plain table as `select count(*), sum(quantity), sum(quantity * unit_price) from fact_order_line`.
select cast(count(*) as varchar) as n_rows, cast(sum(item.quantity) as varchar) as quantity,
    cast(sum(item.quantity * item.unit_price) as varchar) as amount
from (select unnest(items) as item from orders)
