-- How long the stock lasts: the last known stock of an offer over what it sold a day in the 28 days up to then. Grain: one offer.
-- Null when nothing was sold or the stock is missing.
with last_day as (
    select seller_id, max(day) as day
    from fact_stock_daily
    group by seller_id
),
sold as (
    select m.seller_id, m.offer_sku as sku, m.condition, sum(m.units) as units
    from mart.sales_measure m
    join last_day h on h.seller_id = m.seller_id
    where m.ordered_on <= h.day and m.ordered_on > h.day - 28
    group by m.seller_id, m.offer_sku, m.condition
)
select
    s.seller_id,
    s.sku,
    s.condition,
    s.day,
    s.level,
    cast(coalesce(sold.units, 0) as bigint) as units_28_days,
    cast(cast(cast(s.level as decimal(38,0)) * 28 / nullif(sold.units, 0) as decimal(28,10)) as decimal(18,1)) as days_of_cover
from mart.stock_offer_day s
join last_day h
    on h.seller_id = s.seller_id
    and h.day = s.day
left join sold
    on sold.seller_id = s.seller_id
    and sold.sku = s.sku
    and sold.condition = s.condition
