-- Sales with everything resolved: seller and product as they were when the line was ordered (_then) and as they are (_now).
-- Grain: one order line. The measures are those of sales_measure.
select
    m.seller_id,
    seller_then.name as seller_name_then,
    seller_now.name as seller_name_now,
    seller_then.status as seller_status_then,
    seller_now.status as seller_status_now,
    seller_then.category as seller_category_then,
    seller_now.category as seller_category_now,
    seller_then.tier as seller_tier_then,
    seller_now.tier as seller_tier_now,
    seller_now.country as seller_country,
    m.order_id,
    m.line_id,
    m.ordered_at,
    m.ordered_on,
    m.ordered_month,
    m.product_id,
    product_then.name as product_name_then,
    product_now.name as product_name_now,
    product_then.category as product_category_then,
    product_now.category as product_category_now,
    product_now.brand as brand,
    m.offer_sku,
    m.condition,
    offer_then.price as offer_price_then,
    offer_then.lead_time_days as lead_time_days_then,
    m.status,
    m.cancelled_at,
    m.is_cancelled,
    m.quantity,
    m.currency,
    m.amount,
    m.commission_rate,
    m.commission_amount,
    m.fx_rate,
    m.lines,
    m.lines_cancelled,
    m.units,
    m.units_returned,
    m.gmv,
    m.turnover,
    m.refund,
    m.commission,
    m.lines_without_rate,
    m.lines_without_commission
from mart.sales_measure m
left join dim_seller seller_then
    on seller_then.seller_key = m.seller_key
    and seller_then.valid_from = m.seller_from
left join dim_seller seller_now
    on seller_now.seller_key = m.seller_key
    and seller_now.is_current
left join dim_product product_then
    on product_then.product_key = m.product_key
    and product_then.valid_from = m.product_from
left join dim_product product_now
    on product_now.product_key = m.product_key
    and product_now.is_current
left join dim_offer offer_then
    on offer_then.offer_key = m.offer_key
    and offer_then.valid_from = m.offer_from
