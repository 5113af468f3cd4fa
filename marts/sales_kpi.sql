-- All ratios of sales, defined once, for the platform, each seller and each category, by day and month.
-- Grain: period, starts_on, dimension and member. Inside only: a seller's own ratios are the rows of dimension seller.
-- A quotient is a double on one engine: it is rounded to more places first, so that a tie is a tie (1.00005, not 1.00004999).
with figure as (
    select
        'day' as period, day as starts_on, 'platform' as dimension, 'platform' as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_day
    union all
    select
        'month' as period, month as starts_on, 'platform' as dimension, 'platform' as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_month
    union all
    select
        'day' as period, day as starts_on, 'seller' as dimension, seller_id as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_seller_day
    union all
    select
        'month' as period, month as starts_on, 'seller' as dimension, seller_id as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_seller_month
    union all
    select
        'month' as period, month as starts_on, 'seller_category_as_was' as dimension, seller_category as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_seller_category_as_was
    union all
    select
        'month' as period, month as starts_on, 'seller_category_as_is' as dimension, seller_category as member,
        orders_placed, orders, lines, lines_cancelled, units, units_returned,
        gmv, turnover, refund, commission, lines_without_rate, lines_without_commission
    from mart.sales_by_seller_category_as_is
    union all
    select
        'month' as period, month as starts_on, 'product_category_as_was' as dimension, product_category as member,
        cast(sum(orders_placed) as bigint), cast(sum(orders) as bigint), cast(sum(lines) as bigint), cast(sum(lines_cancelled) as bigint),
        cast(sum(units) as bigint), cast(sum(units_returned) as bigint), cast(sum(gmv) as decimal(38,4)), cast(sum(turnover) as decimal(38,4)),
        cast(sum(refund) as decimal(38,4)), cast(sum(commission) as decimal(38,4)), cast(sum(lines_without_rate) as bigint),
        cast(sum(lines_without_commission) as bigint)
    from mart.sales_by_product_category_as_was
    group by month, product_category
    union all
    select
        'month' as period, month as starts_on, 'product_category_as_is' as dimension, product_category as member,
        cast(sum(orders_placed) as bigint), cast(sum(orders) as bigint), cast(sum(lines) as bigint), cast(sum(lines_cancelled) as bigint),
        cast(sum(units) as bigint), cast(sum(units_returned) as bigint), cast(sum(gmv) as decimal(38,4)), cast(sum(turnover) as decimal(38,4)),
        cast(sum(refund) as decimal(38,4)), cast(sum(commission) as decimal(38,4)), cast(sum(lines_without_rate) as bigint),
        cast(sum(lines_without_commission) as bigint)
    from mart.sales_by_product_category_as_is
    group by month, product_category
)
select
    period,
    starts_on,
    dimension,
    member,
    orders_placed,
    orders,
    lines,
    lines_cancelled,
    units,
    units_returned,
    gmv,
    turnover,
    refund,
    commission,
    cast(cast(turnover / nullif(orders, 0) as decimal(28,10)) as decimal(18,4)) as average_basket,
    cast(cast(commission / nullif(turnover, 0) as decimal(28,12)) as decimal(18,6)) as take_rate,
    cast(cast(cast(units_returned as decimal(18,0)) / nullif(units, 0) as decimal(28,12)) as decimal(18,6)) as return_rate,
    cast(cast(cast(lines_cancelled as decimal(18,0)) / nullif(lines, 0) as decimal(28,12)) as decimal(18,6)) as cancellation_rate,
    lines_without_rate,
    lines_without_commission
from figure
