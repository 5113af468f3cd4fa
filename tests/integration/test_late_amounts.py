"""What derive/10_order_line_amounts.sql computes when what it needs comes after the lines: only what was told since is looked at again."""

import subprocess

import pytest
import wh
from wh_rules import ENTREPOT, Warehouse

ENGINES = ["duckdb", "postgres"]


class Shop(Warehouse):
    def __init__(self, folder):
        super().__init__(folder / "empty")
        self.folder = folder / "shop"
        where = [] if wh.ENGINE == "duckdb" else ["--store", self.store]
        subprocess.run([ENTREPOT, "init", *where, str(self.folder)], check=True, capture_output=True)
        (self.folder / "in").mkdir()

    def order(self, number, at, currency="EUR", lines=("l-1", "l-2"), **more):
        self.load("shopnow.orders", f"order-{number}.jsonl", [{
            "event_id": f"e-{number}", "order_id": f"o-{number}", "customer": {"id": "c-1"}, "status": "PLACED", "currency": currency,
            "total_amount": 100 * len(lines), "timestamp": at, **more,
            "items": [{"product_id": "p-1", "unit_price": 100, "quantity": 1, "seller_id": "shopnow", "line_id": line} for line in lines]}])

    def cancel(self, number, at, line=None):
        event = {"event_id": f"x-{number}-{line}", "order_id": f"o-{number}", "seller_id": "shopnow", "status": "CANCELLED", "timestamp": at}
        self.load("marketplace.order_status", f"cancel-{number}-{line}.jsonl", [event | ({"line_id": line} if line else {})])

    def rate(self, date, rate):
        self.run("load", "reference.fx_rates", self.write(f"in/rate-{date}.csv", f"currency,quote,date,rate\nUSD,EUR,{date},{rate}\n"))

    def rule(self, name, seller, valid_from, rate, category=""):
        text = f"seller_id,category,valid_from,valid_to,rate,revision\n{seller},{category},{valid_from},,{rate},1\n"
        self.run("load", "reference.commission_rules", self.write(f"in/rule-{name}.csv", text))

    def product(self, at, category):
        self.load("shopnow.products", f"product-{at}.jsonl", [
            {"product_id": "p-1", "name": "Lamp", "category": category, "first_category": category, "status": "listed", "timestamp": at}])

    def column(self, name):
        rows = self.rows(f"select order_id, line_id, cast({name} as varchar) as v from fact_order_line order by 1, 2")
        return {(r["order_id"], r["line_id"]): r["v"] for r in rows}


@pytest.fixture(name="shop")
def make_shop(tmp_path):
    return Shop(tmp_path)


def test_an_order_that_is_cancelled_days_later(shop):
    shop.order(1, "2026-03-05T10:00:00Z")
    shop.order(2, "2026-03-07T10:00:00Z")
    shop.cancel(1, "2026-03-08T10:00:00Z")
    assert shop.column("cancelled_at") == {
        ("o-1", "l-1"): "2026-03-08 10:00:00", ("o-1", "l-2"): "2026-03-08 10:00:00", ("o-2", "l-1"): None, ("o-2", "l-2"): None}
    # Of the line and of the whole order, the first counts; told last, it is older than what is stored.
    shop.cancel(1, "2026-03-06T10:00:00Z", "l-2")
    assert shop.column("cancelled_at") == {
        ("o-1", "l-1"): "2026-03-08 10:00:00", ("o-1", "l-2"): "2026-03-06 10:00:00", ("o-2", "l-1"): None, ("o-2", "l-2"): None}


def test_a_cancellation_that_loses_to_another_content_of_its_event(shop):
    """The greater content of one event stays, whichever that is: when it is the one told late, the order was never cancelled."""
    numbers, at = range(8), "2026-03-08T10:00:00Z"
    for number in numbers:
        shop.order(number, "2026-03-05T10:00:00Z", lines=("l-1",))
    for status in ("CANCELLED", "PAID"):
        shop.load("marketplace.order_status", f"{status}.jsonl", [
            {"event_id": f"x-{n}", "order_id": f"o-{n}", "seller_id": "shopnow", "status": status, "timestamp": at} for n in numbers])
    stays = {r["order_id"] for r in shop.rows("select order_id from fact_order_status where status = 'CANCELLED'")}
    assert 0 < len(stays) < len(numbers)
    assert shop.column("cancelled_at") == {(f"o-{n}", "l-1"): "2026-03-08 10:00:00" if f"o-{n}" in stays else None for n in numbers}


def test_a_line_that_comes_after_its_order_was_cancelled(shop):
    shop.cancel(1, "2026-03-08T10:00:00Z")
    shop.order(1, "2026-03-05T10:00:00Z", lines=("l-1",))
    assert shop.column("cancelled_at") == {("o-1", "l-1"): "2026-03-08 10:00:00"}
    # By the clock of whoever cancelled, before the order: all that is told since does not show it.
    shop.cancel(2, "2026-03-05T09:59:00Z")
    shop.order(2, "2026-03-05T10:00:00Z", lines=("l-1",))
    assert shop.column("cancelled_at")["o-2", "l-1"] == "2026-03-05 09:59:00"


def test_a_rate_that_comes_after_the_lines_of_its_day(shop):
    # In Paris it is the 5th already.
    shop.order(1, "2026-03-04T23:30:00Z", "USD", ["l-1"])
    shop.order(2, "2026-03-04T12:00:00Z", "USD", ["l-1"])
    assert shop.column("amount_reporting") == {("o-1", "l-1"): None, ("o-2", "l-1"): None}
    shop.rate("2026-03-05", "0.5")
    assert shop.column("amount_reporting") == {("o-1", "l-1"): "50.0000", ("o-2", "l-1"): None}
    # One that is told late for an earlier day leaves the better one alone.
    shop.rate("2026-03-03", "0.25")
    assert shop.column("amount_reporting") == {("o-1", "l-1"): "50.0000", ("o-2", "l-1"): "25.0000"}


def test_a_rule_that_comes_after_the_lines_of_its_day(shop):
    shop.rule("always", "", "2000-01-01", "0.1")
    # In Paris it is the 5th already.
    shop.order(1, "2026-03-04T23:30:00Z", lines=("l-1",))
    shop.order(2, "2026-03-04T12:00:00Z", lines=("l-1",))
    shop.rule("late", "", "2026-03-05", "0.2")
    assert shop.column("commission_amount") == {("o-1", "l-1"): "20.0000", ("o-2", "l-1"): "10.0000"}
    shop.rule("own", "shopnow", "2026-03-05", "0.3")
    assert shop.column("commission_amount") == {("o-1", "l-1"): "30.0000", ("o-2", "l-1"): "10.0000"}
    shop.order(3, "2026-03-05T12:00:00Z", lines=("l-1",))
    assert shop.column("commission_amount")["o-3", "l-1"] == "30.0000"


def test_a_category_that_comes_after_the_lines_it_was_in_force_for(shop):
    """Also of a line whose order is later than its last event: as it was counts by the order's time."""
    feed = shop.folder / "feeds" / "orders.yaml"
    feed.write_text(feed.read_text().replace("ordered_at: {path: ^.timestamp,", "ordered_at: {coalesce: [{path: ^.ordered_at}, {path: ^.timestamp}],"))
    shop.rule("always", "", "2000-01-01", "0.1")
    shop.rule("toys", "", "2000-01-01", "0.2", "toys")
    shop.product("2026-01-01T00:00:00Z", "home")
    shop.order(1, "2026-03-05T10:00:00Z", lines=("l-1",), ordered_at="2026-03-07T10:00:00Z")
    shop.order(2, "2026-03-05T10:00:00Z", lines=("l-1",))
    shop.order(3, "2026-03-08T10:00:00Z", lines=("l-1",))
    shop.product("2026-03-06T10:00:00Z", "toys")
    assert shop.column("commission_amount") == {("o-1", "l-1"): "20.0000", ("o-2", "l-1"): "10.0000", ("o-3", "l-1"): "20.0000"}
    # Told last, and older than all that is known of the product.
    shop.order(4, "2025-12-15T10:00:00Z", lines=("l-1",))
    assert shop.column("commission_amount")["o-4", "l-1"] == "10.0000"
    shop.product("2025-12-01T00:00:00Z", "toys")
    assert shop.column("commission_amount") == {
        ("o-1", "l-1"): "20.0000", ("o-2", "l-1"): "10.0000", ("o-3", "l-1"): "20.0000", ("o-4", "l-1"): "20.0000"}
