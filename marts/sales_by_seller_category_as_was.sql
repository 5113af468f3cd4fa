-- Sales a month by the seller's line of business as it was when the line was ordered. Grain: seller category and month.
select
    coalesce(seller_category_then, 'unknown') as seller_category,
    ordered_month as month,
    count(distinct seller_id || '/' || order_id) as orders_placed,
    count(distinct case when not is_cancelled then seller_id || '/' || order_id end) as orders,
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
from mart.sales_line
group by coalesce(seller_category_then, 'unknown'), ordered_month
