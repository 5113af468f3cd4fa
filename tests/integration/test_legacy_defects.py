"""The defects 1 to 6 and 9 of the former warehouse, one test each: the same events through a model of its stream job, which shows
the defect, and through the shipped definitions, which shows that it is gone."""

import json
import random
from collections import Counter
from decimal import Decimal

import pytest
from old_stream import OldWarehouse
from wh import Warehouse


def generated(w, *options, days=3, orders=40, seed=11):
    """{stream: [file, ...]} of `entrepot generate --legacy`."""
    out = w.folder.parent / "streams"
    w.run("generate", "--legacy", "--out", out, "--seed", seed, "--days", days, "--orders-per-day", orders, "--clicks-per-order", 2,
          "--customers", 40, "--products", 60, *options, inside=False)
    return {stream: sorted((out / stream).glob("*.jsonl")) for stream in ("orders", "clickstream")}


def lines_of(paths):
    return [line for path in paths for line in path.read_bytes().splitlines()]


def events(lines):
    return [json.loads(line, parse_float=Decimal) for line in lines]


def price_of(item):
    return item["unit_price"] if "unit_price" in item else item["price"]


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "shop", shipped=True)


@pytest.fixture
def old():
    return OldWarehouse()


T = Decimal("1735689600.25")  # 2025-01-01T00:00:00.25Z


def order(number, items, at=T, event=None, customer="c-1", **values):
    total = sum((price_of(item) * item["quantity"] for item in items), Decimal(0))
    return {"event_id": f"00000000-0000-4000-8000-{event or number:012d}", "order_id": f"o-{number}",
            "customer": {"id": customer, "name": "Ada", "email": "ada@example.org", "address": "1 Street", "city": "Lyon", "country": "France"},
            "items": items, "total_amount": total, "currency": "USD", "status": "PLACED", "timestamp": at, **values}


def item(product="p-1", price="10.50", quantity=1, name="Lamp"):
    return {"product_id": product, "name": name, "category": "home", "description": "-", "unit_price": Decimal(price), "quantity": quantity}


def as_lines(records):
    """Numbers as their own text: 10.50 stays 10.50."""
    class Number(float):
        def __init__(self, value):
            super().__init__()
            self.text = str(value)

        def __repr__(self):
            return self.text

    def plain(value):
        if isinstance(value, Decimal):
            return Number(value)
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return [one.encode() if isinstance(one, str) else json.dumps(plain(one)).encode() for one in records]


def both(w, old, records):
    """The records through the old job and through ours; our ledger."""
    lines = as_lines(records)
    old.orders(lines)
    w.n_hand_made = getattr(w, "n_hand_made", 0) + 1
    return w.load("shopnow.orders", w.file(f"hand-made-{w.n_hand_made}.jsonl", b"\n".join(lines) + b"\n"))


def test_1_price_of_older_producers(w, old):
    """They say `price` where the job read `unit_price`: a third of the turnover was missing, as NULL, unnoticed."""
    files = generated(w)["orders"]
    lines = lines_of(files)
    sold = [item for one in events(lines) for item in one["items"]]
    older = [item for item in sold if "price" in item]
    assert 0 < len(older) < len(sold)
    turnover = sum(price_of(item) * item["quantity"] for item in sold)

    old.orders(lines)
    assert sum(row["unit_price"] is None for row in old.fact_order) == len(older)
    assert old.turnover() == turnover - sum(item["price"] * item["quantity"] for item in older) < turnover

    ledger = w.load("shopnow.orders", *files)
    assert ledger["quarantined"] == 0
    assert w.value("select count(*) from legacy.fact_order where unit_price is null") == 0
    assert w.value("select count(*) from legacy.fact_order") == len(sold)
    assert w.value("select sum(quantity * unit_price) from legacy.fact_order") == turnover
    assert w.value("select sum(amount) from fact_order_line") == turnover


def moved(lines):
    """The generated orders, with customers who move, and products that are sorted anew, halfway."""
    changed = []
    for number, one in enumerate(events(lines)):
        if number >= len(lines) // 2:
            customer = one["customer"]
            customer["address"] = f"{number} New Street"
            customer["email"] = f"new-{customer['id']}@example.org"
            for sold in one["items"]:
                sold["category"] = "sorted_anew"
        changed.append(one)
    return changed


def test_2_changes_of_customers_and_products(w, old):
    """The first write won for ever; now the last state by event time is shown, and what it was before is kept."""
    changed = moved(lines_of(generated(w)["orders"]))
    both(w, old, changed)
    customers, products = {}, {}
    for one in sorted(changed, key=lambda one: one["timestamp"]):
        customers[one["customer"]["id"]] = one["customer"]
        products.update((sold["product_id"], sold) for sold in one["items"])

    n_inserts = len(changed) + sum(len(one["items"]) for one in changed)
    print(f"{old.n_collisions} of {n_inserts} inserts into dimensions collided")
    assert old.n_collisions == n_inserts - len(customers) - len(products) > n_inserts / 2
    stale = [one for key, one in customers.items() if old.dim_customer[key]["address"] != one["address"]]
    assert len(stale) > len(customers) / 2
    assert {row["category"] for row in old.dim_product.values()} != {"sorted_anew"}
    assert any(old.dim_product[key]["category"] != one["category"] for key, one in products.items())

    assert {c: (a, e) for c, a, e in w.tuples("select customer_id, address, email from legacy.dim_customer")} == \
        {key: (one["address"], one["email"]) for key, one in customers.items()}
    assert dict(w.tuples("select product_id, category from legacy.dim_product")) == {key: one["category"] for key, one in products.items()}
    # As it was: a line of the first half still shows the category of its day.
    before = {one["order_id"] for one in changed[:len(changed) // 2]}
    bound = w.tuples("select l.order_id, p.category from fact_order_line l join dim_product p on p.product_key = l.product_key "
                     "and p.valid_from = l.product_from")
    assert all((category == "sorted_anew") == (order_id not in before) for order_id, category in bound) and bound


def test_3_redelivery(w, old):
    """Every seventh event comes twice. The old table holds the lines twice, and nobody can tell them from an order that has the
    same article on two lines."""
    lines = lines_of(generated(w)["orders"])
    draw = random.Random(3)
    again = lines + draw.sample(lines, len(lines) // 7)
    n_lines = sum(len(one["items"]) for one in events(lines))
    old.orders(again)
    assert len(old.fact_order) > n_lines
    twice = OldWarehouse()
    twice.orders(as_lines([order(1, [item()]), order(1, [item()])]))
    honest = OldWarehouse()
    honest.orders(as_lines([order(1, [item(), item()])]))
    assert twice.fact_order == honest.fact_order

    ledger = w.load("shopnow.orders", w.file("again.jsonl", b"\n".join(again) + b"\n"))
    assert (ledger["applied"], ledger["duplicate"]) == (len(lines), len(lines) // 7)
    assert w.value("select count(*) from legacy.fact_order") == n_lines
    w.load("shopnow.orders", w.file("honest.jsonl", b"\n".join(as_lines([order(1, [item(), item()]), order(1, [item(), item()])])) + b"\n"))
    assert w.value("select count(*) from legacy.fact_order where order_id = 'o-1'") == 2
    w.check_books()


def test_4_status(w, old):
    """A later status appended a second set of lines, so that turnover doubled; now it updates the lines and its history is kept."""
    path = ["PLACED", "PAID", "SHIPPED", "DELIVERED"]
    told = [order(n, [item(), item("p-2", "4.20", 2)], at=T + 3600 * hour, event=100 * n + hour, status=status)
            for n in (1, 2) for hour, status in enumerate(path)]
    random.Random(4).shuffle(told)  # the hub keeps no order across partitions
    both(w, old, told)
    once = 2 * (Decimal("10.50") + 2 * Decimal("4.20"))
    assert len(old.fact_order) == 16 and old.turnover() == 4 * once
    assert Counter(row["status"] for row in old.fact_order) == dict.fromkeys(path, 4)

    assert w.tuples("select status, count(*), sum(quantity * unit_price) from legacy.fact_order group by 1") == [("DELIVERED", 4, once)]
    assert w.tuples("select line_id, string_agg(status, ' ' order by event_at) from fact_order_status where order_id = 'o-1' group by 1 order by 1") == \
        [("p-1#1", " ".join(path)), ("p-2#1", " ".join(path))]
    assert w.tuples("select distinct ordered_at from fact_order_line") == [("2025-01-01 00:00:00.250000",)]


def test_5_total_and_currency(w, old):
    """Both were thrown away: a wrong total went unseen, and euros were added to dollars."""
    files = generated(w, "--faults", "sum_mismatch=0.2")["orders"]
    lines = lines_of(files)
    wrong = [one["order_id"] for one in events(lines)
             if sum(price_of(sold) * sold["quantity"] for sold in one["items"]) != one["total_amount"]]
    assert 0 < len(wrong) < len(lines)
    ledger = w.load("shopnow.orders", *files)
    assert (ledger["findings"], ledger["quarantined"]) == (len(wrong), 0)
    assert w.tuples("select code, count(*) from books.finding group by 1") == [("sum_mismatch", len(wrong))]

    both(w, old, [order(1, [item(price="100.00")]), order(2, [item(price="100.00")], currency="EUR")])
    assert old.turnover() == 200  # of what?
    assert not {"currency", "total_amount"} & set(old.fact_order[0])
    assert w.tuples("select currency, sum(amount) from fact_order_line where order_id in ('o-1', 'o-2') group by 1 order by 1") == \
        [("EUR", Decimal("100.0000")), ("USD", Decimal("100.0000"))]


def test_6_nothing_vanishes(w, old):
    """Null and empty items, records that cannot be read and values that cannot be converted: dropped without a trace, now set aside
    with their bytes and reasons. What comes in while nothing runs is read afterwards."""
    truth = w.folder.parent / "truth.jsonl"
    kinds = ["null_items", "empty_items", "missing_items", "truncated", "not_json", "bad_utf8", "wrong_type"]
    files = generated(w, "--faults", ",".join(f"{kind}=0.04" for kind in kinds), "--truth", truth)["orders"]
    bad = [json.loads(line) for line in truth.read_text().splitlines()]
    bad = {(one["file"], one["record"]): one for one in bad if one["file"].startswith("orders/")}
    assert {one["fault"] for one in bad.values()} == set(kinds)
    lines = lines_of(files)
    for line in lines:
        old.orders([line])
    readable = len({row["order_id"] for row in old.fact_order})
    assert old.n_dropped_messages > 0 and readable < len(lines)

    ledger = w.load("shopnow.orders", *files)
    assert (ledger["received"], ledger["quarantined"]) == (len(lines), len(bad))
    aside = w.sql("select source, record, codes, hex(raw) as raw from books.quarantine where status = 'open'")
    found = {("/".join(one["source"].split("/")[-2:]), one["record"]) for one in aside}
    assert found == set(bad)
    for one in aside:
        (path,) = [path for path in files if str(path) == one["source"]]
        assert bytes.fromhex(one["raw"]) in path.read_bytes()
        assert one["codes"]
    # And every other record is in the table of lines.
    clean = {json.loads(line)["order_id"] for path in files for number, line in enumerate(path.read_bytes().splitlines())
             if (f"orders/{path.name}", number) not in bad}
    assert clean <= {order_id for (order_id,) in w.tuples("select distinct order_id from fact_order_line")}
    w.check_books()


def test_6_what_came_in_while_nothing_ran(w, old):
    lines = lines_of(generated(w)["orders"])
    third = len(lines) // 3
    old.orders(lines[:third])  # stopped, and restarted in mode "now" a third later
    old.orders(lines[2 * third:])
    n_lines = sum(len(one["items"]) for one in events(lines))
    assert len(old.fact_order) < n_lines

    path = w.file("hub.jsonl", b"\n".join(lines[:third]) + b"\n")
    w.load("shopnow.orders", path)
    w.file("hub.jsonl", b"\n".join(lines) + b"\n")
    ledger = w.load("shopnow.orders", path)
    assert ledger["received"] == len(lines) - third
    assert w.value("select count(*) from legacy.fact_order") == n_lines


def test_9_moments_and_letters(w, old):
    """Whole seconds lost the order of events and a collation without case hid changes; now microseconds and bytes count."""
    first = order(1, [item(name="lamp")])
    second = order(2, [item(name="LAMP"), item("P-1", name="Lamp")], at=T + Decimal("0.500001"))
    both(w, old, [second, first])  # the later one arrives first
    assert len({row["order_timestamp"] for row in old.fact_order}) == 1
    assert [row["name"] for row in old.dim_product.values()] == ["LAMP"]  # one product, of whichever message came first

    assert w.tuples("select distinct order_id, ordered_at from fact_order_line order by 1") == [
        ("o-1", "2025-01-01 00:00:00.250000"), ("o-2", "2025-01-01 00:00:00.750001")]
    assert w.tuples("select product_id, name from legacy.dim_product order by 1") == [("P-1", "Lamp"), ("p-1", "LAMP")]
    names = w.tuples("select name from log.dim_product where product_id = 'p-1' order by _at")
    assert names == [("lamp",), ("LAMP",)]


def test_9_generated_moments(w, old):
    """Every event time of the legacy streams is kept to the microsecond; what is finer is cut off."""
    files = generated(w)
    old.clicks(lines_of(files["clickstream"]))
    clicks = events(lines_of(files["clickstream"]))
    assert all(len(row["event_timestamp"]) == 19 for row in old.fact_clickstream.values())
    w.load("shopnow.clickstream", *files["clickstream"])
    expected = {one["event_id"]: int(one["timestamp"].scaleb(6).to_integral_value(rounding="ROUND_FLOOR")) for one in clicks}
    assert len({us % 1_000_000 for us in expected.values()}) > 100
    found = dict(w.tuples("select event_id, epoch_us(event_at) from fact_click"))
    assert found == expected
