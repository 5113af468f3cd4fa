"""Tables and columns that scripts in derive/ make, held against their contracts by `entrepot verify`."""

import pytest
from wh import Warehouse, dataset, emit, feed, field

ENGINES = ["duckdb", "postgres"]

SALE = dataset("fact_sale", "transaction", [
    field("shop", required=True), field("sale", required=True), field("at", "timestamp", required=True), field("units", "integer"),
    field("size", required=True, derived=True),
], owner="shop", valid_time="at", dedupe=["sale"])
SHOP = dataset("dim_shop", "reference", [
    field("shop", required=True), field("city"), field("rank", "integer", required=True, derived=True),
], key=["shop"], owner="shop")
TOTAL = dataset("fact_total", "snapshot", [
    field("shop", required=True), field("units", "integer", required=True), field("note"),
], key=["shop"], owner="shop")
FEEDS = [feed("sales", emit("fact_sale", ["shop", "sale", "at", "units"])), feed("shops", emit("dim_shop", ["shop", "city"]))]

SIZES = "-- inputs: fact_sale\nupdate fact_sale set size = case when units > 1 then 'many' else 'one' end where size is null;\n"
RANKS = "-- inputs: dim_shop\nupdate dim_shop set rank = 1 where rank is null;\n"
TOTALS = """-- inputs: fact_sale
delete from fact_total where shop is not null;
insert into fact_total (shop, units) select shop, coalesce(sum(units), 0) from fact_sale group by shop;
"""


@pytest.fixture
def w(tmp_path):
    w = Warehouse(tmp_path / "w", [SALE, SHOP, TOTAL], FEEDS)
    for name, text in {"1_sizes": SIZES, "2_ranks": RANKS, "3_totals": TOTALS}.items():
        (w.folder / "derive" / f"{name}.sql").write_text(text)
    w.load_records("shops", [{"shop": "a", "city": "Lyon"}])
    return w


def sale(number, shop="a", units=1):
    return {"shop": shop, "sale": f"s{number}", "at": "2026-03-01T12:00:00Z", "units": units}


def broken(w):
    done = w.run("verify", check=False)
    lines = done.out.splitlines()
    assert done.returncode == (1 if any(line.startswith("BROKEN") for line in lines) else 0), done.out + done.err
    return [line.split() for line in lines if line.startswith("BROKEN")], done.out


def test_what_scripts_make_well_holds(w):
    w.load_records("sales", [sale(1), sale(2, units=None), sale(3, "b", 4)])
    assert broken(w)[0] == []
    assert w.tuples("select shop, units from fact_total order by shop") == [("a", 1), ("b", 4)]


@pytest.mark.parametrize("script, was, turned, table, says", [
    ("3_totals", "coalesce(sum(units), 0)", "sum(units)", "fact_total:", "key b: units is null"),
    ("3_totals", "group by shop", "group by shop, units", "fact_total:", "key a: 2 rows of one key"),
    ("1_sizes", "else 'one'", "", "fact_sale:", "record 0: size is null"),
    ("2_ranks", "where rank is null", "where rank = 0", "dim_shop:", "key b: rank is null"),
])
def test_a_script_that_leaves_a_hole_is_found(w, script, was, turned, table, says):
    path = w.folder / "derive" / f"{script}.sql"
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, turned))
    w.load_records("shops", [{"shop": "b", "city": "Nice"}])
    w.load_records("sales", [sale(1, units=2), sale(2, units=2), sale(3, units=3), sale(4, "b", None)] if script == "3_totals" else [sale(1)])
    (line,), out = broken(w)
    assert line[:4] == ["BROKEN", "0", "contract", table], line
    assert says in out


def test_a_script_knows_the_keys_of_a_dimension_that_changed(tmp_path):
    """Of a load those it changed, also where a key changed in several ways; of a migration all; of other loads none."""
    place = dataset("dim_place", "dimension", [field("place", required=True), field("at", "timestamp", required=True), field("city"), field("size")],
                    key=["place"], valid_time="at")
    seen = dataset("fact_seen", "snapshot", [field("nth", "integer", required=True), field("place", required=True)], key=["nth", "place"])
    feeds = [feed("places", emit("dim_place", ["place", "at", "city", "size"])), feed("sales", emit("fact_sale", ["shop", "sale", "at", "units"]))]
    w = Warehouse(tmp_path / "w", [SALE, place, seen], feeds)
    (w.folder / "derive" / "1_sizes.sql").write_text(SIZES)
    (w.folder / "derive" / "2_seen.sql").write_text("""-- inputs: dim_place, fact_sale
insert into fact_seen (nth, place)
select n.nth, p.place
from (select coalesce(max(nth), 0) + 1 as nth from fact_seen) n
join (select distinct place from dim_place where place_key in (${keys_dim_place})) p on true;
""")

    def told(*places):
        w.load_records("places", [{"place": name, "at": at, "city": city} for name, at, city in places])
        last = w.tuples("select place from fact_seen where nth = (select max(nth) from fact_seen) order by 1")
        return [name for (name,) in last]

    first, second, third = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
    told(("a", first, "Lyon"), ("b", first, "Nice"), ("c", first, "Metz"))
    assert told(("a", third, "Brest"), ("b", second, "Nice"), ("c", third, "Caen"), ("c", second, "Albi")) == ["a", "c"]
    assert told(("b", third, "Sète"), ("a", second, "Lyon")) == ["b"]
    n = w.value("select count(*) from fact_seen")
    w.load_records("sales", [sale(1)])
    assert w.value("select count(*) from fact_seen") == n
