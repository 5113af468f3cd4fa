-- Invoice lines with their value and the article's and customer's state at that time. Grain: one row of the files.
select
    l.invoice_no,
    l.kind,
    l.invoiced_at,
    l.invoiced_on,
    cast(date_trunc('month', cast(l.invoiced_on as timestamp)) as date) as invoiced_month,
    l.stock_code,
    l.description,
    product_now.description as product_description_now,
    product_now.first_description as product_description_first,
    l.quantity,
    l.unit_price,
    cast(cast(l.quantity as decimal(38,0)) * l.unit_price as decimal(38,4)) as amount,
    l.customer_id,
    l.country,
    l.country_code,
    customer_now.country as customer_country_now,
    -- What the shop itself would call a sale: to a known customer, of something, for money.
    l.quantity > 0 and l.unit_price > 0 and l.customer_id is not null as is_sale
from fact_invoice_line l
left join dim_product product_now
    on product_now.product_key = l.product_key
    and product_now.is_current
left join dim_customer customer_now
    on customer_now.customer_key = l.customer_key
    and customer_now.is_current
