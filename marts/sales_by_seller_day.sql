-- Sales of each seller a business day. Grain: seller and day. Ratios are in sales_kpi.
select
    seller_id,
    ordered_on as day,
    count(distinct order_id) as orders_placed,
    count(distinct case when not is_cancelled then order_id end) as orders,
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
from mart.sales_measure
group by seller_id, ordered_on
