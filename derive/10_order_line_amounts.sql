-- inputs: fact_order_line, fact_order_status, dim_product, commission_rule, commission_default, fx_rate
--
-- What a line is worth: amount, commission by the most specific rule of its business day, both in the reporting currency, and
-- whether it was cancelled. Everything is a function of the tables' content, so a late rule, rate, category or cancellation
-- gives the same figures as one that came in time.
--
-- A line can only be affected by what happened up to its last event: that bounds the work to lines with events since ${since}.

-- The first cancellation of the line, or of its whole sub-order, counts. Of orders touched since then, all lines.
update fact_order_line as l
set cancelled_at = c.cancelled_at
from (
    with touched as (
        select seller_id, order_id from fact_order_status where event_at >= ${since}
        union
        select seller_id, order_id from fact_order_line where event_at >= ${since}
    )
    select o.seller_id, o.order_id, o.line_id, min(s.event_at) as cancelled_at
    from touched t
    join fact_order_line o
        on o.seller_id = t.seller_id
        and o.order_id = t.order_id
    left join fact_order_status s
        on s.seller_id = o.seller_id
        and s.order_id = o.order_id
        and (s.line_id = '*' or s.line_id = o.line_id)
        and s.status = 'CANCELLED'
    group by o.seller_id, o.order_id, o.line_id
) c
where l.seller_id = c.seller_id
    and l.order_id = c.order_id
    and l.line_id = c.line_id
    and l.cancelled_at is distinct from c.cancelled_at;

-- Amounts. Rules are looked up once for each seller, category and day, rates once for each currency and day.
update fact_order_line as l
set amount = v.amount,
    commission_rate = v.commission_rate,
    commission_amount = v.commission_amount,
    fx_rate = v.fx_rate,
    fx_date = v.fx_date,
    amount_reporting = v.amount_reporting,
    commission_reporting = v.commission_reporting
from (
    with line as (
        select
            o.seller_id, o.order_id, o.line_id, o.ordered_on, o.currency, o.commission_charged,
            coalesce(p.category, '*') as category, -- a product without category knows only the rules for all
            cast(round(cast(o.quantity * o.unit_price as decimal(38,8)), 4) as decimal(18,4)) as amount
        from fact_order_line o
        left join dim_product p
            on p.product_key = o.product_key
            and p.valid_from = o.product_from
        where o.event_at >= ${since} or o.ordered_on >= ${since_day}
    ),
    -- Candidates with their place: seller and category, seller, category, default.
    candidate as (
        select
            k.seller_id, k.category, k.ordered_on, r.rate, r.valid_from,
            case when r.category = '*' then 2 else 1 end as place
        from (select distinct seller_id, category, ordered_on from line) k
        join commission_rule r
            on r.seller_id = k.seller_id
            and r.category in (k.category, '*')
            and r.valid_from <= k.ordered_on
            and (r.valid_to is null or r.valid_to > k.ordered_on)
        union all
        select
            k.seller_id, k.category, k.ordered_on, r.rate, r.valid_from,
            case when r.category = '*' then 4 else 3 end as place
        from (select distinct seller_id, category, ordered_on from line) k
        join commission_default r
            on r.category in (k.category, '*')
            and r.valid_from <= k.ordered_on
            and (r.valid_to is null or r.valid_to > k.ordered_on)
    ),
    rule as (
        select seller_id, category, ordered_on, rate
        from (
            select
                seller_id, category, ordered_on, rate,
                row_number() over (
                    partition by seller_id, category, ordered_on
                    order by place nulls last, valid_from desc nulls last
                ) as nth
            from candidate
        ) ranked
        where nth = 1
    ),
    -- The reporting currency is worth itself; of the others the last rate of the 10 days up to the order.
    rate as (
        select k.currency, k.ordered_on, max(f.rate_date) as rate_date
        from (select distinct currency, ordered_on from line) k
        join fx_rate f
            on f.currency = k.currency
            and f.quote = ${reporting_currency}
            and f.rate_date <= k.ordered_on
            and f.rate_date >= k.ordered_on - 10
        group by k.currency, k.ordered_on
    ),
    known as (
        select
            line.seller_id, line.order_id, line.line_id, line.amount,
            rule.rate as commission_rate,
            coalesce(
                line.commission_charged,
                cast(round(cast(line.amount * rule.rate as decimal(38,8)), 4) as decimal(18,4))
            ) as commission_amount,
            case when line.currency = ${reporting_currency} then cast(1 as decimal(18,8)) else fx_rate.rate end as fx_rate,
            case when line.currency = ${reporting_currency} then line.ordered_on else fx_rate.rate_date end as fx_date
        from line
        left join rule
            on rule.seller_id = line.seller_id
            and rule.category = line.category
            and rule.ordered_on = line.ordered_on
        left join rate
            on rate.currency = line.currency
            and rate.ordered_on = line.ordered_on
        left join fx_rate
            on fx_rate.currency = rate.currency
            and fx_rate.quote = ${reporting_currency}
            and fx_rate.rate_date = rate.rate_date
    )
    select
        seller_id, order_id, line_id, amount, commission_rate, commission_amount, fx_rate, fx_date,
        cast(round(cast(amount * fx_rate as decimal(38,8)), 4) as decimal(18,4)) as amount_reporting,
        cast(round(cast(commission_amount * fx_rate as decimal(38,8)), 4) as decimal(18,4)) as commission_reporting
    from known
) v
where l.seller_id = v.seller_id
    and l.order_id = v.order_id
    and l.line_id = v.line_id
    and (
        l.amount is distinct from v.amount
        or l.commission_rate is distinct from v.commission_rate
        or l.commission_amount is distinct from v.commission_amount
        or l.fx_rate is distinct from v.fx_rate
        or l.fx_date is distinct from v.fx_date
        or l.amount_reporting is distinct from v.amount_reporting
        or l.commission_reporting is distinct from v.commission_reporting
    );
