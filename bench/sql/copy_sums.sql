-- Both sides must hold the same rows.
select count(*), sum(quantity), sum(unit_price * quantity), min(event_time), max(event_time), sum(cast(_hash as numeric)) from main.fact_line
