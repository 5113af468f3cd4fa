-- Before the clock: a dimension with its history, and the changes already staged, typed and checked by nobody.
create table change (item_id varchar, name varchar, category varchar, price decimal(18, 4), status varchar, event_at timestamp);
insert into change
select item_id, name, category, price, status, event_at
from read_json(getvariable('changes'), format = 'newline_delimited', columns = {
    item_id: 'varchar', name: 'varchar', category: 'varchar', price: 'decimal(18,4)', status: 'varchar', event_at: 'timestamp'
});
create table dim_item (
    item_id varchar, name varchar, category varchar, price decimal(18, 4), status varchar, valid_from timestamp, valid_to timestamp
);
insert into dim_item
select item_id, name, category, price, status, event_at, lead(event_at) over (partition by item_id order by event_at)
from read_json(getvariable('base'), format = 'newline_delimited', columns = {
    item_id: 'varchar', name: 'varchar', category: 'varchar', price: 'decimal(18,4)', status: 'varchar', event_at: 'timestamp'
});
