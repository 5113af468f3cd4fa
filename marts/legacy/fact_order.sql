-- fact_order of the former warehouse, one row an order line: INT quantity, DECIMAL(18,2) price, DATETIME at whole seconds in UTC. Lines
-- are there once, with their price and the last status that was told of them.
with told as (
    select
        l.seller_id, l.order_id, l.line_id,
        s.status,
        row_number() over (
            partition by l.seller_id, l.order_id, l.line_id
            order by s.event_at desc, s.event_id desc, s.status desc
        ) as nth
    from main.fact_order_line l
    join main.fact_order_status s
        on s.seller_id = l.seller_id
        and s.order_id = l.order_id
        and s.line_id in (l.line_id, '*')
)
select
    l.order_id,
    l.product_id,
    l.customer_id,
    cast(l.quantity as integer) as quantity,
    cast(round(l.unit_price, 2) as decimal(18,2)) as unit_price,
    coalesce(t.status, l.status) as status,
    date_trunc('second', l.ordered_at) as order_timestamp
from main.fact_order_line l
left join told t
    on t.seller_id = l.seller_id
    and t.order_id = l.order_id
    and t.line_id = l.line_id
    and t.nth = 1
