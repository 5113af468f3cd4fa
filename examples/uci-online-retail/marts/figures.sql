-- Every figure published with the data, from the warehouse. Grain: one figure.
with
days as (
    select count(distinct invoiced_on) as n from fact_invoice_line
),
descriptions as (
    select count(*) as n from mart.product_descriptions
),
repeated as (
    -- Rows equal to an earlier one in all columns: of n equal rows, n - 1.
    select sum(n - 1) as n
    from (
        select count(*) as n
        from fact_invoice_line
        group by invoice_no, stock_code, description, quantity, invoiced_at, unit_price, customer_id, country
    ) equal_rows
)
select 1 as nth, 'rows' as name, cast(count(*) as decimal(38,3)) as value from mart.invoice_line
union all
select 2 as nth, 'days (one file each)' as name, cast(n as decimal(38,3)) as value from days
union all
select 3 as nth, 'invoices' as name, cast(count(distinct invoice_no) as decimal(38,3)) as value from mart.invoice_line
union all
select 4 as nth, 'cancellations' as name, cast(count(distinct case when kind = 'cancellation' then invoice_no end) as decimal(38,3)) as value from mart.invoice_line
union all
select 5 as nth, 'rows of cancellations' as name, cast(sum(case when kind = 'cancellation' then 1 else 0 end) as decimal(38,3)) as value from mart.invoice_line
union all
select 6 as nth, 'rows without customer' as name, cast(count(*) - count(customer_id) as decimal(38,3)) as value from mart.invoice_line
union all
select 7 as nth, 'customers' as name, cast(count(distinct customer_id) as decimal(38,3)) as value from mart.invoice_line
union all
select 8 as nth, 'rows without description' as name, cast(count(*) - count(description) as decimal(38,3)) as value from mart.invoice_line
union all
select 9 as nth, 'stock codes' as name, cast(count(distinct stock_code) as decimal(38,3)) as value from mart.invoice_line
union all
select 10 as nth, 'stock codes with several descriptions' as name, cast(n as decimal(38,3)) as value from descriptions
union all
select 11 as nth, 'countries' as name, cast(count(distinct country) as decimal(38,3)) as value from mart.invoice_line
union all
select 12 as nth, 'rows with negative quantity' as name, cast(sum(case when quantity < 0 then 1 else 0 end) as decimal(38,3)) as value from mart.invoice_line
union all
select 13 as nth, 'rows with zero price' as name, cast(sum(case when unit_price = 0 then 1 else 0 end) as decimal(38,3)) as value from mart.invoice_line
union all
select 14 as nth, 'rows with negative price' as name, cast(sum(case when unit_price < 0 then 1 else 0 end) as decimal(38,3)) as value from mart.invoice_line
union all
select 15 as nth, 'rows equal to an earlier row' as name, cast(n as decimal(38,3)) as value from repeated
union all
select 16 as nth, 'sum of quantity x price, all rows' as name, cast(sum(amount) as decimal(38,3)) as value from mart.invoice_line
union all
select 17 as nth, 'sum of quantity x price, both positive and customer known' as name, cast(sum(case when is_sale then amount else 0 end) as decimal(38,3)) as value from mart.invoice_line
union all
select 18 as nth, 'net 2010-12' as name, cast(net as decimal(38,3)) as value from mart.sales_by_month where month = date '2010-12-01'
union all
select 19 as nth, 'net 2011-06' as name, cast(net as decimal(38,3)) as value from mart.sales_by_month where month = date '2011-06-01'
union all
select 20 as nth, 'net 2011-11' as name, cast(net as decimal(38,3)) as value from mart.sales_by_month where month = date '2011-11-01'
