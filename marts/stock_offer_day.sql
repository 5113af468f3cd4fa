-- Stock of an offer over all its places at the end of a business day. Grain: offer and day.
-- An offer with a place whose stock is missing is missing itself: a stock-out is only said where everything is known.
select
    seller_id,
    sku,
    condition,
    day,
    cast(sum(closing_level) as bigint) as known_level,
    cast(case when count(closing_level) = count(*) then sum(closing_level) end as bigint) as level,
    count(closing_level) < count(*) as is_missing,
    count(closing_level) = count(*) and sum(closing_level) <= 0 as is_stock_out,
    sum(case when state = 'reported' then 1 else 0 end) = 0 and count(closing_level) = count(*) as is_carried
from fact_stock_daily
group by seller_id, sku, condition, day
