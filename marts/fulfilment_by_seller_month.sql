-- How fast sub-orders travel, by the month they were placed. Grain: seller and month.
select
    seller_id,
    cast(date_trunc('month', cast(placed_on as timestamp)) as date) as month,
    count(*) as orders_placed,
    count(shipped_at) as orders_shipped,
    count(delivered_at) as orders_delivered,
    count(cancelled_at) as orders_cancelled,
    cast(sum(shipped_on - placed_on) as bigint) as days_to_ship,
    cast(sum(delivered_on - shipped_on) as bigint) as days_to_deliver,
    cast(
        cast(cast(sum(shipped_on - placed_on) as decimal(18,0)) / nullif(count(shipped_on - placed_on), 0) as decimal(28,10)) as decimal(18,4)
    ) as average_days_to_ship,
    cast(
        cast(cast(sum(delivered_on - shipped_on) as decimal(18,0)) / nullif(count(delivered_on - shipped_on), 0) as decimal(28,10))
        as decimal(18,4)
    ) as average_days_to_deliver
from fact_fulfilment
where placed_on is not null
group by seller_id, cast(date_trunc('month', cast(placed_on as timestamp)) as date)
