-- dim_customer of the former warehouse (main is the schema of the star): customer_id, name, email, address, city, country. Inside only: personal data.
select customer_id, name, email, address, city, country
from main.dim_customer
where is_current and not is_deleted
