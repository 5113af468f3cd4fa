-- fact_order of the former warehouse, one row an order line: INT quantity, DECIMAL(18,2) price, DATETIME at whole seconds in UTC. Lines
-- are there once, with their price and their last status.
select
    order_id,
    product_id,
    customer_id,
    cast(quantity as integer) as quantity,
    cast(round(unit_price, 2) as decimal(18,2)) as unit_price,
    status,
    date_trunc('second', ordered_at) as order_timestamp
from main.fact_order_line
