-- The table as the program makes it for bench/flat, with its one index: what a bare COPY has to fill.
create schema main;
create table main.fact_line (
    seller_id text collate "C", event_id text collate "C", order_id text collate "C", line bigint, customer_id text collate "C",
    product_id text collate "C", quantity bigint, unit_price decimal(18, 4), currency text collate "C", status text collate "C",
    country text collate "C", event_time timestamp, _at timestamp, _seq bigint, _hash bigint, _record bigint, _load_id bigint
);
create index fact_line_at on main.fact_line (_at);
