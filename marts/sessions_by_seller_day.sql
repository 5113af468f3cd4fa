-- Audience of each seller a business day: sessions that saw a page of the seller, and those of them that ordered from it. Only
-- the seller's own pages and orders count, so nobody's figures tell of another seller. Grain: seller and day.
with visit as (
    select
        seller_id, session_id, min(clicked_on) as day, count(*) as clicks,
        max(case when event_type = 'add_to_cart' then 1 else 0 end) as has_cart
    from fact_click
    where seller_id <> 'platform' -- pages of nobody
    group by seller_id, session_id
),
ordered as (
    select distinct seller_id, session_id
    from fact_order_line
    where session_id is not null
)
select
    v.seller_id,
    v.day,
    count(*) as sessions,
    cast(sum(v.clicks) as bigint) as clicks,
    cast(sum(v.has_cart) as bigint) as sessions_with_cart,
    count(o.session_id) as sessions_with_order,
    cast(cast(cast(count(o.session_id) as decimal(18,0)) / nullif(count(*), 0) as decimal(28,12)) as decimal(18,6)) as conversion_rate
from visit v
left join ordered o
    on o.seller_id = v.seller_id
    and o.session_id = v.session_id
group by v.seller_id, v.day
