-- dim_product of the former warehouse: product_id, name, category; the last state instead of the first one ever written.
select product_id, name, category
from main.dim_product
where is_current and not is_deleted
