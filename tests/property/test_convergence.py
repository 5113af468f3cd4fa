"""Invariants 1, 3 and 4 as properties: what the warehouse holds depends on the set of accepted changes, never on their order,
batching or repetition; it equals an independent model; facts point to the version valid at their own time.

Every test prints its seed; ENTREPOT_SEED=n runs that one alone.
"""

import json
import os
import random
from collections import defaultdict

import model
import pytest
from wh import BEGINNING, Warehouse, dataset, emit, feed, field

ENGINES = ["duckdb", "postgres"]
SEEDS = [int(os.environ["ENTREPOT_SEED"])] if "ENTREPOT_SEED" in os.environ else [*range(1, 6), random.randrange(10**9)]

# History types of the attributes, by table.
SHOP = {"first": 0, "last": 1, "city": 2, "name": 3}
SITE = {"first": 0, "last": 1, "city": 2, "name": 2}  # without type 3, which makes every late change count as news
ITEM = {"title": 1, "price": 2, "stock": 2}
CODE = {"text": 1, "opened": 0}
SALE = {"shop": 1, "item": 1, "sold_at": 1, "units": 1, "channel": 0}

MOMENTS = [f"{day} 00:00:00.000000" for day in
           ("1999-12-31", "2024-02-29", "2025-01-01", "2025-06-01", "2025-06-02", "2025-09-30", "2026-01-01", "2026-03-29")]

DATASETS = [
    dataset("dim_shop", "dimension", [
        field("shop", required=True), field("at", "timestamp", required=True), field("seq", "integer"), field("gone", "boolean"),
        *(field(name, history=history) for name, history in SHOP.items()),
    ], key=["shop"], valid_time="at", sequence="seq", deleted="gone"),
    dataset("dim_site", "dimension", [
        field("site", required=True), field("at", "timestamp", required=True), field("seq", "integer"), field("gone", "boolean"),
        *(field(name, history=history) for name, history in SITE.items()),
    ], key=["site"], valid_time="at", sequence="seq", deleted="gone"),
    dataset("dim_item", "dimension", [
        field("shop", required=True, refers="dim_shop.shop"), field("item", required=True), field("at", "timestamp", required=True),
        field("seq", "integer"), field("gone", "boolean"), field("title", history=1),
        field("price", "number", physical="decimal(18,4)", history=2), field("stock", "integer", history=2),
    ], key=["shop", "item"], owner="shop", valid_time="at", sequence="seq", deleted="gone"),
    dataset("code", "reference", [
        field("code", required=True), field("at", "timestamp"), field("seq", "integer"), field("gone", "boolean"),
        field("text", history=1), field("opened", history=0),
    ], key=["code"], valid_time="at", sequence="seq", deleted="gone"),
    dataset("fact_sale", "accumulating", [
        field("shop", required=True, refers="dim_shop.shop"), field("sale", required=True), field("item"),
        field("at", "timestamp", required=True), field("seq", "integer"), field("sold_at", "timestamp"),
        field("units", "integer"), field("channel", history=0),
    ], key=["shop", "sale"], owner="shop", valid_time="at", sequence="seq", bind_time="sold_at"),
    dataset("fact_visit", "transaction", [
        field("shop", required=True, refers="dim_shop.shop"), field("visit", required=True), field("at", "timestamp", required=True),
        field("seq", "integer"), field("page"), field("code", refers="code.code"), field("site", refers="dim_site.site"),
    ], owner="shop", valid_time="at", sequence="seq", dedupe=["visit"]),
]
# The line's item belongs to its shop: a key of two columns.
DATASETS[4]["relationships"] = [
    {"from": ["fact_sale.shop", "fact_sale.item"], "to": ["dim_item.shop", "dim_item.item"]}]


def source(table, *names):
    return emit(table, ["at", "seq", *names], when={"path": "k", "is": table})


FEED = feed("mixed",
            source("dim_shop", "shop", "gone", *SHOP), source("dim_site", "site", "gone", *SITE),
            source("dim_item", "shop", "item", "gone", *ITEM),
            source("code", "code", "gone", *CODE), source("fact_sale", "shop", "sale", *SALE),
            source("fact_visit", "shop", "visit", "page", "code", "site"))


def sent(draw, types, values):
    """Some attributes: absent, NULL or a value."""
    return {name: draw.choice([None, *values(name)]) for name in types if draw.random() < 0.6}


def value_of(name):
    return {"price": ["1.10", "2.5000", "9007199254740.9930"], "stock": [0, 1, 2], "units": [1, 2], "item": ["x", "y"],
            "sold_at": MOMENTS[1:7], "shop": ["a"]}.get(name, ["A", "B", "C"])


def make(seed, ties):
    """Records of all tables. Without `ties` no two changes of a key have the same event time and sequence."""
    draw, records = random.Random(seed), []
    used = set()

    def moment(key):
        while True:
            at, seq = draw.choice(MOMENTS), draw.choice([0, 0, 1, 2])
            if ties or (key, at, seq) not in used:
                used.add((key, at, seq))
                return {"at": at, **({"seq": seq} if seq or draw.random() < 0.5 else {})}

    shops = ["a", "b", "c", "d", "e"]
    for shop in shops[:4]:  # e is only ever named by others
        for _ in range(draw.choice([0, 1, 2, 3, 5, 7])):
            records.append({"k": "dim_shop", "shop": shop, **moment(("shop", shop)), **sent(draw, SHOP, value_of),
                            **({"gone": True} if draw.random() < 0.2 else {})})
        for item in ("x", "y"):
            for _ in range(draw.choice([0, 1, 2, 4, 6])):
                records.append({"k": "dim_item", "shop": shop, "item": item, **moment((shop, item)), **sent(draw, ITEM, value_of),
                                **({"gone": True} if draw.random() < 0.15 else {})})
    # A source that mostly repeats itself, with two values: late changes are like what holds now, or like what held then.
    for site in ("m", "n", "o", "u"):
        for _ in range(draw.choice([3, 6, 9, 12])):
            values = {name: draw.choice("AB") for name in SITE if draw.random() < 0.8}
            records.append({"k": "dim_site", "site": site, **moment(("site", site)), **values, **({"gone": True} if draw.random() < 0.1 else {})})
    for code in ("p", "q"):
        for _ in range(draw.choice([0, 1, 2, 3])):
            records.append({"k": "code", "code": code, **moment(("code", code)), **sent(draw, CODE, value_of),
                            **({"gone": True} if draw.random() < 0.2 else {})})
    for number in range(12):
        shop = draw.choice(shops)
        for _ in range(draw.choice([1, 1, 2, 3])):
            values = sent(draw, SALE, value_of)
            values.pop("shop", None)
            records.append({"k": "fact_sale", "shop": shop, "sale": f"s{number}", **moment((shop, number)), **values})
    for number in range(12):
        shop, at = draw.choice(shops), draw.choice(MOMENTS)
        for nth in range(draw.choice([1, 1, 1, 2, 3])):
            records.append({"k": "fact_visit", "shop": shop, "visit": f"v{number}", "at": at,
                            "seq": draw.choice([0, 1]) if ties else nth, "page": draw.choice("ABC"), "code": draw.choice(["p", "q", "r"]), "site": draw.choice(["m", "n", "v"])})
    return draw, records


def wire(record):
    """Moments as a source sends them."""
    return {name: f"{v.replace(' ', 'T')}Z" if name in ("at", "sold_at") and v else v for name, v in record.items()}


def in_batches(w, draw, records, n_files, name):
    """The records in any order, cut into files; each file is a transaction of its own (settings.commit_records)."""
    records = draw.sample(records, len(records))
    cuts = sorted(draw.randrange(len(records) + 1) for _ in range(n_files - 1))
    pieces = [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)])]
    return w.load("mixed", *[w.file(f"{name}-{i}.jsonl", list(map(wire, piece))) for i, piece in enumerate(pieces)])


@pytest.fixture
def new(tmp_path):
    made = []

    def make_one(name, **settings):
        made.append(Warehouse(tmp_path / name, DATASETS, [FEED], settings=settings))
        return made[-1]
    yield make_one
    for one in made:
        one.remove()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_order_batches_and_repetition_do_not_show(new, seed, ties):
    print(f"ENTREPOT_SEED={seed}")
    draw, records = make(seed, ties)
    whole = new("whole")
    whole.load_records("mixed", list(map(wire, records)))
    whole.check_books()
    assert {one["codes"] for one in whole.quarantine()} <= {"identity_conflict"}
    expected = whole.hash()

    split = new("split", commit_records=1)
    again = records + draw.sample(records, len(records) // 4)  # some come twice
    in_batches(split, draw, again, draw.choice([2, 5, 12]), "part")
    split.check_books()
    assert split.hash() == expected

    # Everything again: the same files from the start, and copies under other names in another order.
    ledger = split.load("mixed", *sorted(split.files.glob("part-*.jsonl")), again=True)
    assert ledger["applied"] == ledger["unchanged"] == 0
    in_batches(split, draw, records, 3, "copy")
    split.check_books()
    assert split.hash() == expected


def text(value):
    return None if value is None else str(value)


def by_key(records, table, *key):
    grouped = defaultdict(list)
    for one in records:
        if one["k"] == table:
            grouped[tuple(one[name] for name in key)].append(one)
    return grouped


def changes(records, types):
    return [{"at": one["at"], "seq": one.get("seq", 0), "deleted": bool(one.get("gone")),
             "values": {name: one[name] for name in types if name in one}} for one in records]


def norm(name, value):
    if name == "price" and value is not None:
        whole, _, part = str(value).partition(".")
        return f"{whole}.{part:0<4}"
    return value if isinstance(value, bool) else text(value)


def rows(w, table, key, columns):
    """{key: [row, ...]} with every cell as text."""
    found = defaultdict(list)
    order = ", ".join([*key, "valid_from" if "valid_from" in columns else key[0]])
    for row in w.sql(f"select * from {table} order by {order}"):
        found[tuple(row[name] for name in key)].append({name: norm(name, row[name]) for name in columns})
    return dict(found)


def expected_dimension(records, table, key, types, named):
    expected = {}
    for natural, ones in by_key(records, table, *key).items():
        expected[natural] = model.versions(changes(ones, types), types)
    for natural in named:
        expected.setdefault(natural, model.inferred(types))
    return expected


@pytest.mark.parametrize("seed", SEEDS)
def test_content_equals_the_model(new, seed):
    print(f"ENTREPOT_SEED={seed}")
    draw, records = make(seed, ties=False)
    w = new("w", commit_records=1)
    in_batches(w, draw, records, draw.choice([1, 3, 8]), "part")

    sales, visits = by_key(records, "fact_sale", "shop", "sale"), by_key(records, "fact_visit", "shop", "visit", "at")
    named_shops = {(one["shop"],) for one in records if "shop" in one}
    named_items = {(one["shop"], one["item"]) for one in records if one["k"] == "fact_sale" and one.get("item")}
    shops = expected_dimension(records, "dim_shop", ["shop"], SHOP, named_shops)
    items = expected_dimension(records, "dim_item", ["shop", "item"], ITEM, named_items)
    sites = expected_dimension(records, "dim_site", ["site"], SITE, {(one["site"],) for one in records if one["k"] == "fact_visit"})
    for table, key, expected in (("dim_shop", ["shop"], shops), ("dim_item", ["shop", "item"], items), ("dim_site", ["site"], sites)):
        columns = list(next(iter(expected.values()))[0])
        wanted = {k: [{name: norm(name, v) for name, v in row.items()} for row in rows_] for k, rows_ in expected.items()}
        assert rows(w, table, key, columns) == wanted

    codes = {natural: model.last_state(changes(ones, CODE), CODE) for natural, ones in by_key(records, "code", "code").items()}
    for (code,) in {(one["code"],) for one in records if one["k"] == "fact_visit"}:
        codes.setdefault((code,), {"at": None, "seq": None, "deleted": False, "text": None, "opened": None})
    found = {(row["code"],): row for row in w.sql("select * from code")}
    assert found.keys() == codes.keys()
    for natural, wanted in codes.items():
        row = found[natural]
        assert (row["text"], row["opened"], row["is_deleted"]) == (wanted["text"], wanted["opened"], wanted["deleted"])
        assert row["at"] == wanted["at"]

    # Facts: the last state, bound to the versions valid at their own time whatever came when.
    found = {(row["shop"], row["sale"]): row for row in w.sql("select * from fact_sale")}
    assert found.keys() == sales.keys()
    for natural, ones in sales.items():
        wanted, row = model.last_state(changes(ones, SALE), SALE), found[natural]
        assert {n: text(row[n]) for n in ("at", "item", "sold_at", "units", "channel")} == \
            {n: text(wanted[n]) for n in ("at", "item", "sold_at", "units", "channel")}, natural
        bind = wanted["sold_at"]
        assert row["shop_from"] == (model.version_at(shops[natural[:1]], bind) if bind else None), natural
        item = (natural[0], wanted["item"])
        assert row["item_from"] == (model.version_at(items[item], bind) if bind and wanted["item"] else None), natural

    # Events: of one identity the greatest sequence stays, the others are in quarantine.
    found = {(row["shop"], row["visit"], row["at"]): row for row in w.sql("select * from fact_visit")}
    assert found.keys() == visits.keys()
    n_lost = 0
    for natural, ones in visits.items():
        winner, row = max(ones, key=lambda one: one["seq"]), found[natural]
        n_lost += len(ones) - 1
        assert (row["page"], row["code"], row["seq"]) == (winner["page"], winner["code"], winner["seq"])
        assert row["shop_from"] == model.version_at(shops[natural[:1]], natural[2])
        assert row["site_from"] == model.version_at(sites[(winner["site"],)], natural[2])
    set_aside = w.quarantine(columns="codes, raw")
    assert [one["codes"] for one in set_aside] == ["identity_conflict"] * n_lost
    w.check_books()


# What a history must get right, one by one, each as its own small story.
STORIES = {
    "two changes of a key in one batch": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "B"})],
    "a change years late": [("2026-01-01", {"city": "B"}), ("2025-01-01", {"city": "C"}), ("1999-12-31", {"city": "A"})],
    "A-B-A": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "B"}), ("2026-01-01", {"city": "A"})],
    "no-op": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "A"})],
    "a late change makes a version a no-op": [("2025-01-01", {"city": "A"}), ("2026-01-01", {"city": "B"}), ("2025-06-01", {"city": "B"})],
    "a late change repeats what held then": [("2025-01-01", {"city": "A"}), ("2026-01-01", {"city": "B"}), ("2025-06-01", {"city": "A"})],
    "what was told again is no longer so": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "B"}), ("2025-09-30", {"city": "A"}),
                                            ("2026-01-01", {"city": "B"}), ("2026-03-29", {"city": "B"})],
    "NULL and back": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": None}), ("2026-01-01", {"city": "A"})],
    "absent is not NULL": [("2025-01-01", {"city": "A", "last": "A"}), ("2025-06-01", {"last": "B"}), ("2026-01-01", {"last": None})],
    "deletion and return": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"gone": True}), ("2026-01-01", {"city": "A"})],
    "a deletion, late": [("2025-01-01", {"city": "A"}), ("2026-01-01", {"city": "A"}), ("2025-06-01", {"city": "A", "gone": True})],
    "a late change of what is gone": [("2025-01-01", {"city": "A"}), ("2025-09-30", {"city": "A", "gone": True}),
                                      ("2026-01-01", {"city": "A", "gone": True}), ("2025-06-01", {"city": "A", "gone": True})],
    "type 1 told again before its last value": [("2025-01-01", {"last": "A"}), ("2026-01-01", {"last": "B"}), ("2025-06-01", {"last": "A"})],
    "type 3 keeps the last distinct": [("2025-01-01", {"name": "A"}), ("2025-06-01", {"name": "B"}), ("2025-09-30", {"name": "B"}),
                                       ("2026-01-01", {"name": "C"}), ("2026-03-29", {"name": "C", "city": "B"})],
    "type 3 told again in between": [("2025-01-01", {"name": "A"}), ("2025-06-01", {"name": "B"}), ("2026-01-01", {"name": "C"}),
                                     ("2025-09-30", {"name": "C"}), ("2025-06-02", {"name": "A"})],
    "type 3 told otherwise at its own moment": [("2025-01-01", {"name": "A"}), ("2025-06-01", {"name": "B"}), ("2026-01-01", {"name": "C"}),
                                               ("2025-06-01", {"name": "C", "seq": 1})],
    "a moment told twice": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "B"}), ("2026-01-01", {"city": "B"}),
                            ("2025-06-01", {"city": "A", "seq": 1})],
    "a moment told twice, the last word first": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"city": "B", "seq": 1}), ("2025-06-01", {"city": "C"}),
                                                 ("2026-01-01", {"last": "A"})],
    "type 0 first sent after the key is known": [("2025-01-01", {"city": "A"}), ("2025-06-01", {"first": "B"}), ("2026-01-01", {"first": "C"})],
    "type 0 of an earlier change": [("2026-01-01", {"first": "B", "city": "A"}), ("2025-01-01", {"first": "A", "city": "A"})],
    "type 0 of a change in between": [("2025-01-01", {"city": "A"}), ("2026-01-01", {"first": "B"}), ("2025-06-01", {"first": "A"})],
    "type 0 first sent as NULL, late": [("2025-01-01", {"name": "C"}), ("2025-06-01", {"first": None}), ("2025-09-30", {"first": "C", "name": "B"})],
    "an early change that names nothing": [("2026-01-01", {"city": "A"}), ("2025-01-01", {})],
    "only what names nothing": [("2025-01-01", {}), ("2026-01-01", {})],
}
# How a story is told: its steps as batches, each a transaction. Between batches the history is stored, and the next is compared with it.
TELLINGS = {
    "as it happened": lambda steps: [[one] for one in steps],
    "backwards": lambda steps: [[one] for one in steps[::-1]],
    "turned": lambda steps: [[one] for one in steps[1:] + steps[:1]],
    "the last before its neighbour": lambda steps: [[one] for one in steps[:-2] + steps[-1:] + steps[-2:-1]],
    "all at once": lambda steps: [steps],
    "the first, then the rest": lambda steps: [steps[:1], steps[1:]],
    "two, then the rest": lambda steps: [steps[:2], steps[2:]],
    "every other one": lambda steps: [steps[::2], steps[1::2]],
    "in time, each twice": lambda steps: [[one] for one in sorted(steps, key=lambda step: step["at"]) for _ in range(2)],
}
# The same stories for a table with an attribute of type 3 and one without.
TOLD_OF = {"dim_shop": ("shop", SHOP), "dim_site": ("site", SITE)}


def key_of(story, telling):
    return "".join(c if c.isalnum() else "_" for c in f"{list(STORIES).index(story)}_{telling}".lower())


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """One warehouse that hears all stories in all tellings, each for a key of its own. A visit of each comes before it is described."""
    w = Warehouse(tmp_path_factory.mktemp("stories") / "w", DATASETS, [FEED], settings={"commit_records": 1})
    files = defaultdict(list)
    for story, steps in STORIES.items():
        for telling, tell in TELLINGS.items():
            name = key_of(story, telling)
            files[0].append(wire({"k": "fact_visit", "visit": name, "at": "2025-07-01 00:00:00.000000", "shop": name, "site": name}))
            for table, (key, _) in TOLD_OF.items():
                changes_ = [{"k": table, key: name, "at": f"{day} 00:00:00.000000", **values} for day, values in steps]
                for number, batch in enumerate(tell(changes_), 1):
                    files[number] += map(wire, batch)
    w.load("mixed", *[w.file(f"{number:02}.jsonl", records) for number, records in sorted(files.items())])
    assert not w.quarantine()
    found = {table: rows(w, table, [key], [*types, *(["previous_name"] if types["name"] == 3 else []), "valid_from", "valid_to", "is_current",
                                           "is_deleted", "is_inferred"]) for table, (key, types) in TOLD_OF.items()}
    return found, {table: dict(w.tuples(f"select {key}, {key}_from from fact_visit")) for table, (key, _) in TOLD_OF.items()}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("table", TOLD_OF)
def test_stories(told, story, table):
    """Every order of arrival, in whatever batches, gives the rows of the model."""
    found, bound = told
    types = TOLD_OF[table][1]
    steps = [{"at": f"{day} 00:00:00.000000", **values} for day, values in STORIES[story]]
    expected = [{name: norm(name, v) for name, v in row.items()} for row in model.versions(changes(steps, types), types)]
    for telling in TELLINGS:
        name = key_of(story, telling)
        assert found[table][(name,)] == expected, telling
        assert bound[table][name] == model.version_at(expected, "2025-07-01 00:00:00.000000"), telling


def test_a_key_does_not_depend_on_its_neighbours(new):
    """Two firsts at one moment: which one counts must not change because another key of the batch is sent in part."""
    tie = [{"k": "dim_shop", "shop": "a", "at": MOMENTS[2], "first": first, "last": "A", "city": "A", "name": "A"} for first in "ABCD"]
    partial = {"k": "dim_shop", "shop": "b", "at": MOMENTS[2], "city": "B"}
    alone, together = new("alone", commit_records=1), new("together")
    alone.load("mixed", alone.file("1.jsonl", list(map(wire, tie))), alone.file("2.jsonl", [wire(partial)]))
    together.load_records("mixed", list(map(wire, [*tie, partial])))
    assert alone.hash() == together.hash()


def test_hash_shows_one_cell(new):
    """A hash that would not see a change proves nothing."""
    one = {"k": "dim_shop", "shop": "a", "at": MOMENTS[2], "city": "A", "last": None}
    hashes = []
    for number, other in enumerate([one, {**one, "city": "B"}, {**one, "last": ""}, {**one, "gone": True}, {**one, "shop": "b"}]):
        w = new(f"w{number}")
        w.load_records("mixed", [wire(other)])
        hashes.append(json.dumps(w.hash()["dim_shop"]))
    assert len(set(hashes)) == len(hashes)
    assert BEGINNING == w.value("select valid_from from dim_shop")
