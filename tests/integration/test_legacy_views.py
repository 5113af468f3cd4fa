"""The defects of the warehouse that is replaced (shared/legacy.md), each shown to be gone with the shipped definitions and events
made by hand, seen through the legacy views and the star."""

import json

import pytest
from wh import Warehouse

ENGINES = ["duckdb", "postgres"]

T = 1_735_689_600.25  # 2025-01-01T00:00:00.25Z


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "shop", shipped=True)


def customer(**values):
    return {"id": "c-1", "name": "Ada", "email": "ada@example.org", "address": "1 Street", "city": "Lyon", "country": "France", **values}


def item(product="p-1", name="Lamp", category="home", price=("unit_price", 10.5), quantity=1, **values):
    return {"product_id": product, "name": name, "category": category, "description": "-", price[0]: price[1], "quantity": quantity, **values}


def order(number, items, at=T, total=None, **values):
    made = {"event_id": f"00000000-0000-4000-8000-{number:012d}", "order_id": f"o-{number}", "customer": customer(), "items": items,
            "total_amount": total, "currency": "USD", "status": "PLACED", "timestamp": at, **values}
    if total is None and items:
        made["total_amount"] = round(sum((i.get("unit_price") or i.get("price") or 0) * i["quantity"] for i in items if i), 2)
    return made


def click(number, **values):
    return {"event_id": f"00000000-0000-4000-9000-{number:012d}", "session_id": "s-1", "user_id": None, "url": "/", "event_type": "view_page",
            "user_agent": "x", "ip_address": "203.0.113.9", "timestamp": T, **values}


def test_the_old_columns_and_types(w, engine):
    """Same names, columns and types as the four tables had, so that no report breaks."""
    w.load_records("shopnow.orders", [order(1, [item()])])
    w.load_records("shopnow.clickstream", [click(1)])
    found = {}
    for row in w.sql("select table_name, column_name, data_type from information_schema.columns where table_schema = 'legacy' "
                     "order by table_name, ordinal_position"):
        found.setdefault(row["table_name"], []).append((row["column_name"], row["data_type"]))
    text, moment, number, price = {"duckdb": ("VARCHAR", "TIMESTAMP", "INTEGER", "DECIMAL(18,2)"),
                                   "postgres": ("text", "timestamp without time zone", "integer", "numeric")}[engine.replace("citus", "postgres")]
    assert found == {
        "dim_customer": [(n, text) for n in ("customer_id", "name", "email", "address", "city", "country")],
        "dim_product": [(n, text) for n in ("product_id", "name", "category")],
        "fact_order": [("order_id", text), ("product_id", text), ("customer_id", text), ("quantity", number), ("unit_price", price),
                       ("status", text), ("order_timestamp", moment)],
        "fact_clickstream": [(n, text) for n in ("event_id", "session_id", "user_id", "url", "event_type")] + [("event_timestamp", moment)],
    }


def test_1_both_names_of_the_price(w):
    w.load_records("shopnow.orders", [order(1, [item(price=("unit_price", 10.5))]), order(2, [item(price=("price", 9.99))])])
    assert [(o, str(p)) for o, p in w.tuples("select order_id, unit_price from legacy.fact_order order by 1")] == [("o-1", "10.50"), ("o-2", "9.99")]
    assert not w.quarantine()
    # A line without any price is not turnover of NULL: it is set aside.
    w.load_records("shopnow.orders", [order(3, [item(price=("cost", 1))])])
    assert w.value("select count(*) from legacy.fact_order where unit_price is null") == 0
    assert [one["codes"] for one in w.quarantine()] == ["required"]


def test_2_changes_of_customers_and_products_arrive(w):
    w.load_records("shopnow.orders", [order(1, [item()])])
    w.load_records("shopnow.orders", [order(2, [item(name="Lamp XL", category="light")], at=T + 86400,
                                            customer=customer(address="2 Avenue", email="ada@new.example"))])
    assert w.tuples("select address, email from legacy.dim_customer") == [("2 Avenue", "ada@new.example")]
    assert w.tuples("select name, category from legacy.dim_product") == [("Lamp XL", "light")]
    # The line of the first order still shows the product as it was.
    assert w.tuples("select l.order_id, p.category from fact_order_line l join dim_product p on p.product_key = l.product_key "
                    "and p.valid_from = l.product_from order by 1") == [("o-1", "home"), ("o-2", "light")]


def test_3_redelivery_makes_no_second_line(w):
    records = [order(n, [item(), item("p-2", quantity=2), item()]) for n in range(5)]
    w.load_records("shopnow.orders", records)
    lines = w.tuples("select * from legacy.fact_order order by 1, 2, 3, 4, 5, 6, 7")
    assert len(lines) == 15
    ledger = w.load_records("shopnow.orders", records[::-1] + records)
    assert ledger["duplicate"] == 10
    assert w.tuples("select * from legacy.fact_order order by 1, 2, 3, 4, 5, 6, 7") == lines
    w.check_books()


def test_4_a_status_changes_the_line_and_is_kept(w):
    w.load_records("shopnow.orders", [order(1, [item(), item("p-2")])])
    later = order(1, [item(), item("p-2")], at=T + 3600, status="SHIPPED") | {"event_id": "00000000-0000-4000-8000-999999999999"}
    w.load_records("shopnow.orders", [later])
    assert w.tuples("select product_id, status from legacy.fact_order order by 1") == [("p-1", "SHIPPED"), ("p-2", "SHIPPED")]
    assert w.tuples("select status, count(*) from fact_order_status group by 1 order by 1") == [("PLACED", 2), ("SHIPPED", 2)]
    # The order's own time stays the moment it was placed, or becomes the event's: but never two lines.
    assert w.value("select count(*) from legacy.fact_order") == 2


def test_5_total_and_currency_are_kept_and_checked(w):
    ledger = w.load_records("shopnow.orders", [order(1, [item(quantity=3)]), order(2, [item(quantity=2)], total=20.99, currency="EUR")])
    assert (ledger["applied"], ledger["findings"]) == (2, 1)
    assert w.tuples("select code, rule from books.finding") == [("sum_mismatch", w.value("select rule from books.finding"))]
    assert w.tuples("select order_id, currency from fact_order_line order by 1") == [("o-1", "USD"), ("o-2", "EUR")]


def test_6_nothing_vanishes(w):
    records = [order(1, None), order(2, []), order(3, [None]), order(4, [item(quantity="two")], total=1), "{ bad json", order(5, [item()])]
    ledger = w.load_records("shopnow.orders", records)
    assert (ledger["received"], ledger["applied"], ledger["quarantined"]) == (6, 1, 5)
    by_record = {}
    for one in w.quarantine(columns="record, codes"):
        by_record.setdefault(one["record"], []).append(one["codes"])
    assert set(by_record) == {0, 1, 2, 3, 4}
    assert [sorted(by_record[n]) for n in (0, 1, 2, 4)] == [["empty_list"], ["empty_list"], ["null_item"], ["syntax"]]
    assert "type" in ",".join(by_record[3])
    assert json.loads(bytes.fromhex(w.value("select raw from books.quarantine where record = 3"))) == records[3]
    w.check_books()


def test_anonymous_clicks_are_legal(w):
    clicks = [click(1), click(2, user_id="u-1", url="/product/p-1"), click(3, url="/category/home", event_type="add_to_cart")]
    ledger = w.load_records("shopnow.clickstream", clicks + clicks[:1])
    assert (ledger["applied"], ledger["duplicate"], ledger["quarantined"]) == (3, 1, 0)
    assert w.tuples("select event_id, user_id from legacy.fact_clickstream order by 1") == [
        (clicks[0]["event_id"], None), (clicks[1]["event_id"], "u-1"), (clicks[2]["event_id"], None)]


def test_9_moments_keep_their_fraction_and_case_is_seen(w):
    w.load_records("shopnow.orders", [order(1, [item(name="lamp")])])
    w.load_records("shopnow.orders", [order(2, [item(name="LAMP")], at=T + 0.5)])
    assert w.tuples("select order_id, ordered_at from fact_order_line order by 1") == [
        ("o-1", "2025-01-01 00:00:00.250000"), ("o-2", "2025-01-01 00:00:00.750000")]
    assert w.tuples("select order_id, order_timestamp from legacy.fact_order order by 1") == [
        ("o-1", "2025-01-01 00:00:00.000000"), ("o-2", "2025-01-01 00:00:00.000000")]
    assert w.value("select name from legacy.dim_product") == "LAMP"
    assert w.value("select count(*) from log.dim_product") == 2
