-- Offers as they are, with the product each stands for: named by the seller, or found by trade item number, or by the seller's SKU.
-- Grain: one offer (seller, SKU and condition).
select
    o.seller_id,
    o.sku,
    o.condition,
    coalesce(o.product_id, g.product_id, i.product_id) as product_id,
    case
        when o.product_id is not null then 'product_id'
        when g.product_id is not null then 'gtin'
        when i.product_id is not null then 'sku'
        else 'unresolved'
    end as product_found_by,
    p.name as product_name,
    p.category as product_category,
    o.title,
    o.price,
    o.currency,
    o.stock_policy,
    o.lead_time_days,
    o.available,
    o.is_inferred
from dim_offer o
left join product_gtin g on g.gtin = o.gtin
left join product_identifier i
    on i.seller_id = o.seller_id
    and i.sku = o.sku
left join dim_product p
    on p.product_id = coalesce(o.product_id, g.product_id, i.product_id)
    and p.is_current
where o.is_current and not o.is_deleted
