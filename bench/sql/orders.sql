-- What the engine does with the same nested orders by itself: explicit STRUCT columns into a plain table, no check, no history.
-- A record that is not JSON, or a value not of its type, would end it; it is told to go on with NULL instead.
create table orders (
    event_id varchar, order_id varchar,
    customer struct(id varchar, name varchar, email varchar, address varchar, city varchar, country varchar),
    items struct(
        product_id varchar, name varchar, category varchar, description varchar, unit_price decimal(18, 4), quantity bigint,
        seller_id varchar, vendor_id varchar, line_id varchar, offer_sku varchar, condition varchar, commission_amount decimal(18, 4)
    )[],
    total_amount decimal(18, 4), currency varchar, status varchar, session_id varchar, timestamp double
);
insert into orders
select event_id, order_id, customer, items, total_amount, currency, status, session_id, timestamp
from read_json(getvariable('file'), format = 'newline_delimited', ignore_errors = true, columns = {
    event_id: 'varchar', order_id: 'varchar',
    customer: 'struct(id varchar, name varchar, email varchar, address varchar, city varchar, country varchar)',
    items: 'struct(product_id varchar, name varchar, category varchar, description varchar, unit_price decimal(18,4), quantity bigint, seller_id varchar, vendor_id varchar, line_id varchar, offer_sku varchar, condition varchar, commission_amount decimal(18,4))[]',
    total_amount: 'decimal(18,4)', currency: 'varchar', status: 'varchar', session_id: 'varchar', timestamp: 'double'
});
