-- A history as one would write it by hand, set by set and right for this input: the rows and the changes of the touched keys in one
-- list, the same moment once, what repeats the state before it dropped, each version closed by the next; then what is no version any
-- more goes, what ends elsewhere is closed, what is new comes. It keeps no change log: a change that told nothing is forgotten, so
-- with a later batch in between the history would depend on the batches.
begin transaction;

create temp table projected as
with touched as (
    select distinct item_id from change
), listed as (
    select item_id, name, category, price, status, valid_from as event_at, 0 as is_new from dim_item semi join touched using (item_id)
    union all
    select item_id, name, category, price, status, event_at, 1 from change
), deduplicated as (
    select * from listed qualify row_number() over (partition by item_id, event_at order by is_new desc, name, category, price, status) = 1
), marked as (
    select *, lag(name) over w is not distinct from name and lag(category) over w is not distinct from category
            and lag(price) over w is not distinct from price and lag(status) over w is not distinct from status as repeats
    from deduplicated window w as (partition by item_id order by event_at)
)
select item_id, name, category, price, status, event_at as valid_from,
    lead(event_at) over (partition by item_id order by event_at) as valid_to
from marked where not repeats;

delete from dim_item where rowid in (
    select d.rowid from dim_item d
    semi join change using (item_id)
    anti join projected p on p.item_id = d.item_id and p.valid_from = d.valid_from
);

update dim_item set valid_to = p.valid_to
from projected p
where dim_item.item_id = p.item_id and dim_item.valid_from = p.valid_from and dim_item.valid_to is distinct from p.valid_to;

insert into dim_item
select p.* from projected p anti join dim_item d on d.item_id = p.item_id and d.valid_from = p.valid_from;

commit;
