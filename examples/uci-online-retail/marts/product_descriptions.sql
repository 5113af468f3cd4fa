-- Articles with more than one description, and how many. Grain: one article.
select
    stock_code,
    count(distinct description) as descriptions,
    min(description) as one,
    max(description) as another,
    count(*) as lines
from fact_invoice_line
group by stock_code
having count(distinct description) > 1
