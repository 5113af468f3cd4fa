-- inputs: fact_order_line, fact_order_status, dim_product
-- dated: commission_rule, commission_default, fx_rate
--
-- Lines of closed months keep the commission that was booked. The script before has just computed what they owe by today's rules, for the
-- lines touched since ${since}; this one books what is new, puts the difference into an open month, and sets the lines back. So booked
-- commission plus adjustments is always what is owed, also by lines that are no longer there: nothing. Differences dated in a month that
-- was closed meanwhile stay as they are; what is still missing then is dated on the first day after the last closed month.

insert into fact_commission_booked (
    seller_id, order_id, line_id, period_start, commission_rate, commission_amount, commission_reporting
)
select l.seller_id, l.order_id, l.line_id, p.period_start, l.commission_rate, l.commission_amount, l.commission_reporting
from fact_order_line l
join books.closed_period p
    on l.ordered_on >= p.period_start
    and l.ordered_on < p.period_end
where (l.event_at >= ${since} or l.ordered_at >= ${since} or l.ordered_on >= ${since_dated})
    and l.ordered_on < (select max(period_end) from books.closed_period) -- in most batches no line is
    and exists (select 1 from books.closed_period) -- where none is closed, no line is looked at
    and l.commission_amount is not null
    and not exists (
        select 1
        from fact_commission_booked b
        where b.seller_id = l.seller_id and b.order_id = l.order_id and b.line_id = l.line_id
    );

-- A line that is gone one day was cancelled when it was last seen, or was not: a cancelled one owes nothing, then as now. Only orders
-- told since may have been cancelled since.
drop table if exists order_told;
create temp table order_told as
select seller_id, order_id
from fact_order_line
where event_at >= ${since}
    and ordered_on < (select max(period_end) from books.closed_period)
    and exists (select 1 from books.closed_period)
union
select s.seller_id, s.order_id
from fact_order_status s
where s.status_on >= ${since_day}
    and s.event_at >= ${since}
    and exists (select 1 from fact_commission_booked)
    and exists (
        select 1
        from fact_commission_booked b
        where b.seller_id = s.seller_id and b.order_id = s.order_id
    );

update fact_commission_booked as b
set cancelled_at = l.cancelled_at
from fact_order_line l
where l.seller_id = b.seller_id
    and l.order_id = b.order_id
    and l.line_id = b.line_id
    and l.cancelled_at is distinct from b.cancelled_at
    and (b.seller_id, b.order_id) in (select seller_id, order_id from order_told);

drop table order_told;

-- What booked lines owe today: those the script before computed (others carry what was booked), and those that are gone, which owe nothing.
-- Reprocessing alone takes lines out, and looks at all months.
drop table if exists line_owed;
create temp table line_owed as
select
    l.seller_id, l.order_id, l.line_id,
    coalesce(l.commission_amount, 0) as commission_amount,
    coalesce(l.commission_reporting, 0) as commission_reporting
from fact_order_line l
join fact_commission_booked b
    on b.seller_id = l.seller_id
    and b.order_id = l.order_id
    and b.line_id = l.line_id
where (l.seller_id, l.order_id, l.line_id) in (select seller_id, order_id, line_id from line_due)
union all
select b.seller_id, b.order_id, b.line_id, 0, 0
from fact_commission_booked b
left join fact_order_line l
    on l.seller_id = b.seller_id
    and l.order_id = b.order_id
    and l.line_id = b.line_id
where l.order_id is null and b.period_start + 31 > ${since_day};

delete from fact_commission_adjustment
where adjusted_on >= (select max(period_end) from books.closed_period)
    and (seller_id, order_id, line_id) in (select seller_id, order_id, line_id from line_owed);

insert into fact_commission_adjustment (seller_id, order_id, line_id, adjusted_on, commission_amount, commission_reporting)
with adjusted as (
    select
        seller_id, order_id, line_id,
        sum(commission_amount) as commission_amount,
        sum(commission_reporting) as commission_reporting
    from fact_commission_adjustment
    group by seller_id, order_id, line_id
),
missing as (
    select
        o.seller_id, o.order_id, o.line_id,
        cast(o.commission_amount - b.commission_amount - coalesce(a.commission_amount, 0) as decimal(18,4)) as commission_amount,
        cast(o.commission_reporting - coalesce(b.commission_reporting, 0) - coalesce(a.commission_reporting, 0) as decimal(18,4))
            as commission_reporting
    from line_owed o
    join fact_commission_booked b
        on b.seller_id = o.seller_id
        and b.order_id = o.order_id
        and b.line_id = o.line_id
    left join adjusted a
        on a.seller_id = o.seller_id
        and a.order_id = o.order_id
        and a.line_id = o.line_id
)
select
    seller_id, order_id, line_id,
    (select max(period_end) from books.closed_period),
    commission_amount, commission_reporting
from missing
where commission_amount <> 0 or commission_reporting <> 0;

drop table line_owed;
drop table line_due;

update fact_order_line as l
set commission_rate = b.commission_rate,
    commission_amount = b.commission_amount,
    commission_reporting = b.commission_reporting
from fact_commission_booked b
where b.seller_id = l.seller_id
    and b.order_id = l.order_id
    and b.line_id = l.line_id
    and (
        l.commission_rate is distinct from b.commission_rate
        or l.commission_amount is distinct from b.commission_amount
        or l.commission_reporting is distinct from b.commission_reporting
    );
