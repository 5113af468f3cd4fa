-- Returns of each seller by the month they came back and the reason (the return rate is in sales_kpi, by the month of the order).
-- Grain: seller, month and reason.
select
    seller_id,
    cast(date_trunc('month', cast(returned_on as timestamp)) as date) as month,
    coalesce(reason, 'unknown') as reason,
    count(*) as returns,
    cast(sum(quantity) as bigint) as units_returned,
    cast(sum(refund_reporting) as decimal(38,4)) as refund
from mart.returns
group by seller_id, cast(date_trunc('month', cast(returned_on as timestamp)) as date), coalesce(reason, 'unknown')
