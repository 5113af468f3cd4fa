-- The year by country as written. Grain: country.
select
    country,
    country_code,
    count(*) as lines,
    count(distinct invoice_no) as invoices,
    count(distinct customer_id) as customers,
    cast(sum(amount) as decimal(38,4)) as net
from mart.invoice_line
group by country, country_code
