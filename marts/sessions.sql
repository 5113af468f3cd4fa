-- Visits: what happened in each, and whether it led to an order (known since the shop sends session_id with the order).
-- Grain: one session, on the business day it began. Inside only.
with ordered as (
    select session_id, count(distinct order_id) as orders
    from fact_order_line
    where session_id is not null
    group by session_id
)
select
    c.session_id,
    min(c.event_at) as started_at,
    min(c.clicked_on) as day,
    count(*) as clicks,
    count(c.user_id) = 0 as is_anonymous,
    sum(case when c.event_type = 'add_to_cart' then 1 else 0 end) > 0 as has_cart,
    sum(case when c.event_type = 'checkout_start' then 1 else 0 end) > 0 as has_checkout,
    max(case when o.session_id is null then 0 else 1 end) = 1 as has_order
from fact_click c
left join ordered o on o.session_id = c.session_id
group by c.session_id
