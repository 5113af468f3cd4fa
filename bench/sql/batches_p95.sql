-- 95th percentile of a batch in milliseconds: from one batch's beginning to the next one's of the same process, of the last one to its booking.
with batch as (
    select run_id, started_at, max(committed_at) as booked_at from books.load where feed = 'shopnow.orders' group by 1, 2
),
lasted as (
    select coalesce(lead(started_at) over (partition by run_id order by started_at), booked_at) - started_at as time from batch
)
select 1000 * extract(epoch from percentile_disc(0.95) within group (order by time)) from lasted
