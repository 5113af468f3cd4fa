-- Every line's amount is its quantity times its price, to the last of four decimals.
select seller_id, order_id, line_id, amount
from fact_order_line
where amount is distinct from cast(quantity as decimal(38,0)) * unit_price
