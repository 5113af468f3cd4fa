"""Contracts change under a loaded warehouse: columns are added, history types change, what would break is refused."""

import copy

import market
import pytest
from market import line, order, shop, visit
from wh import BEGINNING, Warehouse, dataset, emit, feed, field

ENGINES = ["duckdb", "postgres"]


@pytest.fixture
def w(tmp_path):
    made = Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS)
    (made.folder / "marts/legacy/dim_shop.sql").write_text("-- shops\nselect shop, city, name from main.dim_shop where is_current\n")
    (made.folder / "marts/visits.sql").write_text("-- visits a shop\nselect shop, count(*) as n from main.fact_visit group by shop\n")
    return made


def changed(one, name, **change):
    """A contract with one field changed, or added."""
    one = copy.deepcopy(one)
    fields = [f for f in one["properties"] if f["name"] != name]
    place = next((i for i, f in enumerate(one["properties"]) if f["name"] == name), 1)  # a new column comes in the middle
    fields.insert(place, field(name, **change))
    one["properties"] = fields
    return one


SHOPS = [shop("a", city="X", name="N"), shop("a", "2025-07-01T00:00:00Z", city="Y"), shop("b", city="X"),
         shop("a", "2025-03-01T00:00:00Z", name="M"), shop("a", "2025-04-01T00:00:00Z", city=None)]
ORDERS = [order(1, line("a"), line("b"), state="NEW"), order(1, line("a", price="2"), at="2025-08-01T00:00:00Z"), order(2, line("c"))]
VISITS = [visit(1), visit(2, "b"), visit(3, at="2025-07-02T00:00:00Z")]


def fill(w):
    w.load_records("shops", SHOPS, "shops.jsonl")
    w.load_records("orders", ORDERS, "orders.jsonl")
    w.load_records("visits", VISITS, "visits.jsonl")


def test_added_columns(w):
    """In a dimension, a fact of one row a key and a fact of events; what was loaded stays, what comes carries the column."""
    fill(w)
    legacy, mart = w.sql("select * from legacy.dim_shop order by 1"), w.sql("select * from mart.visits order by 1, 2")
    w.define(changed(market.SHOP, "street", history=2))
    w.define(changed(market.LINE, "gift", kind="boolean"))
    w.define(changed(market.VISIT, "agent"))
    w.define_feed(feed("shops", emit("dim_shop", ["shop", "at", "city", "name", "street"])))
    w.define_feed(feed("visits", emit("fact_visit", ["shop", "visit", "at", "page", "agent"])))
    w.load_records("shops", [shop("a", "2025-09-01T00:00:00Z", street="S")])
    w.load_records("visits", [visit(4) | {"agent": "browser"}])
    assert w.tuples("select city, street, valid_from from dim_shop where shop = 'a' order by valid_from") == [
        ("X", None, BEGINNING), (None, None, "2025-04-01 00:00:00.000000"), ("Y", None, "2025-07-01 00:00:00.000000"),
        ("Y", "S", "2025-09-01 00:00:00.000000")]
    assert w.tuples("select visit, agent from fact_visit order by 1") == [("v1", None), ("v2", None), ("v3", None), ("v4", "browser")]
    assert w.sql("select * from legacy.dim_shop order by 1") == legacy
    assert sum(row["n"] for row in w.sql("select * from mart.visits")) == sum(row["n"] for row in mart) + 1
    assert w.value("select count(*) from books.journal where event = 'columns_added'") == 3
    w.check_books()


def test_a_record_sent_again_after_a_column_was_added_is_a_duplicate(w):
    """The new column is absent in it, so its content is the same: no conflict, no new version."""
    fill(w)
    before = {table: rows for table, (rows, _) in w.hash().items()}
    w.define(changed(market.SHOP, "street", history=2))
    w.define(changed(market.LINE, "gift", kind="boolean"))
    w.define(changed(market.VISIT, "agent"))
    for name in ("shops", "orders", "visits"):
        ledger = w.load(name, w.files / f"{name}.jsonl", again=True)
        assert ledger["duplicate"] == ledger["received"], (name, ledger)
    assert {table: rows for table, (rows, _) in w.hash().items()} == before
    assert not w.quarantine()


def test_adding_a_column_before_or_after_loading_gives_the_same(w, tmp_path):
    fill(w)
    w.define(changed(market.SHOP, "street", history=2))
    w.load_records("shops", [shop("c", city="Z")])
    new = Warehouse(tmp_path / "new", [changed(market.SHOP, "street", history=2), market.LINE, market.VISIT], market.FEEDS)
    fill(new)
    new.load_records("shops", [shop("c", city="Z")])
    assert w.hash() == new.hash()


@pytest.mark.parametrize("name, history", [("city", 1), ("city", 0), ("name", 2), ("name", 0), ("city", 3), ("name", 3)])
def test_a_changed_history_type_equals_a_new_warehouse(w, tmp_path, name, history):
    """The history is rebuilt from the change log, facts are bound anew, and late changes go on as if it had always been so."""
    late = [shop("a", "2025-05-01T00:00:00Z", city="L", name="L"), shop("d", "2024-01-01T00:00:00Z", name="D")]
    contract = changed(market.SHOP, name, history=history)
    fill(w)
    w.define(contract)
    (w.folder / "marts/legacy/dim_shop.sql").unlink()  # its answer changes on purpose with type 0
    w.load_records("visits", [visit(9, at="2025-07-02T00:00:00Z")])
    new = Warehouse(tmp_path / "new", [contract, market.LINE, market.VISIT], market.FEEDS)
    fill(new)
    new.load_records("visits", [visit(9, at="2025-07-02T00:00:00Z")])
    assert w.hash() == new.hash()
    for one in (w, new):
        one.load_records("shops", late)
    assert w.hash() == new.hash()
    w.check_books()


@pytest.mark.parametrize("history", [0, 1])
def test_a_changed_history_type_of_a_single_row(w, tmp_path, history):
    contract = changed(market.LINE, "price", kind="number", physical="decimal(18,4)", required=True, history=history)
    fill(w)
    w.define(contract)
    new = Warehouse(tmp_path / "new", [market.SHOP, contract, market.VISIT], market.FEEDS)
    fill(new)
    for one in (w, new):
        one.load_records("shops", [shop("e")])
    assert w.hash() == new.hash()


def test_versions_that_come_with_a_changed_type(tmp_path):
    """No attribute kept versions, so facts had no column for them: they get it, bound."""
    flat = changed(market.SHOP, "city", history=1)
    w, new = Warehouse(tmp_path / "w", [flat, market.LINE, market.VISIT], market.FEEDS), Warehouse(tmp_path / "new", market.DATASETS, market.FEEDS)
    fill(w)
    assert "shop_from" not in w.sql("select * from fact_visit limit 1")[0]
    w.define(market.SHOP)
    for one in (w, new):
        if one is new:
            fill(new)
        one.load_records("visits", [visit(9)])
    assert w.tuples("select visit, shop_from from fact_visit order by 1") == new.tuples("select visit, shop_from from fact_visit order by 1")
    assert w.hash() == new.hash()
    # And back again.
    w.define(flat)
    w.load_records("visits", [visit(10)])
    w.define(market.SHOP)
    for one in (w, new):
        one.load_records("visits", [visit(10), visit(11)])
    assert w.hash() == new.hash()


def test_computed_columns_follow_a_rebuilt_history(tmp_path):
    """A derived column that shows the parent as it was."""
    visit_city = copy.deepcopy(market.VISIT)
    visit_city["properties"].append(field("city", derived=True))
    script = ("-- inputs: fact_visit, dim_shop\nupdate fact_visit as f set city = d.city from dim_shop d\n"
              "where d.shop = f.shop and d.shop_key = f.shop_key and d.valid_from <= f.at and f.at < d.valid_to and f.city is distinct from d.city;\n")
    flat = changed(market.SHOP, "city", history=1)
    w, new = (Warehouse(tmp_path / name, [one, market.LINE, visit_city], market.FEEDS) for name, one in (("w", market.SHOP), ("new", flat)))
    for one in (w, new):
        (one.folder / "derive/10_city.sql").write_text(script)
        fill(one)
    assert w.tuples("select visit, city from fact_visit order by 1") != new.tuples("select visit, city from fact_visit order by 1")
    w.define(flat)
    w.load_records("shops", [shop("e")])
    assert w.tuples("select visit, city from fact_visit order by 1") == new.tuples("select visit, city from fact_visit order by 1")


def refuse(w, contract, *words):
    """Loading stops with exit code 2 and the words; with the old contract it goes on."""
    w.define(contract)
    done = w.run("load", "shops", w.file("more.jsonl", [shop("z")]), check=False)
    assert done.returncode == 2, done.err
    for word in words:
        assert word in done.err
    w.define(next(one for one in market.DATASETS if one["name"] == contract["name"]))
    assert w.load_records("shops", [shop("z")])["applied"] == 1


def test_another_type_is_refused_with_the_way_to_do_it(w):
    fill(w)
    refuse(w, changed(market.SHOP, "city", kind="integer", history=2), "dim_shop.yaml:", "dim_shop.city", "add a column with a new name")


def test_fewer_decimals_are_refused(w):
    fill(w)
    refuse(w, changed(market.LINE, "price", kind="number", physical="decimal(18,2)", required=True), "fact_line.price", "keep the old type")


def test_another_key_is_refused(w):
    fill(w)
    wider = changed(market.LINE, "state", required=True)
    next(one for one in wider["customProperties"] if one["property"] == "entrepot.key")["value"].append("state")
    w.define_feed(feed("orders", emit("fact_line", {"shop": "shop", "order_id": "^.order_id", "line": "line", "at": "^.at", "price": "price",
                                                    "state": "^.state"}, each="lines[*]")))
    refuse(w, wider, "the key of fact_line cannot change", "make a new table with another name")


@pytest.mark.parametrize("changes, words", [
    ({"dedupe": ["hit", "page"]}, "was owner shop, event time at, dedupe hit, and is owner shop, event time at, dedupe hit page now"),
    ({"valid_time": "seen"}, "and is owner shop, event time seen, dedupe hit now"), ({"owner": None}, "and is owner -, event time at, dedupe hit now"),
], ids=["dedupe", "time", "owner"])
def test_another_identity_is_refused_once_there_are_rows(tmp_path, changes, words):
    def hits(**changes):
        identity = {"owner": "shop", "valid_time": "at", "dedupe": ["hit"]} | changes
        return dataset("fact_hit", "transaction", [
            field("shop", required=True), field("hit", required=True), field("at", "timestamp", required=True),
            field("seen", "timestamp", required=True), field("page", required=True),
        ], **{name: value for name, value in identity.items() if value})

    w = Warehouse(tmp_path / "w", [hits()], [feed("hits", emit("fact_hit", ["shop", "hit", "at", "seen", "page"]))])
    hit = {"shop": "a", "hit": "1", "at": "2025-01-01T00:00:00Z", "seen": "2025-01-02T00:00:00Z", "page": "/"}
    for one in (hits(), hits(**changes), hits()):  # no rows yet
        w.define(one)
        w.run("migrate")
    assert w.load_records("hits", [hit])["applied"] == 1
    w.define(hits(**changes))
    for command in (["migrate"], ["load", "hits", w.file("again.jsonl", [hit])]):
        done = w.run(*command, check=False)
        assert done.returncode == 2 and "fact_hit.yaml: what tells the rows of fact_hit apart" in done.err and words in done.err, done.err
    w.define(hits())
    assert w.load_records("hits", [hit], "other.jsonl")["duplicate"] == 1


def test_a_view_that_would_answer_differently_stops_the_change(w):
    """A legacy view that counts columns by star would change its answer."""
    (w.folder / "marts/legacy/dim_shop.sql").write_text("-- shops, carelessly\nselect * from main.dim_shop\n")
    fill(w)
    w.define(changed(market.SHOP, "street", history=2))
    done = w.run("load", "shops", w.file("more.jsonl", [shop("z")]), check=False)
    assert done.returncode == 2 and "legacy.dim_shop" in done.err and "one by one" in done.err
    w.define(market.SHOP)
    assert w.load_records("shops", [shop("z")])["applied"] == 1


def test_a_removed_column_stays_readable(w):
    fill(w)
    smaller = copy.deepcopy(market.VISIT)
    smaller["properties"] = [f for f in smaller["properties"] if f["name"] != "page"]
    w.define(smaller)
    w.define_feed(feed("visits", emit("fact_visit", ["shop", "visit", "at"])))
    w.load_records("visits", [visit(7)])
    assert w.tuples("select visit, page from fact_visit order by 1") == [("v1", "/"), ("v2", "/"), ("v3", "/"), ("v7", None)]


def test_another_secret_is_noticed(w):
    fill(w)
    (w.folder / "data/secret.key").write_bytes(b"x" * 32)
    done = w.run("load", "shops", w.file("more.jsonl", [shop("z")]), check=False)
    assert done.returncode == 3 and "secret.key" in done.err and "restore" in done.err


def test_a_mart_that_uses_what_comes_with_it(w):
    """New tables, new columns and the marts that read them are copied in together; the marts' answers may change, for they are others."""
    (w.folder / "marts/visits_twice.sql").write_text("-- twice as many\nselect shop, 2 * n as n from mart.visits\n")
    fill(w)
    w.define(changed(market.VISIT, "device"))
    w.define(dataset("fact_look", "transaction", [field("shop", required=True), field("look", required=True), field("at", "timestamp", required=True)],
                     owner="shop", valid_time="at", dedupe=["look"]))
    (w.folder / "marts/visits.sql").write_text(
        "-- visits a shop and device\nselect v.shop, v.device, count(*) as n, count(l.look) as looks from main.fact_visit v "
        "left join main.fact_look l on l.shop = v.shop group by v.shop, v.device\n")
    (w.folder / "marts/a_first.sql").write_text("-- read before what it reads\nselect sum(looks) as looks from mart.visits\n")
    trial = w.run("migrate", "--dry-run").out
    assert all(event in trial for event in ("table_made", "columns_added", "view_differs")), trial
    w.run("migrate")
    assert w.tuples("select shop, device, n, looks from mart.visits order by shop") == [("a", None, 2, 0), ("b", None, 1, 0)]
    assert w.tuples("select looks from mart.a_first") == [(0,)]
    assert w.run("migrate").out == "nothing to do\n"


def test_only_the_marts_that_were_written_anew_may_answer_differently(w):
    (w.folder / "marts/legacy/shops.sql").write_text("-- shops, carelessly\nselect * from main.dim_shop\n")
    fill(w)
    w.define(changed(market.SHOP, "street", history=2))
    (w.folder / "marts/visits.sql").write_text("-- visits a shop\nselect shop, count(*) + 1 as n from main.fact_visit group by shop\n")
    done = w.run("migrate", check=False)
    assert done.returncode == 2 and "legacy.shops" in done.err and "one by one" in done.err
    assert w.tuples("select shop, n from mart.visits order by shop") == [("a", 2), ("b", 1)], "nothing was changed"
    (w.folder / "marts/legacy/shops.sql").write_text("-- shops\nselect shop, city, name, valid_from from main.dim_shop\n")
    assert "view_differs" in w.run("migrate").out
    assert w.tuples("select shop, n from mart.visits order by shop") == [("a", 3), ("b", 2)]


def test_a_mart_of_a_table_that_nobody_defined_names_its_file(w):
    fill(w)
    (w.folder / "marts/looks.sql").write_text("-- looks\nselect count(*) as n from fact_look\n")
    done = w.run("migrate", check=False)
    assert done.returncode == 2 and "marts/looks.sql" in done.err and "tables of contracts/" in done.err and "fact_look" in done.err


@pytest.mark.parametrize("change, column", [
    (lambda w: w.define(changed(market.SHOP, "street", history=2)), "dim_shop.street is not yet in the tables"),
    (lambda w: w.define(changed(market.SHOP, "city", history=1)), "dim_shop.city is of another type or history in the tables"),
    (lambda w: w.define(dataset("dim_aisle", "reference", [field("aisle", required=True)], key=["aisle"])),
     "dim_aisle.aisle is not yet in the tables"),
], ids=["column", "history", "table"])
@pytest.mark.parametrize("command", ["hash", "verify"])
def test_what_reads_whole_tables_asks_for_the_migration_first(w, change, column, command):
    fill(w)
    change(w)
    done = w.run(command, check=False)
    assert done.returncode == 2 and column in done.err and "entrepot migrate" in done.err, (done.returncode, done.out, done.err)
    assert "visits" in w.run("status").out, "what looks at the books only goes on"
    w.run("migrate")
    w.run(command)
