"""Parents that come later: inferred members, groups that wait, chains of them, and what stays out."""

import copy
import subprocess

import market
import pg
import pytest
import wh
from market import line, order, shop, visit
from wh import BEGINNING, Warehouse, dataset, emit, feed, field

ENGINES = ["duckdb", "postgres"]


def with_policy(policy, one):
    one = copy.deepcopy(one)
    one["customProperties"].append({"property": "entrepot.onUnknownParent", "value": policy})
    return one


@pytest.fixture
def make(tmp_path):
    def new(policy, **settings):
        return Warehouse(tmp_path / f"{policy}{len(settings)}", [market.SHOP, with_policy(policy, market.LINE), with_policy(policy, market.VISIT)],
                         market.FEEDS, settings=settings)
    return new


def test_an_inferred_member_is_completed_in_place(make):
    w = make("inferred")
    w.load_records("visits", [visit(1, at="2025-06-01T00:00:00Z"), visit(2, at="2025-08-01T00:00:00Z")])
    (before,) = w.sql("select * from dim_shop")
    assert (before["shop"], before["city"], before["is_inferred"], before["valid_from"]) == ("a", None, True, BEGINNING)
    w.load_records("shops", [shop("a", "2025-07-01T00:00:00Z", city="Y"), shop("a", "2025-05-01T00:00:00Z", city="X")])
    rows = w.tuples("select shop_key, city, valid_from, is_inferred from dim_shop order by valid_from")
    assert rows == [(before["shop_key"], "X", BEGINNING, False), (before["shop_key"], "Y", "2025-07-01 00:00:00.000000", False)]
    assert w.tuples("select v.visit, d.city from fact_visit v join dim_shop d on d.shop_key = v.shop_key and d.valid_from = v.shop_from "
                    "order by 1") == [("v1", "X"), ("v2", "Y")]
    w.check_books()


def test_what_repeats_its_own_time_is_unchanged_until_there_is_news(make):
    w = make("inferred")
    w.load_records("shops", [shop("a", "2025-01-01T00:00:00Z", city="X"), shop("a", "2025-03-01T00:00:00Z", city="Y")])
    repeated = w.load_records("shops", [shop("a", "2025-02-01T00:00:00Z", city="X"), shop("a", "2025-04-01T00:00:00Z", city="Y")], "2.jsonl")
    assert (repeated["applied"], repeated["unchanged"]) == (0, 2)
    news = w.load_records("shops", [shop("a", "2025-05-01T00:00:00Z", city="Z"), shop("a", "2025-06-01T00:00:00Z", city="Y"),
                                    shop("a", "2025-07-01T00:00:00Z", city="Q")], "3.jsonl")
    assert (news["applied"], news["unchanged"]) == (3, 0)
    # What holds now is news for the time before it held.
    early = w.load_records("shops", [shop("a", "2025-02-15T00:00:00Z", city="Y")], "4.jsonl")
    assert (early["applied"], early["unchanged"]) == (1, 0)
    assert w.tuples("select city, valid_from from dim_shop order by valid_from") == [
        ("X", BEGINNING), ("Y", "2025-02-15 00:00:00.000000"), ("Z", "2025-05-01 00:00:00.000000"), ("Y", "2025-06-01 00:00:00.000000"),
        ("Q", "2025-07-01 00:00:00.000000")]
    w.check_books()


def test_a_late_change_is_news_unless_it_was_in_force_at_its_time(make):
    """All versions show the last name, so that they do not tell whether an older one was in force; the log does."""
    w = make("inferred")
    w.load_records("shops", [shop("a", "2025-01-01T00:00:00Z", city="X", name="old"), shop("a", "2025-03-01T00:00:00Z", name="new"),
                             shop("a", "2025-04-01T00:00:00Z", city="Y")])
    repeated = w.load_records("shops", [shop("a", "2025-02-01T00:00:00Z", city="X", name="old"), shop("a", "2025-03-10T00:00:00Z", name="new")],
                              "2.jsonl")
    assert (repeated["applied"], repeated["unchanged"]) == (0, 2)
    other = w.load_records("shops", [shop("a", "2025-02-10T00:00:00Z", name="other")], "3.jsonl")
    assert (other["applied"], other["unchanged"]) == (1, 0)
    # Nobody told a name after this one.
    last = w.load_records("shops", [shop("a", "2025-03-20T00:00:00Z", name="old")], "4.jsonl")
    assert (last["applied"], last["unchanged"]) == (1, 0)
    assert w.tuples("select city, name, valid_from from dim_shop order by valid_from") == [
        ("X", "old", BEGINNING), ("Y", "old", "2025-04-01 00:00:00.000000")]
    w.check_books()


def test_a_late_change_is_the_first_unless_another_was(tmp_path):
    """A type 0 attribute shows what was sent first; versions do not tell when that was."""
    contract = dataset("dim_shop", "dimension", [
        field("shop", required=True), field("at", "timestamp", required=True), field("city", history=2), field("founder", history=0),
    ], key=["shop"], owner="shop", valid_time="at")
    w = Warehouse(tmp_path / "w", [contract], [feed("shops", emit("dim_shop", ["shop", "at", "city", "founder"]))])
    w.load_records("shops", [shop("a", "2025-01-01T00:00:00Z", city="X"), shop("a", "2025-04-01T00:00:00Z", founder="Cleo"),
                             shop("a", "2025-05-01T00:00:00Z", city="X")])
    assert w.tuples("select city, founder from dim_shop") == [("X", "Cleo")]
    late = w.load_records("shops", [shop("a", "2025-03-01T00:00:00Z", founder="Bea")], "2.jsonl")
    assert w.tuples("select city, founder from dim_shop") == [("X", "Bea")]
    later = w.load_records("shops", [shop("a", "2025-03-10T00:00:00Z", founder="Dan")], "3.jsonl")
    assert w.tuples("select city, founder from dim_shop") == [("X", "Bea")]
    assert (late["received"], later["unchanged"]) == (1, 1)
    w.check_books()
def test_versions_that_stay_are_not_written_anew(make):
    w = make("inferred")
    place = "cast(xmin as text)" if w.store else "rowid"
    months = ["01", "03", "05", "07"]
    w.load_records("shops", [shop(name, f"2025-{month}-01T00:00:00Z", city=month) for name in "ab" for month in months])
    before = w.tuples(f"select shop, city, {place} from dim_shop order by 1, 2")
    w.load_records("shops", [shop("a", "2025-04-01T00:00:00Z", city="04")], "2.jsonl")
    after = w.tuples(f"select shop, city, {place} from dim_shop order by 1, 2")
    new = [one for one in after if one not in before]
    # PostgreSQL writes a row whose end moved at another place.
    assert [one[:2] for one in new] == ([("a", "03"), ("a", "04")] if w.store else [("a", "04")])
    assert [one for one in before if one not in after] == [one for one in before if w.store and one[:2] == ("a", "03")]
    assert w.tuples("select city, valid_to, is_current from dim_shop where shop = 'a' order by valid_from")[1:3] == [
        ("03", "2025-04-01 00:00:00.000000", False), ("04", "2025-05-01 00:00:00.000000", False)]
    w.check_books()


def test_a_change_that_a_batch_has_twice_counts_once(make):
    w = make("inferred")
    twice = w.load_records("shops", [shop("a", city="X"), shop("b", city="Y"), shop("a", city="X")])
    assert (twice["applied"], twice["duplicate"]) == (2, 1)
    assert w.value("select count(*) from log.dim_shop") == 2
    w.check_books()


def test_of_two_contents_at_one_moment_the_same_holds_in_any_order(tmp_path):
    """Where each change carries everything, what is stored is not compared with what should be: the change a version began with tells."""
    contract = dataset("dim_shop", "dimension", [
        field("shop", required=True), field("at", "timestamp", required=True), field("city", history=2),
    ], key=["shop"], owner="shop", valid_time="at")
    # Which of the two holds is decided by their hashes; with so many shops it is now this one, now that. X is no news after X.
    rivals_of = {**dict.fromkeys("abcdef", "YZ"), **dict.fromkeys("klmnop", "XY")}
    around = [shop(name, f"2025-{month}-01T00:00:00Z", city=city) for name in rivals_of for month, city in (("01", "X"), ("05", "W"))]
    first, second = ([shop(name, "2025-03-01T00:00:00Z", city=cities[n]) for name, cities in rivals_of.items()] for n in range(2))
    together, one_by_one, other_way = (Warehouse(tmp_path / name, [contract], [feed("shops", emit("dim_shop", ["shop", "at", "city"]))])
                                       for name in ("together", "one_by_one", "other_way"))
    together.load_records("shops", [*around, *first, *second])
    for w, batches in ((one_by_one, (around, first, second)), (other_way, (around, second, first))):
        for number, batch in enumerate(batches):
            w.load_records("shops", batch, f"{number}.jsonl")
    query = "select shop, city, valid_from, valid_to, is_current from dim_shop order by shop, valid_from"
    versions = together.tuples(query)
    told = {name: "".join(city for of, city, *_ in versions if of == name) for name in rivals_of}
    assert {told[name] for name in "abcdef"} == {"XYW", "XZW"}
    assert {told[name] for name in "klmnop"} == {"XW", "XYW"}
    assert one_by_one.tuples(query) == versions
    assert other_way.tuples(query) == versions
    for w in (together, one_by_one, other_way):
        w.check_books()
        w.run("verify")


@pytest.mark.parametrize("table, feed_name", [("dim_shop", "shops"), ("fact_line", "orders")])
def test_a_durable_key_of_two_natural_keys_stops_the_load(make, table, feed_name):
    """No test can make one, so another natural key is put where the key is stored. A dimension, and a table with one row a key."""
    w = make("inferred")
    records = {"shops": lambda city: [shop("a", "2025-03-01T00:00:00Z", city=city)], "orders": lambda city: [order(1, line("a"), at=f"2025-06-0{len(city)}T00:00:00Z")]}
    w.load_records(feed_name, records[feed_name]("X"))
    turned = f"update {table} set {'shop' if table == 'dim_shop' else 'order_id'} = 'zz'"
    if wh.ENGINE == "duckdb":
        subprocess.run([wh.ROOT / "build" / "asan" / "tests" / "tools" / "tamper", w.folder / "data" / "warehouse.duckdb", turned], check=True)
    else:
        pg.psql(w.store, f"set search_path = main; {turned}")
    done = w.run("load", feed_name, w.file("again.jsonl", records[feed_name]("XX")), check=False)
    assert done.returncode != 0 and "the same durable key" in done.err
    assert w.value(f"select count(*) from log.{table}") == (1 if table == "dim_shop" else 0)


def test_what_waits_comes_in_with_its_parent(make):
    w = make("wait")
    assert w.load_records("orders", [order(1, line("a"), line("b"))])["waiting"] == 1
    assert [one["owner"] for one in w.quarantine("waiting")] == ["a", "b"]
    assert w.hash()["fact_line"][0] == w.hash()["dim_shop"][0] == 0
    w.check_books()
    ledger = w.load_records("shops", [shop("a", city="X")])
    assert (ledger["applied"], ledger["released"]) == (1, 1)
    assert w.tuples("select shop, price from fact_line") == [("a", w.value("select cast(1.1 as decimal(18,4))"))]
    w.check_books()  # the record still waits: its other group does
    assert w.value("select waiting from books.load where feed = 'orders'  and received > 0") == 1
    assert w.load_records("shops", [shop("b")])["released"] == 1
    assert w.value("select applied from books.load where feed = 'orders' and received > 0") == 1
    assert w.value("select count(*) from books.waiting_parent") == 0
    w.check_books()
    assert w.value("select sum(waiting) from books.load_rows") == 0


def test_waiting_gives_what_loading_in_order_gives(make):
    late, early = make("wait"), make("wait", commit_records=100)
    shops = [shop("a", city="X"), shop("b", city="Y"), shop("a", "2025-09-01T00:00:00Z", city="Z")]
    orders = [order(1, line("a"), line("b")), order(2, line("b", 1), line("b", 2)), order(1, line("a", price="9"), at="2025-10-01T00:00:00Z")]
    late.load_records("orders", orders)
    late.load_records("shops", shops[:1])
    late.load_records("shops", shops[1:])
    early.load_records("shops", shops)
    early.load_records("orders", orders)
    assert late.hash() == early.hash()
    late.check_books()
    early.check_books()


def test_chains_of_waiting_groups(tmp_path):
    """A product waits for its brand, a sale for its product: the brand releases both in one transaction."""
    brand = dataset("dim_brand", "dimension", [field("brand", required=True), field("at", "timestamp", required=True)],
                    key=["brand"], valid_time="at", history=1)
    product = dataset("dim_product", "dimension", [
        field("product", required=True), field("at", "timestamp", required=True), field("brand", refers="dim_brand.brand", history=2),
    ], key=["product"], valid_time="at", on_unknown="wait")
    sale = dataset("fact_sale", "transaction", [
        field("sale", required=True), field("at", "timestamp", required=True), field("product", refers="dim_product.product"),
        field("brand", refers="dim_brand.brand"),
    ], valid_time="at", dedupe=["sale"], on_unknown="wait")
    w = Warehouse(tmp_path / "w", [brand, product, sale], [
        feed("brands", emit("dim_brand", ["brand", "at"])), feed("products", emit("dim_product", ["product", "at", "brand"])),
        feed("sales", emit("fact_sale", ["sale", "at", "product", "brand"]))])
    at = "2025-01-01T00:00:00Z"
    w.load_records("sales", [{"sale": "1", "at": at, "product": "p", "brand": "c"}, {"sale": "2", "at": at, "product": "p"},
                             {"sale": "3", "at": at}])
    w.load_records("products", [{"product": "p", "at": at, "brand": "b"}])
    assert len(w.quarantine("waiting")) == 3
    w.check_books()
    # Sale 1 waits for a second parent still.
    assert w.load_records("brands", [{"brand": "b", "at": at}])["released"] == 2
    assert w.tuples("select sale from fact_sale order by 1") == [("2",), ("3",)]
    w.check_books()
    assert w.load_records("brands", [{"brand": "other", "at": at}])["released"] == 0
    w.check_books()
    assert w.load_records("brands", [{"brand": "c", "at": at}])["released"] == 1
    assert w.tuples("select sale from fact_sale order by 1") == [("1",), ("2",), ("3",)]
    w.check_books()
    assert w.value("select sum(waiting) from books.load_rows") == 0


def test_what_is_released_counts_as_known_in_the_same_command(tmp_path):
    """A late row comes in with its parent in the first batch; its double in the second batch is a duplicate."""
    early, late = "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"
    shop_ = dataset("dim_shop", "dimension", [field("shop", required=True), field("at", "timestamp", required=True)],
                    key=["shop"], valid_time="at", history=1)
    hit = dataset("fact_hit", "transaction", [field("id", required=True), field("at", "timestamp", required=True)], valid_time="at", dedupe=["id"])
    stay = dataset("fact_stay", "transaction", [
        field("id", required=True), field("at", "timestamp", required=True), field("shop", refers="dim_shop.shop"),
    ], valid_time="at", dedupe=["id"], on_unknown="wait")
    hits = emit("fact_hit", ["id", "at"])
    w = Warehouse(tmp_path / "w", [shop_, hit, stay], [
        feed("stays", emit("fact_stay", ["id", "at", "shop"]), hits), feed("news", emit("dim_shop", ["shop", "at"]), hits),
    ], settings={"commit_records": 1})
    assert w.load_records("stays", [{"id": "z", "at": late, "shop": "s"}])["waiting"] == 1
    ledger = w.load("news", w.file("first.jsonl", [{"id": "a", "at": early, "shop": "s"}]),
                    w.file("second.jsonl", [{"id": "z", "at": late, "shop": "t"}]))
    assert ledger["released"] == 1
    assert w.tuples("select id from fact_hit order by 1") == [("a",), ("z",)]
    w.check_books()


def test_an_unknown_parent_can_be_a_reason(make):
    w = make("quarantine")
    assert w.load_records("visits", [visit(1)])["quarantined"] == 1
    (one,) = w.quarantine()
    assert (one["codes"], one["owner"], one["n_rows"]) == ("parent_unknown", "a", 1)
    assert w.hash()["dim_shop"][0] == 0
    w.load_records("shops", [shop("a")])
    assert w.hash()["fact_visit"][0] == 0  # it stays until it is replayed
    w.run("quarantine", "replay", "--all")
    assert w.hash()["fact_visit"][0] == 1
    w.check_books()


def test_a_parent_in_the_same_batch_is_enough(make):
    w = make("quarantine")
    both = feed("both", emit("dim_shop", ["shop", "at"]), emit("fact_visit", ["shop", "visit", "at"]))
    w.define_feed(both)
    assert w.load_records("both", [visit(1), visit(2, "b")])["applied"] == 2
    w.check_books()
