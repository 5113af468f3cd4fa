-- Commission as booked, over all months, is that of the lines plus their adjustments; and lines of closed months owe what was booked.
select mart.seller_id, mart.commission, coalesce(line.commission, 0) + coalesce(line.adjustments, 0) as of_lines
from (
    select seller_id, sum(commission) as commission from mart.commission_by_seller_month group by seller_id
) mart
full join (
    select
        l.seller_id,
        sum(l.commission_reporting) as commission,
        sum((
            select sum(a.commission_reporting)
            from fact_commission_adjustment a
            where a.seller_id = l.seller_id and a.order_id = l.order_id and a.line_id = l.line_id
        )) as adjustments
    from fact_order_line l
    where l.cancelled_at is null
    group by l.seller_id
) line on line.seller_id = mart.seller_id
where coalesce(mart.commission, 0) <> coalesce(line.commission, 0) + coalesce(line.adjustments, 0)
union all
select l.seller_id, l.commission_amount, b.commission_amount
from fact_order_line l
join fact_commission_booked b
    on b.seller_id = l.seller_id
    and b.order_id = l.order_id
    and b.line_id = l.line_id
where l.commission_amount is distinct from b.commission_amount
   or l.commission_reporting is distinct from b.commission_reporting
