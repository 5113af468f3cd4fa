-- Every line's amount is its quantity times its price, to the last of four decimals.
select seller_id, order_id, line_id, amount
from fact_order_line
where amount is distinct from round(cast(cast(quantity as decimal(18,0)) * unit_price as decimal(38,8)), 4)
