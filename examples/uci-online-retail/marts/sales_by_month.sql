-- The year by month. Grain: month. net counts everything, cancellations as negative; sales only what is_sale says.
select
    invoiced_month as month,
    count(*) as lines,
    count(distinct invoice_no) as invoices,
    cast(sum(amount) as decimal(38,4)) as net,
    cast(sum(case when is_sale then amount else 0 end) as decimal(38,4)) as sales,
    cast(sum(case when kind = 'cancellation' then amount else 0 end) as decimal(38,4)) as cancelled
from mart.invoice_line
group by invoiced_month
