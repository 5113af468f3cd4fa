-- inputs: fact_return
-- dated: fx_rate
--
-- Refunds in the reporting currency, by the last rate of the 10 days up to the return. Products as in 10_order_line_amounts.sql.

drop table if exists return_worth;
create temp table return_worth as
with refund as (
    select seller_id, return_id, order_id, line_id, returned_at, returned_on, currency, refund_amount
    from fact_return
    where returned_at >= ${since} or returned_on >= ${since_dated}
),
rate as (
    select k.currency, k.returned_on, max(f.rate_date) as rate_date
    from (select distinct currency, returned_on from refund) k
    join fx_rate f
        on f.currency = k.currency
        and f.quote = ${reporting_currency}
        and f.rate_date <= k.returned_on
        and f.rate_date >= k.returned_on - 10
    group by k.currency, k.returned_on
),
known as (
    select
        refund.seller_id, refund.return_id, refund.order_id, refund.line_id, refund.returned_at, refund.refund_amount,
        case when refund.currency = ${reporting_currency} then cast(1 as decimal(18,8)) else fx_rate.rate end as fx_rate,
        case when refund.currency = ${reporting_currency} then refund.returned_on else fx_rate.rate_date end as fx_date
    from refund
    left join rate
        on rate.currency = refund.currency
        and rate.returned_on = refund.returned_on
    left join fx_rate
        on fx_rate.currency = rate.currency
        and fx_rate.quote = ${reporting_currency}
        and fx_rate.rate_date = rate.rate_date
)
select
    seller_id, return_id, order_id, line_id, returned_at, fx_rate, fx_date,
    cast(round(cast(refund_amount as decimal(38,8)) * fx_rate, 4) as decimal(18,4)) as refund_reporting
from known;

update fact_return as r
set fx_rate = v.fx_rate,
    fx_date = v.fx_date,
    refund_reporting = v.refund_reporting
from return_worth v
where r.seller_id = v.seller_id
    and r.return_id = v.return_id
    and r.order_id = v.order_id
    and r.line_id = v.line_id
    and r.returned_at = v.returned_at
    and (
        r.fx_rate is distinct from v.fx_rate
        or r.fx_date is distinct from v.fx_date
        or r.refund_reporting is distinct from v.refund_reporting
    );

drop table return_worth;
