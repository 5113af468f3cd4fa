-- fact_clickstream of the former warehouse: DATETIME at whole seconds in UTC.
select
    event_id,
    session_id,
    user_id,
    url,
    event_type,
    date_trunc('second', event_at) as event_timestamp
from main.fact_click
