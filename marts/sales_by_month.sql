-- Sales of the whole platform a month: by construction the sum over sellers. Grain: month.
-- orders are sub-orders (an order of two sellers counts for each); baskets are what customers placed.
with basket as (
    select ordered_month as month, count(distinct order_id) as baskets
    from mart.sales_measure
    group by ordered_month
),
total as (
    select
        month,
        cast(sum(orders_placed) as bigint) as orders_placed,
        cast(sum(orders) as bigint) as orders,
        cast(sum(lines) as bigint) as lines,
        cast(sum(lines_cancelled) as bigint) as lines_cancelled,
        cast(sum(units) as bigint) as units,
        cast(sum(units_returned) as bigint) as units_returned,
        cast(sum(gmv) as decimal(38,4)) as gmv,
        cast(sum(turnover) as decimal(38,4)) as turnover,
        cast(sum(refund) as decimal(38,4)) as refund,
        cast(sum(commission) as decimal(38,4)) as commission,
        cast(sum(lines_without_rate) as bigint) as lines_without_rate,
        cast(sum(lines_without_commission) as bigint) as lines_without_commission
    from mart.sales_by_seller_month
    group by month
)
select
    total.month,
    basket.baskets,
    total.orders_placed,
    total.orders,
    total.lines,
    total.lines_cancelled,
    total.units,
    total.units_returned,
    total.gmv,
    total.turnover,
    total.refund,
    total.commission,
    total.lines_without_rate,
    total.lines_without_commission
from total
join basket on basket.month = total.month
