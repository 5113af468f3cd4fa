-- Stock-outs of each seller a day. Grain: seller and day. An offer-day is one offer on one business day.
select
    seller_id,
    day,
    count(*) as offer_days,
    cast(sum(case when is_stock_out then 1 else 0 end) as bigint) as stock_out_days,
    cast(sum(case when is_missing then 1 else 0 end) as bigint) as missing_days,
    cast(sum(case when is_carried then 1 else 0 end) as bigint) as carried_days,
    cast(
        cast(
            cast(sum(case when is_stock_out then 1 else 0 end) as decimal(18,0)) / nullif(sum(case when is_missing then 0 else 1 end), 0) as decimal(28,12)
        ) as decimal(18,6)
    ) as stock_out_rate
from mart.stock_offer_day
group by seller_id, day
