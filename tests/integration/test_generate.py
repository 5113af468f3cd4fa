"""The generator's data judged by an independent reader: shapes, coherence, faults and the truth file."""

import csv
import json
import os
import re
import shutil
import subprocess
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import users
from stdnum import ean
from stdnum.fr import siret

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SPECIAL = {"orders", "order_status", "shipments", "returns"}


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
    built = ROOT / "build" / "asan" / "tests" / "tools" / "generate"
    if built.exists():
        return built
    # A build without the tools: the generator needs nothing but base.
    made = tmp_path_factory.mktemp("tools") / "generate"
    base = [p for p in sorted((ROOT / "src/base").glob("*.c")) if p.name != "asset.c"]
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined",
                    "-fno-sanitize-recover=all", f"-I{ROOT / 'src'}", "-o", made, ROOT / "tests/tools/generate.c",
                    *sorted((ROOT / "src/generate").glob("*.c")), *base, "-lm", "-lcrypto", "-lxxhash", "-lzstd",
                    "-lpthread"], check=True)
    return made


@pytest.fixture(scope="session")
def generate(tool):
    def run(out, *options, expect=0):
        result = subprocess.run([tool, "--out", out, *map(str, options)], capture_output=True, text=True, check=False)
        assert result.returncode == expect, result.stderr
        return json.loads(result.stdout) if expect == 0 else result.stderr
    return run


def read(folder, stream):
    """(file, record, object) of a stream in the order of its files; numbers stay exact."""
    for path in sorted((folder / stream).glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines()):
            yield f"{stream}/{path.name}", number, json.loads(line, parse_float=Decimal)


def objects(folder, stream):
    return [o for _, _, o in read(folder, stream)]


def when(value):
    """Microseconds of an event time, number or text."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return round((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(microseconds=1))
    return int(Decimal(value) * 1000000)


@pytest.fixture(scope="session")
def legacy(generate, tmp_path_factory):
    out = tmp_path_factory.mktemp("legacy")
    generate(out, "--legacy", "--days", 3, "--seed", 7)
    return out


@pytest.fixture(scope="session")
def market(generate, tmp_path_factory):
    out = tmp_path_factory.mktemp("market")
    generate(out, "--days", 40, "--orders-per-day", 300, "--sellers", 60, "--products", 400, "--seed", 11)
    return out


# Before the marketplace.

def test_legacy_bytes_are_those_of_json_dumps(legacy):
    n = 0
    for stream in ["orders", "clickstream"]:
        for path in sorted((legacy / stream).glob("*.jsonl")):
            for line in path.read_text(encoding="ascii").splitlines():
                assert json.dumps(json.loads(line)) == line
                n += 1
    assert n == 3 * 1440 * 11
    assert sorted(p.name for p in legacy.iterdir()) == ["clickstream", "orders"]


def test_legacy_orders_have_the_exact_shape(legacy):
    text = r'"(?:[^"\\]|\\u[0-9a-f]{4})*"'
    price = r"\d+\.\d{1,2}"
    item = (rf'\{{"product_id": "p-\d{{4,}}", "name": {text}, "category": "[a-z_]+", "description": {text}, '
            rf'"(?:unit_price|price)": {price}, "quantity": [123]\}}')
    shape = re.compile(
        rf'\{{"event_id": "{UUID}", "order_id": "{UUID}", "customer": \{{"id": "c-\d{{5,}}", "name": {text}, '
        rf'"email": "[a-z.0-9]+@example\.(?:com|org|net)", "address": {text}, "city": {text}, "country": {text}\}}, '
        rf'"items": \[{item}(?:, {item}){{0,4}}\], "total_amount": {price}, "currency": "USD", "status": "PLACED", '
        r'"timestamp": \d{10}\.\d{1,7}\}')
    names, digits = Counter(), Counter()
    for path in sorted((legacy / "orders").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            assert shape.fullmatch(line), line
            order = json.loads(line, parse_float=Decimal)
            kinds = {"unit_price" if "unit_price" in item else "price" for item in order["items"]}
            assert len(kinds) == 1, "a producer uses one name"
            names[kinds.pop()] += 1
            digits[len(line.rsplit(".", 1)[1])] += 1
            total = sum(item.get("unit_price", item.get("price")) * item["quantity"] for item in order["items"])
            assert total == order["total_amount"]
    assert 0.3 < names["price"] / names.total() < 0.4
    # time.time() gives seven digits in most cases.
    assert digits.most_common(1)[0][0] == 8


def test_legacy_clicks_have_the_exact_shape(legacy):
    shape = re.compile(
        rf'\{{"event_id": "{UUID}", "session_id": "{UUID}", "user_id": (?:null|"{UUID}"), '
        r'"url": "(?:/|/login|/cart|/checkout|/category/[a-z_]+|/product/p-\d{4,})", '
        r'"event_type": "(?:view_page|add_to_cart|checkout_start)", "user_agent": "Mozilla/5\.0 [^"\\]+", '
        r'"ip_address": "(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}", "timestamp": \d{10}\.\d{1,7}\}')
    anonymous, n, urls, types = 0, 0, Counter(), Counter()
    for path in sorted((legacy / "clickstream").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            assert shape.fullmatch(line), line
            click = json.loads(line)
            anonymous += click["user_id"] is None
            urls[click["url"].split("/")[1]] += 1
            types[click["event_type"]] += 1
            n += 1
    assert 0.19 < anonymous / n < 0.21
    assert set(urls) == {"", "login", "cart", "checkout", "category", "product"}
    assert set(types) == {"view_page", "add_to_cart", "checkout_start"}


def test_times_rise_and_belong_to_their_file(legacy, market):
    for folder in [legacy, market]:
        for stream in ["orders", "clickstream", "order_status", "shipments", "returns", "vendors", "products", "offers"]:
            if not (folder / stream).exists():
                continue
            last = 0
            for file, _, o in read(folder, stream):
                now = when(o["timestamp"])
                assert now >= last, (file, o)
                assert datetime.fromtimestamp(now // 1000000, timezone.utc).strftime("%Y-%m-%d") == file[-16:-6]
                last = now


def test_customers_and_products_are_the_same_before_and_after(legacy, market):
    before = {o["customer"]["id"]: o["customer"]["name"] for o in objects(legacy, "orders")}
    # Another seed makes another shop; the ids keep their form.
    after = {o["customer"]["id"] for o in objects(market, "orders")}
    assert before.keys() & after


# The marketplace.

def history(changes, key):
    """Per key: (times, states) with partial messages carried forward."""
    out = defaultdict(lambda: ([], []))
    for o in changes:
        times, states = out[key(o)]
        times.append(when(o["timestamp"]))
        states.append({**(states[-1] if states else {}), **o})
    return out


def at(entry, ts):
    times, states = entry
    i = bisect_right(times, ts)
    return states[i - 1] if i else None


EXTERNAL = {"ShopNow": "shopnow", "V-1001": "maison_lune", "V-1002": "nordwind", "V-1003": "casa_verde"}


def seller_of(o):
    assert ("seller_id" in o) != ("vendor_id" in o)
    name = o.get("seller_id") or o.get("vendor_id")
    return EXTERNAL.get(name, name)


def line_ids(order):
    """(seller, line id) of each item, as the feed makes them."""
    seen = Counter()
    for item in order["items"]:
        seller = seller_of(item)
        seen[seller, item["product_id"]] += 1
        yield seller, item.get("line_id") or f"{item['product_id']}#{seen[seller, item['product_id']]}"


def test_event_ids_are_unique(market):
    seen = set()
    for stream in sorted(p.name for p in market.iterdir() if p.name != "reference"):
        for o in objects(market, stream):
            assert re.fullmatch(UUID, o["event_id"])
            assert o["event_id"] not in seen
            seen.add(o["event_id"])


def test_orders_fit_sellers_products_offers_and_prices(market):
    sellers = history(objects(market, "vendors"), lambda o: o["vendor_id"])
    products = history(objects(market, "products"), lambda o: o["product_id"])
    offers = history(objects(market, "offers"), lambda o: (o["seller_id"], o["sku"], o.get("condition", "new")))
    identifiers = {}
    for line in (market / "reference/product_identifiers.jsonl").read_text().splitlines():
        o = json.loads(line)
        identifiers[o.get("seller_id"), o["value"]] = o["product_id"]
    by_product = defaultdict(list)
    for (seller, sku, condition), entry in offers.items():
        first = entry[1][0]
        product = first.get("product_id") or identifiers.get((None, first.get("gtin"))) or identifiers[seller, sku]
        by_product[seller, product].append((sku, condition))
    assert all(len(v) == 1 for v in by_product.values())
    out = defaultdict(list)
    for o in objects(market, "availability"):
        assert o["available"] is False
        end = when(o["to"]) if o["to"] else None
        out[o["seller_id"], o["sku"]].append((when(o["from"]), end))
    multi, changed_price, checked = 0, set(), 0
    for order in objects(market, "orders"):
        ts = when(order["timestamp"])
        assert len(set(line_ids(order))) == len(order["items"])
        multi += len({seller for seller, _ in line_ids(order)}) > 1
        for item in order["items"]:
            seller = seller_of(item)
            assert at(sellers[seller], ts)["vendor_status"] == "active"
            product = at(products[item["product_id"]], ts)
            assert [item[k] for k in ["name", "category", "description"]] == \
                [product[k] for k in ["name", "category", "description"]]
            (sku, condition), = by_product[seller, item["product_id"]]
            offer = at(offers[seller, sku, condition], ts)
            assert (item["unit_price"], order["currency"]) == (offer["price"], offer["currency"])
            assert item.get("offer_sku", sku) == sku and item.get("condition", condition) == condition
            changed_price |= {seller + sku} if at(offers[seller, sku, condition], ts)["sequence"] > 1 else set()
            if seller != "shopnow" or item["product_id"] != "p-0001":
                # The last message on an interval that begins at a moment is the one that holds.
                intervals = dict(out[seller, sku])
                assert not any(a <= ts and (b is None or ts < b) for a, b in intervals.items()), (order, sku)
            checked += 1
        total = sum(item["unit_price"] * item["quantity"] for item in order["items"])
        assert total == order["total_amount"]
    assert checked > 10000 and multi > 3000 and len(changed_price) > 50


def test_sold_few_sellers_many(market):
    lines = Counter(seller for order in objects(market, "orders") for seller, _ in line_ids(order))
    counts = sorted(lines.values(), reverse=True)
    assert len(counts) > 40
    assert counts[0] > 8 * counts[len(counts) // 2]


def test_several_currencies(market):
    currencies = Counter(o["currency"] for o in objects(market, "orders"))
    assert {"USD", "EUR"} <= set(currencies) and len(currencies) >= 4
    for o in objects(market, "orders"):
        if o["currency"] == "JPY":
            assert o["total_amount"] == int(o["total_amount"])


def test_commission_follows_the_rules(market):
    rules = list(csv.DictReader((market / "reference/commission_rules.csv").open(encoding="utf-8")))
    paris = ZoneInfo("Europe/Paris")

    def rate(seller, category, day):
        fitting = [r for r in rules if r["seller_id"] in ("", seller) and r["category"] in ("", category)
                   and r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])]
        best = max(fitting, key=lambda r: (2 * bool(r["seller_id"]) + bool(r["category"]), r["valid_from"]))
        return Decimal(best["rate"])

    seen = set()
    for order in objects(market, "orders"):
        day = datetime.fromtimestamp(when(order["timestamp"]) / 1e6, paris).strftime("%Y-%m-%d")
        for item in order["items"]:
            if "commission_amount" not in item:
                assert "vendor_id" in item
                continue
            r = rate(seller_of(item), item["category"], day)
            step = Decimal("1" if order["currency"] == "JPY" else "0.01")
            assert item["commission_amount"] == (item["unit_price"] * item["quantity"] * r).quantize(step, ROUND_HALF_UP)
            seen.add(r)
    assert len(seen) > 8
    late = list(csv.DictReader((market / "reference/commission_rules_late.csv").open(encoding="utf-8")))
    keys = {(r["seller_id"], r["category"], r["valid_from"]) for r in rules}
    assert {r["revision"] for r in late} == {"1", "2"}
    for r in late:
        assert (r["revision"] == "2") == ((r["seller_id"], r["category"], r["valid_from"]) in keys)


def test_exchange_rates_cover_every_day(market):
    rates = defaultdict(set)
    for r in csv.DictReader((market / "reference/fx_rates.csv").open(encoding="utf-8")):
        assert r["quote"] == "EUR" and Decimal(r["rate"]) > 0 and re.fullmatch(r"\d+\.\d{8}", r["rate"])
        day = date.fromisoformat(r["date"])
        assert day.weekday() < 5 and day not in rates[r["currency"]]
        rates[r["currency"]].add(day)
    assert set(rates) == {"USD", "GBP", "CHF", "JPY"}
    for order in objects(market, "orders"):
        if order["currency"] != "EUR":
            day = datetime.fromtimestamp(when(order["timestamp"]) / 1e6, timezone.utc).date()
            assert any(day - timedelta(days=i) in rates[order["currency"]] for i in range(11))


def test_what_follows_names_real_orders_and_lines(market):
    orders, lines = {}, {}
    for order in objects(market, "orders"):
        orders[order["order_id"]] = order
        for (seller, line), item in zip(line_ids(order), order["items"]):
            lines[order["order_id"], seller, line] = item
    subs = {(o, s) for o, s, _ in lines}
    states = defaultdict(list)
    for o in objects(market, "order_status"):
        key = o["order_id"], seller_of(o)
        assert key in subs and when(o["timestamp"]) > when(orders[o["order_id"]]["timestamp"])
        if "line_id" in o:
            assert (*key, o["line_id"]) in lines
        states[key].append((o["status"], o.get("line_id")))
    for key, seen in states.items():
        whole = [s for s, line in seen if line is None]
        assert whole in (["PAID"], ["PAID", "SHIPPED"], ["PAID", "SHIPPED", "DELIVERED"], ["CANCELLED"]), (key, seen)
        cancelled = {line for s, line in seen if s == "CANCELLED" and line}
        if cancelled:
            assert not {line for s, line in seen if s in ("SHIPPED", "DELIVERED")} & ({None} | cancelled)
    shipped = set()
    for o in objects(market, "shipments"):
        key = o["order_id"], seller_of(o)
        assert key in subs and key[1] == o["seller_id"]
        assert (o["status"] == "DELIVERED") == ((key, o["shipment_id"]) in shipped)
        shipped.add((key, o["shipment_id"]))
    returns = objects(market, "returns")
    for o in returns:
        item = lines[o["order_id"], seller_of(o), o["line_id"]]
        assert o["product_id"] == item["product_id"] and 1 <= o["quantity"] <= item["quantity"]
        assert o["refund_amount"] == item["unit_price"] * o["quantity"]
        assert o["currency"] == orders[o["order_id"]]["currency"]
        assert ("DELIVERED", None) in states[o["order_id"], o["seller_id"]] or \
            any(s == "DELIVERED" for s, _ in states[o["order_id"], o["seller_id"]])
    assert len(returns) > 300 and len({o["return_id"] for o in returns}) == len(returns)
    assert any(line for seen in states.values() for _, line in seen)


def test_stock_adds_up(market):
    level, movements, sold = {}, set(), Counter()
    for o in objects(market, "stock"):
        key = o["seller_id"], o["sku"], o.get("condition", "new")
        assert (o["seller_id"], o["movement_id"]) not in movements
        movements.add((o["seller_id"], o["movement_id"]))
        assert ("level" in o) != ("delta" in o)
        if "level" in o:
            assert o.get("reason") in (None, "count")
            assert (key in level) == (o.get("reason") == "count")
            assert level.setdefault(key, o["level"]) == o["level"], "a count differs from what moved"
        else:
            level[key] += o["delta"]
            sold[o["reason"]] += o["delta"]
        assert level[key] >= 0
    items = [item["quantity"] for order in objects(market, "orders") for item in order["items"]]
    assert sold["sale"] == -sum(items)
    assert set(sold) == {"sale", "return", "receipt", "correction"}


def test_visits_lead_to_orders(market):
    sessions = defaultdict(list)
    for o in objects(market, "clickstream"):
        sessions[o["session_id"]].append(o)
    for order in objects(market, "orders"):
        if "session_id" in order:
            clicks = sessions[order["session_id"]]
            assert [c["event_type"] for c in clicks] == ["view_page"] * 3 + ["add_to_cart", "checkout_start"]
            assert when(clicks[-1]["timestamp"]) < when(order["timestamp"])
            assert clicks[2]["url"] == "/product/" + order["items"][0]["product_id"]
    anonymous = sum(c[0]["user_id"] is None for c in sessions.values()) / len(sessions)
    assert 0.18 < anonymous < 0.22
    for clicks in sessions.values():
        assert len({c["user_id"] for c in clicks}) == 1


def test_numbers_have_right_check_digits(market):
    gtins = [o["gtin"] for s in ["products", "offers"] for o in objects(market, s) if o.get("gtin")]
    assert len(gtins) > 300 and all(len(g) == 13 and ean.is_valid(g) for g in gtins)
    products = {o["gtin"]: o["product_id"] for o in objects(market, "products") if o.get("gtin")}
    assert len(products) == len(set(products.values()))
    sirets = [o["vendor_siret"] for o in objects(market, "vendors") if "vendor_siret" in o]
    assert sirets and all(siret.is_valid(s) for s in sirets)
    assert all(re.fullmatch(r"[a-z0-9_]{1,40}", o["vendor_id"]) for o in objects(market, "vendors"))
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", o["sku"]) for o in objects(market, "offers"))


@pytest.mark.parametrize("stream,key", [("vendors", "vendor_id"), ("products", "product_id")])
def test_every_change_changes_something(market, stream, key):
    state, n = {}, Counter()
    for o in objects(market, stream):
        now = {k: v for k, v in o.items() if k not in ("event_id", "timestamp", "sequence")}
        before = state.get(o[key], {})
        assert {**before, **now} != before, o
        n.update(k for k in now if before and before.get(k) != now[k])
        state[o[key]] = {**before, **now}
    expected = {"vendors": {"vendor_name", "vendor_status", "vendor_category", "vendor_tier", "vendor_email",
                            "commission_rate"}, "products": {"name", "category", "description"}}[stream]
    assert expected <= set(n)


def test_seasons_and_weekdays(generate, tmp_path):
    generate(tmp_path, "--from", "2025-11-01", "--days", 61, "--orders-per-day", 200, "--clicks-per-order", 0)
    days = {p.stem: len(p.read_bytes().splitlines()) for p in (tmp_path / "orders").glob("*.jsonl")}
    assert len(days) == 61
    mean = lambda keep: (lambda v: sum(v) / len(v))([n for d, n in days.items() if keep(date.fromisoformat(d))])
    assert mean(lambda d: d.month == 12 and d.day < 24) > 1.4 * mean(lambda d: d.month == 11 and d.day < 20)
    assert mean(lambda d: d.weekday() == 5) > 1.1 * mean(lambda d: d.weekday() == 1)


# Runs.

def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_seed_decides(generate, tmp_path):
    small = ["--days", 3, "--orders-per-day", 50, "--faults", "5%"]
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        generate(tmp_path / name, *small, "--seed", seed, "--truth", tmp_path / f"{name}.truth")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert (tmp_path / "a.truth").read_bytes() == (tmp_path / "b.truth").read_bytes()
    a, c = content(tmp_path / "a"), content(tmp_path / "c")
    assert a["orders/2026-01-01.jsonl"] != c["orders/2026-01-01.jsonl"]


def test_more_days_keep_the_first_ones(generate, tmp_path):
    for days in [2, 4]:
        generate(tmp_path / str(days), "--legacy", "--days", days, "--orders-per-day", 60)
    short, long = content(tmp_path / "2"), content(tmp_path / "4")
    assert short.items() <= long.items()


def test_flat(generate, tmp_path):
    generate(tmp_path / "j", "--flat", 5000)
    generate(tmp_path / "c", "--flat", 5000, "--flat-format", "csv")
    lines = (tmp_path / "j/flat.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_float=str) for line in lines]
    assert len(rows) == 5000 and 270 < sum(map(len, lines)) / 5000 < 320
    assert all(re.fullmatch(UUID, r["event_id"]) and re.fullmatch(r"\d+\.\d\d", r["unit_price"]) for r in rows)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", r["event_time"]) for r in rows)
    assert len({r["event_id"] for r in rows}) == 5000
    table = list(csv.DictReader((tmp_path / "c/flat.csv").open(encoding="utf-8")))
    assert table == [{k: str(v) for k, v in r.items()} for r in rows]
    assert len(table[0]) == 12


def test_a_folder_with_content_is_refused(generate, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    assert "not empty" in generate(tmp_path, "--legacy", "--days", 1, expect=2)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/2001-01-01.jsonl").write_text("of an earlier run")
    generate(tmp_path, "--days", 1, "--force")
    assert (tmp_path / "mine.txt").exists() and not (tmp_path / "orders/2001-01-01.jsonl").exists()
    (tmp_path / "vendors/mine.txt").write_text("mine")
    generate(tmp_path, "--legacy", "--days", 1, "--force")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == \
        ["clickstream/2025-12-01.jsonl", "mine.txt", "orders/2025-12-01.jsonl", "vendors/mine.txt"]


def test_memory_does_not_grow_with_the_events(tool, tmp_path):
    def peak_kb(name, orders, days):
        pid = os.posix_spawn(tool, [tool, "--out", tmp_path / name, "--orders-per-day", str(orders), "--days", str(days),
                                    "--clicks-per-order", "2", "--faults", "1%"], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        assert status == 0
        return usage.ru_maxrss

    assert peak_kb("large", 4000, 8) < 1.25 * peak_kb("small", 50, 8)


@pytest.mark.parametrize("options,code,text", [
    (["--days", 0], 2, "--days must be 1 .. 3660"),
    (["--days", "many"], 2, "--days must be"),
    (["--from", "2026-13-01"], 2, "--from must be"),
    (["--from", "2099-12-31", "--days", 2], 2, "2099-12-31"),
    (["--faults", "nonsense=1"], 2, "nonsense"),
    (["--faults", "1.5"], 2, "rate"),
    (["--faults", "late=60%,duplicate=60%"], 2, "more than 1"),
    (["--format", "xml"], 2, "--format must be jsonl"),
    (["--colour", "red"], 2, "no option --colour"),
])
def test_wrong_options(generate, tmp_path, options, code, text):
    assert text in generate(tmp_path / "x", *options, expect=code)


def test_errors_of_the_system(generate, tmp_path):
    small = ["--legacy", "--days", 1, "--orders-per-day", 10]
    assert "not_found" in generate(tmp_path / "no/such", *small, expect=3)
    (tmp_path / "file").write_text("")
    assert "is a file" in generate(tmp_path / "file", *small, expect=2)
    # A device that is always full.
    assert "full:" in generate(tmp_path / "full", *small, "--truth-all", "--truth", "/dev/full", expect=3)


def test_a_folder_without_rights(tool, tmp_path):
    users.own(tmp_path)
    own = shutil.copy(tool, tmp_path / "generate")
    tmp_path.chmod(0o500)
    result = users.run_as_plain_user([own, "--out", tmp_path / "x", "--legacy"], capture_output=True, text=True)
    assert result.returncode == 3 and "permission" in result.stderr


# Faults.

KINDS = re.compile(r'^    X\(\w+, "(\w+)"', re.MULTILINE)


@pytest.fixture(scope="session")
def faulty(generate, tmp_path_factory):
    out = tmp_path_factory.mktemp("faulty") / "out"
    truth = out.parent / "truth.jsonl"
    summary = generate(out, "--days", 20, "--orders-per-day", 700, "--faults", "6%", "--truth", truth, "--seed", 5)
    return out, [json.loads(line) for line in truth.read_text().splitlines()], summary


def test_every_kind_strikes_at_its_rate(faulty):
    out, truth, summary = faulty
    known = KINDS.findall((ROOT / "src/generate/faults.h").read_text())
    seen = Counter(t["fault"] for t in truth)
    assert set(seen) == set(known) and len(known) >= 35
    assert len(truth) == summary["faults"]
    total = sum(1 for p in out.rglob("*.jsonl") if "reference" not in p.parts for _ in p.open("rb"))
    assert 0.055 < len(truth) / total < 0.062


def test_one_kind_at_its_rate(generate, tmp_path):
    generate(tmp_path / "o", "--legacy", "--days", 2, "--orders-per-day", 5000, "--clicks-per-order", 1,
             "--faults", "duplicate=3%,null_items=0.02", "--truth", tmp_path / "t")
    seen = Counter((t["file"].split("/")[0], t["fault"]) for t in map(json.loads, (tmp_path / "t").open()))
    assert 250 < seen["orders", "duplicate"] < 350 and 250 < seen["clickstream", "duplicate"] < 350
    assert 150 < seen["orders", "null_items"] < 250 and ("clickstream", "null_items") not in seen


def test_the_truth_names_records_and_known_reasons(faulty):
    out, truth, _ = faulty
    header = (ROOT / "src/contract/contract.h").read_text()
    reasons = set(re.findall(r'^    X\(EP_R_\w+, "(\w+)"', header, re.MULTILINE))
    assert len(reasons) > 30
    lengths, seen = {}, set()
    for t in truth:
        if t["file"] not in lengths:
            lengths[t["file"]] = len((out / t["file"]).read_bytes().splitlines())
        assert 0 <= t["record"] < lengths[t["file"]]
        assert (t["file"], t["record"]) not in seen
        seen.add((t["file"], t["record"]))
        assert t["class"] in {"applied", "quarantined", "duplicate", "waiting", "inferred_parent", "finding", "late"}
        assert set(t["reasons"]) | set(t.get("also", [])) <= reasons
        assert (t["class"] in ("quarantined", "finding")) == bool(t["reasons"])


def pairs(items):
    keys = [k for k, _ in items]
    if len(keys) != len(set(keys)):
        raise KeyError("twice")
    return dict(items)


def test_each_fault_is_what_it_says(faulty):
    out, truth, _ = faulty
    files = {}

    def line(t):
        if t["file"] not in files:
            files[t["file"]] = (out / t["file"]).read_bytes().split(b"\n")
        return files[t["file"]][t["record"]]

    first = {}
    for name in {t["file"] for t in truth}:
        for i, text in enumerate((out / name).read_bytes().split(b"\n")):
            first.setdefault(text, (name, i))
    unparsed = {"truncated", "not_json", "bad_utf8", "duplicate_key"}
    newcomers = {o["vendor_id"]: when(o["timestamp"]) for o in tolerant(out, "vendors")
                 if str(o.get("vendor_id")).startswith("newcomer")}
    for t in truth:
        stream, fault = t["file"].split("/")[0], t["fault"]
        raw = line(t)
        if fault == "bad_utf8":
            with pytest.raises(UnicodeDecodeError):
                raw.decode()
            continue
        if fault == "duplicate_key":
            with pytest.raises(KeyError):
                json.loads(raw, object_pairs_hook=pairs)
            continue
        if fault in unparsed:
            raw.decode()
            with pytest.raises(ValueError):
                json.loads(raw)
            continue
        o = json.loads(raw, parse_float=Decimal, object_pairs_hook=pairs)
        items = o.get("items") if stream == "orders" else [o]
        got = [i for i in items or [] if i]
        prices = [i[k] for i in got for k in ("unit_price", "price", "refund_amount") if k in i]
        quantities = [i["quantity"] for i in got if "quantity" in i]
        sellers = [(("seller_id" in i) + ("vendor_id" in i)) for i in got]
        check = {
            "missing_items": lambda: "items" not in o,
            "null_items": lambda: o["items"] is None,
            "empty_items": lambda: o["items"] == [],
            "null_item": lambda: None in o["items"],
            "negative_quantity": lambda: min(quantities) == -2,
            "zero_quantity": lambda: min(quantities) == 0,
            "fractional_quantity": lambda: Decimal("1.5") in quantities,
            "absurd_quantity": lambda: max(quantities) == 1000000,
            "negative_price": lambda: min(prices) < 0,
            "absurd_price": lambda: max(prices) > 10 ** 15,
            "decimal_comma": lambda: any(isinstance(p, str) and re.fullmatch(r"\d+,\d\d", p) for p in prices),
            "unknown_currency": lambda: o["currency"] == "ZZZ",
            "bad_gtin": lambda: not ean.is_valid(o["gtin"]),
            "bad_siret": lambda: not siret.is_valid(o["vendor_siret"]),
            "sum_mismatch": lambda: o["total_amount"] == sum(i["unit_price"] * i["quantity"] for i in got) + 1,
            "seller_missing": lambda: 0 in sellers,
            "seller_conflict": lambda: 2 in sellers,
            "price_without_currency": lambda: "currency" not in o and "price" in o,
            "level_and_delta": lambda: "level" in o and "delta" in o,
            "no_level": lambda: "level" not in o and "delta" not in o,
            "negative_level": lambda: o["level"] < 0 and "delta" not in o,
            "unknown_boolean": lambda: o["available"] == "maybe",
            "unknown_enum": lambda: "TELEPORTED" in o.values(),
            "wrong_type": lambda: b'"some"' in raw,
            "swapped_date": lambda: int(o["from" if stream == "availability" else "timestamp"][5:7]) > 12,
            "duplicate": lambda: first[raw] < (t["file"], t["record"]) or first[raw][0] == t["file"],
            "early_seller": lambda: any(newcomers[i.get("seller_id", i.get("vendor_id"))] > when(o["timestamp"])
                                        for i in got if "newcomer" in i.get("seller_id", i.get("vendor_id"))),
            "late": lambda: datetime.fromtimestamp(when(o["timestamp"]) // 1000000, timezone.utc)
            .strftime("%Y-%m-%d") < t["file"][-16:-6],
            "out_of_order": lambda: True,
            "missing_id": lambda: True,
            "null_id": lambda: None in o.values(),
        }
        if fault == "conflicting_duplicate":
            other = json.loads(line(t["either"]), parse_float=Decimal)
            same = "movement_id" if stream == "stock" else "return_id" if stream == "returns" else "event_id"
            assert o[same] == other[same] and o["timestamp"] == other["timestamp"] and o != other
        else:
            assert check[fault](), (t, o)


def tolerant(folder, stream):
    for path in sorted((folder / stream).glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                pass


def test_records_without_fault_are_clean(faulty, generate, tmp_path_factory):
    """Taking out what the truth names, and putting held records back, leaves the clean run."""
    out, truth, _ = faulty
    clean = tmp_path_factory.mktemp("clean")
    generate(clean, "--days", 20, "--orders-per-day", 700, "--seed", 5)
    touched = {(t["file"], t["record"]) for t in truth}
    for stream in ["orders", "clickstream", "order_status", "returns", "offers"]:
        whole = {line for p in (clean / stream).glob("*.jsonl") for line in p.read_bytes().splitlines()}
        n = 0
        for path in (out / stream).glob("*.jsonl"):
            for i, line in enumerate(path.read_bytes().splitlines()):
                if (f"{stream}/{path.name}", i) not in touched:
                    assert line in whole
                    n += 1
        assert n > 0.9 * len(whole)


def test_truth_of_every_record(generate, tmp_path):
    generate(tmp_path / "o", "--days", 2, "--orders-per-day", 100, "--faults", "10%", "--truth", tmp_path / "t",
             "--truth-all")
    told = Counter(t["file"] for t in map(json.loads, (tmp_path / "t").open()))
    for path in (tmp_path / "o").rglob("*.jsonl"):
        name = str(path.relative_to(tmp_path / "o"))
        if not name.startswith("reference/"):
            assert told.pop(name) == len(path.read_bytes().splitlines())
    assert not told


def test_old_orders_after_the_cut_over_have_no_seller(generate, tmp_path):
    generate(tmp_path / "o", "--legacy", "--from", "2025-12-31", "--days", 2, "--orders-per-day", 20, "--truth",
             tmp_path / "t", "--truth-all")
    seen = {(t["file"], t["class"], *t["reasons"]) for t in map(json.loads, (tmp_path / "t").open())}
    assert seen == {("orders/2025-12-31.jsonl", "applied"), ("clickstream/2025-12-31.jsonl", "applied"),
                    ("orders/2026-01-01.jsonl", "quarantined", "seller_missing"),
                    ("clickstream/2026-01-01.jsonl", "applied")}


def test_sales_without_seller_are_the_shops_before_the_cut_over(generate, tmp_path):
    generate(tmp_path / "o", "--from", "2025-12-30", "--days", 4, "--faults", "seller_missing=10%",
             "--truth", tmp_path / "t")
    seen = Counter((t["file"] < f"{t['file'].split('/')[0]}/2026-01-01", t["class"])
                   for t in map(json.loads, (tmp_path / "t").open()) if t["file"].split("/")[0] in SPECIAL)
    assert set(seen) == {(True, "applied"), (False, "quarantined")}
