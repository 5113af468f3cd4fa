-- What every line counts for: the one place where turnover, GMV, commission, units, cancellations and refunds are defined.
-- Grain: one order line. Amounts are in the reporting currency; null where no exchange rate is known, and counted as such.
-- No WITH here: PostgreSQL plans a view that has one apart from the query that asks it, which then sorts by a seller that is always the same.
select
    l.seller_id,
    l.order_id,
    l.line_id,
    l.ordered_at,
    l.ordered_on,
    cast(date_trunc('month', cast(l.ordered_on as timestamp)) as date) as ordered_month,
    l.product_id,
    l.offer_sku,
    l.condition,
    l.status,
    l.cancelled_at,
    l.cancelled_at is not null as is_cancelled,
    l.quantity,
    l.currency,
    l.amount,
    l.commission_rate,
    l.commission_amount,
    l.fx_rate,
    -- A cancelled line leaves turnover, commission and units on the day it was ordered, not on the day it was cancelled: a sale that
    -- did not happen did not happen on any day. GMV keeps it: it tells what was asked for.
    1 as lines,
    case when l.cancelled_at is null then 0 else 1 end as lines_cancelled,
    case when l.cancelled_at is null then l.quantity else 0 end as units,
    cast(coalesce(r.units, 0) as bigint) as units_returned,
    l.amount_reporting as gmv,
    case when l.cancelled_at is null then l.amount_reporting else cast(0 as decimal(18,4)) end as turnover,
    -- A refund belongs to the line it gives money back for, so rates compare what was sold with what came back of it.
    cast(coalesce(r.refund, 0) as decimal(38,4)) as refund,
    case when l.cancelled_at is null then l.commission_reporting else cast(0 as decimal(18,4)) end as commission,
    case when l.amount_reporting is null then 1 else 0 end as lines_without_rate,
    case when l.commission_amount is null then 1 else 0 end as lines_without_commission,
    l.seller_key,
    l.seller_from,
    l.product_key,
    l.product_from,
    l.offer_key,
    l.offer_from
from fact_order_line l
left join (
    select
        seller_id, order_id, line_id,
        sum(quantity) as units,
        sum(refund_reporting) as refund
    from fact_return
    group by seller_id, order_id, line_id
) r
    on r.seller_id = l.seller_id
    and r.order_id = l.order_id
    and r.line_id = l.line_id
