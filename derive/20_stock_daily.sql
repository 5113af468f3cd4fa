-- inputs: fact_stock_event
--
-- Stock at the end of each business day, for every offer and place (a series): the last level of all time up to that day, plus
-- the movements after it in event-time order. A day without event carries the last known stock; before a first level the
-- stock is missing, which is not zero. A seller's days end at the last business day on which that seller told anything,
-- so nobody's rows depend on another seller.
--
-- Only series that tell something from ${since_day} on, or did when they were made last, are made again, and only from that day on:
-- what is stored for the day before is where they start. So a series shrinks, or goes, with the events that are taken out: by
-- reprocessing, or because another content of the same movement won. Other series of the same sellers grow or shrink to the last day.

drop table if exists told_series;
create temp table told_series as
select seller_id, sku, condition, location
from fact_stock_event
where event_on >= ${since_day}
union
select seller_id, sku, condition, location
from fact_stock_daily
where day >= ${since_day} and n_events > 0;

delete from fact_stock_daily
where day >= ${since_day}
    and (seller_id, sku, condition, location) in (select seller_id, sku, condition, location from told_series);

-- The last day on which a seller tells anything: from here on by the events, before by what is stored of them.
drop table if exists seller_horizon;
create temp table seller_horizon as
with told as (
    select seller_id, event_on as day
    from fact_stock_event
    where event_on >= ${since_day}
    union all
    select seller_id, day
    from fact_stock_daily
    where n_events > 0
)
select seller_id, max(day) as last_day
from told
where seller_id in (select seller_id from told_series)
group by seller_id;

drop table if exists day_beyond;
create temp table day_beyond as
select distinct d.seller_id, d.day
from fact_stock_daily d
join seller_horizon h on h.seller_id = d.seller_id and h.last_day < d.day
where d.day >= ${since_day};

delete from fact_stock_daily
where (seller_id, day) in (select seller_id, day from day_beyond);

insert into fact_stock_daily (seller_id, sku, condition, location, day, closing_level, state, n_events)
with event as (
    select seller_id, sku, condition, location, event_on, event_at, movement_id, level, coalesce(delta, 0) as delta
    from fact_stock_event
    where event_on >= ${since_day}
),
-- Where each series stands before: its last stored day.
stored as (
    select d.seller_id, d.sku, d.condition, d.location, max(d.day) as day
    from fact_stock_daily d
    join seller_horizon h on h.seller_id = d.seller_id
    group by d.seller_id, d.sku, d.condition, d.location
),
opening as (
    select s.seller_id, s.sku, s.condition, s.location, s.day + 1 as first_day, d.closing_level as level
    from stored s
    join fact_stock_daily d
        on d.seller_id = s.seller_id
        and d.sku = s.sku
        and d.condition = s.condition
        and d.location = s.location
        and d.day = s.day
    union all
    select e.seller_id, e.sku, e.condition, e.location, min(e.event_on), null
    from event e
    left join stored s
        on s.seller_id = e.seller_id
        and s.sku = e.sku
        and s.condition = e.condition
        and s.location = e.location
    where s.day is null
    group by e.seller_id, e.sku, e.condition, e.location
),
-- Movements summed up, and the number of levels so far. At the same moment the level comes last: it already contains the movement.
summed as (
    select
        seller_id, sku, condition, location, event_on, event_at, movement_id, level,
        sum(delta) over told as moved,
        count(level) over told as nth_level
    from event
    window told as (
        partition by seller_id, sku, condition, location
        order by event_at nulls last, case when level is null then 0 else 1 end nulls last, movement_id nulls last
        rows between unbounded preceding and current row
    )
),
-- The level in force, freed of the movements before it: what it adds to the sum.
based as (
    select
        seller_id, sku, condition, location, event_on, moved, nth_level,
        max(level - moved) over (partition by seller_id, sku, condition, location, nth_level) as base,
        row_number() over (
            partition by seller_id, sku, condition, location, event_on
            order by event_at desc nulls last, case when level is null then 0 else 1 end desc nulls last, movement_id desc nulls last
        ) as from_last,
        count(*) over (partition by seller_id, sku, condition, location, event_on) as n_events
    from summed
),
told as (
    select seller_id, sku, condition, location, event_on, moved, nth_level, base, n_events
    from based
    where from_last = 1
),
-- Every day of every series, with what was told on it.
daily as (
    select
        o.seller_id, o.sku, o.condition, o.location, d.date as day, o.level as opening_level,
        t.moved, t.nth_level, t.base, coalesce(t.n_events, 0) as n_events,
        count(t.n_events) over (
            partition by o.seller_id, o.sku, o.condition, o.location
            order by d.date nulls last
            rows between unbounded preceding and current row
        ) as nth_told
    from opening o
    join seller_horizon h on h.seller_id = o.seller_id
    join dim_date d on d.date between o.first_day and h.last_day
    left join told t
        on t.seller_id = o.seller_id
        and t.sku = o.sku
        and t.condition = o.condition
        and t.location = o.location
        and t.event_on = d.date
),
-- A day's stock when something was told: on top of the opening as long as no level came.
closing as (
    select
        seller_id, sku, condition, location, day, opening_level, n_events, nth_told,
        case
            when n_events = 0 then null
            when nth_level = 0 then opening_level + moved
            else base + moved
        end as level
    from daily
),
carried as (
    select
        seller_id, sku, condition, location, day, n_events,
        case
            when nth_told = 0 then opening_level
            else max(level) over (partition by seller_id, sku, condition, location, nth_told)
        end as level
    from closing
)
select
    seller_id, sku, condition, location, day, cast(level as bigint),
    case when level is null then 'missing' when n_events = 0 then 'carried' else 'reported' end,
    n_events
from carried;
