-- Commission of each seller a month as it is booked: that of the month's lines, and adjustments of closed months dated in it. What was booked
-- of a line that reprocessing took out stays in its month; the adjustment takes it back. A cancelled line owes nothing, nor do its
-- adjustments. Grain: seller and month.
with entry as (
    select seller_id, ordered_month as month, commission as of_lines, cast(0 as decimal(18,4)) as adjustments
    from mart.sales_measure
    union all
    select
        b.seller_id,
        b.period_start as month,
        b.commission_reporting as of_lines,
        cast(0 as decimal(18,4)) as adjustments
    from fact_commission_booked b
    left join fact_order_line l
        on l.seller_id = b.seller_id
        and l.order_id = b.order_id
        and l.line_id = b.line_id
    where l.order_id is null and b.cancelled_at is null
    union all
    select
        a.seller_id,
        cast(date_trunc('month', cast(a.adjusted_on as timestamp)) as date) as month,
        cast(0 as decimal(18,4)) as of_lines,
        a.commission_reporting as adjustments
    from fact_commission_adjustment a
    join fact_commission_booked b
        on b.seller_id = a.seller_id
        and b.order_id = a.order_id
        and b.line_id = a.line_id
    where b.cancelled_at is null
)
select
    seller_id,
    month,
    cast(sum(of_lines) as decimal(38,4)) as of_lines,
    cast(sum(adjustments) as decimal(38,4)) as adjustments,
    cast(coalesce(sum(of_lines), 0) + coalesce(sum(adjustments), 0) as decimal(38,4)) as commission
from entry
group by seller_id, month
