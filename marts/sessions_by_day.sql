-- Audience of the whole shop a business day. Grain: day.
select
    day,
    count(*) as sessions,
    cast(sum(case when is_anonymous then 1 else 0 end) as bigint) as sessions_anonymous,
    cast(sum(case when has_cart then 1 else 0 end) as bigint) as sessions_with_cart,
    cast(sum(case when has_checkout then 1 else 0 end) as bigint) as sessions_with_checkout,
    cast(sum(case when has_order then 1 else 0 end) as bigint) as sessions_with_order,
    cast(cast(cast(sum(case when has_checkout then 1 else 0 end) as decimal(18,0)) / nullif(count(*), 0) as decimal(28,12)) as decimal(18,6)) as checkout_rate,
    cast(cast(cast(sum(case when has_order then 1 else 0 end) as decimal(18,0)) / nullif(count(*), 0) as decimal(28,12)) as decimal(18,6)) as conversion_rate
from mart.sessions
group by day
