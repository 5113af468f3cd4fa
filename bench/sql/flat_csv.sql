-- The same as CSV: nothing is guessed, the dialect and the columns are given.
create table fact_line (
    seller_id varchar, event_id varchar, order_id varchar, line bigint, customer_id varchar, product_id varchar, quantity bigint,
    unit_price decimal(18, 4), currency varchar, status varchar, country varchar, event_time timestamp
);
insert into fact_line
select seller_id, event_id, order_id, line, customer_id, product_id, quantity, unit_price, currency, status, country, event_time
from read_csv(getvariable('file'), auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {
    event_id: 'varchar', order_id: 'varchar', line: 'bigint', customer_id: 'varchar', product_id: 'varchar', seller_id: 'varchar',
    quantity: 'bigint', unit_price: 'decimal(18,4)', currency: 'varchar', status: 'varchar', country: 'varchar', event_time: 'timestamp'
});
