-- inputs: fact_order_line, fact_order_status, dim_product
-- dated: commission_rule, commission_default, fx_rate
--
-- What a line is worth: amount, commission by the most specific rule of its business day, both in the reporting currency, and
-- whether it was cancelled. Everything is a function of the tables' content, so a late rule, rate, category or cancellation
-- gives the same figures as one that came in time.
--
-- What can have changed bounds the work: lines told since (those without an amount yet, unless all are asked for), lines ordered since a
-- product changed, and lines of days that rates or rules were told for.
-- The new values are compared before the update, so that the join with the table is as small as the change. They lie in a table of their
-- own: DuckDB knows no figures of rows that are not committed yet, and joined in one statement it would update them in the order of the
-- other side, which took twenty times as long as all the rest.
--
-- A factor is cast before products are made: DuckDB keeps the product of two decimals of up to 18 digits in 18 digits and fails beyond
-- (a million at a rate of 8 decimals). Products are rounded once.

-- Lines to look at, each once: the new ones, those of the days and those of the products that changed. A branch each, so that an engine with indexes
-- reads few lines. Also read, and dropped, by 12_commission_adjustments.sql.
drop table if exists line_due;
create temp table line_due as
with due as (
    select *, true as is_new
    from fact_order_line
    where event_at >= ${since_fact_order_line}
        and (amount is null or ${since_fact_order_line} = timestamp '0001-01-01 00:00:00')
    union all
    select *, false
    from fact_order_line
    where ordered_on >= ${since_dated}
        and not (
            event_at >= ${since_fact_order_line}
            and (amount is null or ${since_fact_order_line} = timestamp '0001-01-01 00:00:00')
        )
    union all
    select *, false
    from fact_order_line
    where ordered_at >= ${since_dim_product}
        and product_key in (${keys_dim_product})
        and ordered_on < ${since_dated}
        and not (
            event_at >= ${since_fact_order_line}
            and (amount is null or ${since_fact_order_line} = timestamp '0001-01-01 00:00:00')
        )
)
select
    order_line_key, seller_id, order_id, line_id, product_key, product_from, ordered_on, currency, quantity, unit_price, commission_charged,
    cancelled_at, amount, commission_rate, commission_amount, fx_rate, fx_date, amount_reporting, commission_reporting, is_new
from due;

-- The first cancellation of the line, or of its whole sub-order, counts.
drop table if exists line_cancelled;
create temp table line_cancelled as
-- Lines that are new, those whose cancellation was told since then, and those that lost theirs to another content of its event.
with touched as (
    select order_line_key, seller_id, order_id, line_id, cancelled_at
    from line_due
    where is_new
    union
    select o.order_line_key, o.seller_id, o.order_id, o.line_id, o.cancelled_at
    from fact_order_line o
    join fact_order_status s
        on s.seller_id = o.seller_id
        and s.order_id = o.order_id
        and s.status = 'CANCELLED'
        and s.status_on >= ${since_day}
        and s.event_at >= ${since_fact_order_status}
    union
    select order_line_key, seller_id, order_id, line_id, cancelled_at
    from fact_order_line
    where cancelled_at >= ${since_fact_order_status}
),
cancelled as (
    select seller_id, order_id, line_id, min(event_at) as cancelled_at
    from fact_order_status
    where status = 'CANCELLED'
        and (seller_id, order_id) in (select seller_id, order_id from touched)
    group by seller_id, order_id, line_id
),
known as (
    select
        o.order_line_key, o.seller_id, o.cancelled_at as stored_at,
        case
            when own.cancelled_at < whole.cancelled_at then own.cancelled_at
            else coalesce(whole.cancelled_at, own.cancelled_at)
        end as cancelled_at
    from touched o
    left join cancelled own
        on own.seller_id = o.seller_id
        and own.order_id = o.order_id
        and own.line_id = o.line_id
    left join cancelled whole
        on whole.seller_id = o.seller_id
        and whole.order_id = o.order_id
        and whole.line_id = '*'
)
select order_line_key, seller_id, cancelled_at
from known
where cancelled_at is distinct from stored_at;

update fact_order_line as l
set cancelled_at = v.cancelled_at
from line_cancelled v
where l.order_line_key = v.order_line_key
    and l.seller_id = v.seller_id;

drop table line_cancelled;

-- What lines look up, once for all lines that share it. In tables: DuckDB takes those that are not committed yet for empty, and would hold all
-- lines in memory to pass rates by them, were these not taken for empty, too.
drop table if exists version_due;
create temp table version_due as
select v.product_key, v.product_from, p.category
from (select distinct product_key, product_from from line_due) v
join dim_product p
    on p.product_key = v.product_key
    and p.valid_from = v.product_from;

drop table if exists rate_due;
create temp table rate_due as
with rule as (
    select seller_id, category, valid_from, valid_to, rate from commission_rule
    union all
    select '*', category, valid_from, valid_to, rate from commission_default
),
-- Rules of one seller and category may overlap (a promotion inside an open rule): cut time where one begins or ends ...
edge as (
    select seller_id, category, valid_from as day from rule
    union
    select seller_id, category, valid_to from rule where valid_to is not null
),
span as (
    select
        seller_id, category, day as starts_on,
        coalesce(lead(day) over (partition by seller_id, category order by day nulls last), date '9999-12-31') as ends_on
    from edge
),
-- ... and of those that hold in a span, the one that began last is its rate.
ranked as (
    select
        s.seller_id, s.category, s.starts_on, s.ends_on, r.rate,
        row_number() over (
            partition by s.seller_id, s.category, s.starts_on
            order by r.valid_from desc nulls last
        ) as nth
    from span s
    join rule r
        on r.seller_id = s.seller_id
        and r.category = s.category
        and r.valid_from <= s.starts_on
        and (r.valid_to is null or r.valid_to > s.starts_on)
),
commission as (
    select seller_id, category, starts_on, ends_on, rate from ranked where nth = 1
),
-- A product without category, which no category is named like, knows only the rules for all.
sold as (
    select distinct line.seller_id, coalesce(v.category, '') as category, line.ordered_on
    from line_due line
    left join version_due v
        on v.product_key = line.product_key
        and v.product_from = line.product_from
)
-- Seller and category, seller, category, default.
select
    s.seller_id, s.category, s.ordered_on,
    coalesce(own_category.rate, own.rate, any_category.rate, every.rate) as rate
from sold s
left join commission own_category
    on own_category.seller_id = s.seller_id
    and own_category.category = s.category
    and s.ordered_on >= own_category.starts_on
    and s.ordered_on < own_category.ends_on
left join commission own
    on own.seller_id = s.seller_id
    and own.category = '*'
    and s.ordered_on >= own.starts_on
    and s.ordered_on < own.ends_on
left join commission any_category
    on any_category.seller_id = '*'
    and any_category.category = s.category
    and s.ordered_on >= any_category.starts_on
    and s.ordered_on < any_category.ends_on
left join commission every
    on every.seller_id = '*'
    and every.category = '*'
    and s.ordered_on >= every.starts_on
    and s.ordered_on < every.ends_on;

drop table if exists fx_due;
create temp table fx_due as
with currency_day as (
    select distinct currency, ordered_on from line_due
),
-- Of a currency and day the last rate of the 10 days up to it; the reporting currency is worth itself.
rate_day as (
    select k.currency, k.ordered_on, max(f.rate_date) as rate_date
    from currency_day k
    join fx_rate f
        on f.currency = k.currency
        and f.quote = ${reporting_currency}
        and f.rate_date <= k.ordered_on
        and f.rate_date >= k.ordered_on - 10
    where k.currency <> ${reporting_currency}
    group by k.currency, k.ordered_on
)
select d.currency, d.ordered_on, d.rate_date, f.rate
from rate_day d
join fx_rate f
    on f.currency = d.currency
    and f.quote = ${reporting_currency}
    and f.rate_date = d.rate_date
union all
select currency, ordered_on, ordered_on, cast(1 as decimal(18,8))
from currency_day
where currency = ${reporting_currency};

drop table if exists line_worth;
create temp table line_worth as
with priced as (
    select
        line.order_line_key, line.seller_id, line.commission_charged,
        line.amount as stored_amount, line.commission_rate as stored_commission_rate,
        line.commission_amount as stored_commission_amount, line.fx_rate as stored_fx_rate, line.fx_date as stored_fx_date,
        line.amount_reporting as stored_amount_reporting, line.commission_reporting as stored_commission_reporting,
        cast(cast(line.quantity as decimal(38,0)) * line.unit_price as decimal(18,4)) as amount, -- exact: nothing to round
        r.rate as commission_rate,
        fx.rate as fx_rate,
        fx.rate_date as fx_date
    from line_due line
    left join version_due v
        on v.product_key = line.product_key
        and v.product_from = line.product_from
    left join rate_due r
        on r.seller_id = line.seller_id
        and r.category = coalesce(v.category, '')
        and r.ordered_on = line.ordered_on
    left join fx_due fx
        on fx.currency = line.currency
        and fx.ordered_on = line.ordered_on
),
charged as (
    select
        *,
        coalesce(
            commission_charged,
            cast(round(cast(amount as decimal(38,8)) * commission_rate, 4) as decimal(18,4))
        ) as commission_amount
    from priced
),
converted as (
    select
        *,
        case
            when fx_rate = 1 then amount
            else cast(round(cast(amount as decimal(38,8)) * fx_rate, 4) as decimal(18,4))
        end as amount_reporting,
        case
            when fx_rate = 1 then commission_amount
            else cast(round(cast(commission_amount as decimal(38,8)) * fx_rate, 4) as decimal(18,4))
        end as commission_reporting
    from charged
)
select
    order_line_key, seller_id,
    amount, commission_rate, commission_amount, fx_rate, fx_date, amount_reporting, commission_reporting
from converted
where amount is distinct from stored_amount
    or commission_rate is distinct from stored_commission_rate
    or commission_amount is distinct from stored_commission_amount
    or fx_rate is distinct from stored_fx_rate
    or fx_date is distinct from stored_fx_date
    or amount_reporting is distinct from stored_amount_reporting
    or commission_reporting is distinct from stored_commission_reporting;

update fact_order_line as l
set amount = v.amount,
    commission_rate = v.commission_rate,
    commission_amount = v.commission_amount,
    fx_rate = v.fx_rate,
    fx_date = v.fx_date,
    amount_reporting = v.amount_reporting,
    commission_reporting = v.commission_reporting
from line_worth v
where l.order_line_key = v.order_line_key
    and l.seller_id = v.seller_id
    -- All of them are; it keeps the join from reading all lines. Nothing about amounts: an engine that takes NULL for rare would join in loops.
    and (
        l.ordered_on >= ${since_dated}
        or l.ordered_at >= ${since_dim_product}
        or l.event_at >= ${since_fact_order_line}
    );

drop table line_worth;
drop table fx_due;
drop table rate_due;
drop table version_due;
