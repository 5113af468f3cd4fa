-- Stock-outs of each seller a month. Grain: seller and month. An offer-day is one offer on one business day.
select
    seller_id,
    cast(date_trunc('month', cast(day as timestamp)) as date) as month,
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
group by seller_id, cast(date_trunc('month', cast(day as timestamp)) as date)
