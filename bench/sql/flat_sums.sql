-- Both sides must hold the same rows: asked of both after the last run.
select cast(count(*) as varchar) as n_rows, cast(count(distinct event_id) as varchar) as n_events, cast(sum(line) as varchar) as lines,
    cast(sum(quantity) as varchar) as quantity, cast(sum(unit_price * quantity) as varchar) as amount,
    cast(min(event_time) as varchar) as first_time, cast(max(event_time) as varchar) as last_time,
    cast(sum(length(seller_id) + length(order_id) + length(customer_id) + length(product_id)
             + length(currency) + length(status) + length(country)) as varchar) as text_length
from fact_line
