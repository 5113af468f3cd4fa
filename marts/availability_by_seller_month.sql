-- Business days on which an offer could not be bought because its seller said so. Grain: seller and month. A day counts
-- once an offer when any such interval touches it; an open interval lasts to the day of the seller's last message about availability.
with said as (
    select seller_id, max(event_at) as at
    from fact_availability
    group by seller_id
)
select
    x.seller_id,
    x.month,
    count(*) as unavailable_days
from (
    select distinct
        a.seller_id, a.sku, a.condition, d.date as day,
        cast(date_trunc('month', cast(d.date as timestamp)) as date) as month
    from fact_availability a
    join said s on s.seller_id = a.seller_id
    join dim_date d
        on d.date >= a.starts_on
        and (a.ends_at is null or d.begins_at < a.ends_at)
        and (a.ends_at is not null or d.begins_at <= s.at)
    where not a.available
) x
group by x.seller_id, x.month
