-- Sales of each seller a month in the currency of the orders: needs no exchange rate, so it also holds where none is known, and it
-- is what a seller's own books show. Grain: seller, currency and month.
select
    seller_id,
    currency,
    ordered_month as month,
    cast(sum(lines) as bigint) as lines,
    cast(sum(amount) as decimal(38,4)) as gmv,
    cast(sum(case when is_cancelled then 0 else amount end) as decimal(38,4)) as turnover,
    cast(sum(case when is_cancelled then 0 else commission_amount end) as decimal(38,4)) as commission
from mart.sales_measure
group by seller_id, currency, ordered_month
