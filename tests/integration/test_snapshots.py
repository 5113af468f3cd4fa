"""Feeds whose files are complete: what a new file no longer holds is retired, whatever the order in which files come."""

import itertools
import json
import random

import pytest
from wh_rules import Warehouse, contract, feed

ENGINES = ["duckdb", "postgres"]

FIELDS = {
    "seller": {"logicalType": "string"},
    "id": {"logicalType": "string"},
    "name": {"logicalType": "string", "logicalTypeOptions": {"maxLength": 10}},
    "at": {"logicalType": "timestamp", "required": True},
    "gone": {"logicalType": "boolean"},
}
KINDS = [("dimension", 2), ("dimension", 1), ("reference", 1), ("accumulating", 1)]


def describe(w, kind="dimension", history=2, owner=True, deleted=True):
    fields = {f: b for f, b in FIELDS.items() if (owner or f != "seller") and (deleted or f != "gone")}
    key = ["seller", "id"] if owner else ["id"]
    options = {"owner": "seller"} if owner else {}
    if deleted:
        options["deleted"] = "gone"
    w.write("contracts/thing.yaml", contract("thing", kind, fields, key, validTime="at", history=history, **options))
    w.write("feeds/thing.yaml", feed("things", "thing", fields, delivery="snapshot"))
    w.write("feeds/events.yaml", feed("events", "thing", fields))


def held(day, *ids, seller="acme", **values):
    return [{"seller": seller, "id": i, "name": f"{i}", "at": f"2026-01-{day:02}T00:00:00Z", **values} for i in ids]


def alive(w, owner=True):
    where = "is_current and not is_deleted" if w.rows("select 1 from information_schema.columns where table_name = 'thing' "
                                                     "and column_name = 'is_current'") else "not is_deleted"
    columns = "seller || ':' || id" if owner else "id"
    return [r["k"] for r in w.rows(f"select {columns} as k from thing where {where} order by 1")]


def verified(w):
    assert "every check holds" in w.run("verify")


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path)


@pytest.mark.parametrize("kind, history", KINDS)
def test_what_a_new_snapshot_lacks_is_retired_and_returns(w, kind, history):
    describe(w, kind, history)
    w.load("things", "1.jsonl", held(1, "a", "b", "c"))
    assert alive(w) == ["acme:a", "acme:b", "acme:c"]
    w.load("things", "2.jsonl", held(2, "a", "c"))
    assert alive(w) == ["acme:a", "acme:c"]
    w.load("things", "3.jsonl", held(3, "a", "b"))
    assert alive(w) == ["acme:a", "acme:b"]
    verified(w)
    ledger = w.rows("select received, to_record, (select sum(emitted) from books.load_rows r where r.load_id = l.load_id) as n "
                    "from books.load l where received = 0 order by committed_at")
    assert [(r["received"], r["to_record"], int(r["n"])) for r in ledger] == [(0, 0, 1), (0, 0, 2)]


def test_the_history_shows_when(w):
    describe(w)
    for day, ids in ((1, "ab"), (2, "a"), (3, "ab")):
        w.load("things", f"{day}.jsonl", held(day, *ids))
    rows = w.rows("select cast(valid_from as date) as since, is_deleted, name from thing where id = 'b' order by valid_from")
    assert [(r["since"], r["is_deleted"], r["name"]) for r in rows] == [
        ("0001-01-01", False, "b"), ("2026-01-02", True, "b"), ("2026-01-03", False, "b")]


@pytest.mark.parametrize("kind, history", KINDS)
def test_order_and_repetition_do_not_show(tmp_path, kind, history):
    files = [held(1, "a", "b", "c"), held(2, "b", "d"), held(3, "a", "d", name="x"), held(4, "c")]
    orders = list(itertools.permutations(range(4)))
    random.Random(7).shuffle(orders)
    seen = set()
    for n, order in enumerate([(0, 1, 2, 3), *orders[:3]]):
        w = Warehouse(tmp_path / str(n))
        describe(w, kind, history)
        w.load("events", "e.jsonl", held(2, "b", name="event", at="2026-01-02T12:00:00Z"))
        for i in order:
            w.load("things", f"{i}.jsonl", files[i])
        w.load("things", f"{order[0]}.jsonl", files[order[0]], "--again")
        seen.add(w.hashes())
        verified(w)
    assert len(seen) == 1


def test_files_of_one_command_are_snapshots_of_their_own(w):
    describe(w)
    paths = [w.write(f"in/{d}.jsonl", "".join(json.dumps(r) + "\n" for r in held(d, *ids))) for d, ids in ((1, "ab"), (2, "a"))]
    w.run("load", "things", *paths)
    assert alive(w) == ["acme:a"]


def test_rows_with_times_of_their_own_return_too(w):
    describe(w)
    old = held(1, "b")
    w.load("things", "1.jsonl", held(2, "a") + old)
    w.load("things", "2.jsonl", held(3, "a"))
    assert alive(w) == ["acme:a"]
    w.load("things", "3.jsonl", held(4, "a") + old)
    assert alive(w) == ["acme:a", "acme:b"]
    verified(w)


def test_a_snapshot_speaks_for_the_sellers_in_it(w):
    describe(w)
    w.load("things", "1.jsonl", held(1, "a", "b") + held(1, "a", "b", seller="bolt"))
    w.load("things", "2.jsonl", held(2, "a"))
    assert alive(w) == ["acme:a", "bolt:a", "bolt:b"]
    w.load("things", "3.jsonl", [])
    assert alive(w) == ["acme:a", "bolt:a", "bolt:b"]


def test_without_sellers_it_speaks_for_the_table(w):
    describe(w, owner=False)
    for day, ids in ((1, "ab"), (2, "b")):
        w.load("things", f"{day}.jsonl", [{k: v for k, v in r.items() if k != "seller"} for r in held(day, *ids)])
    assert alive(w, owner=False) == ["b"]


def test_keys_of_other_feeds_stay(w):
    describe(w)
    w.load("events", "e.jsonl", held(1, "z"))
    w.load("things", "1.jsonl", held(2, "a"))
    w.load("things", "2.jsonl", held(3, "b"))
    assert alive(w) == ["acme:b", "acme:z"]


def test_a_snapshot_with_a_bad_record_retires_nothing(w):
    describe(w)
    w.load("things", "1.jsonl", held(1, "a", "b"))
    w.load("things", "2.jsonl", held(2, "a") + held(2, "c", name="much too long"))
    assert alive(w) == ["acme:a", "acme:b"]
    assert w.rows("select event, severity from books.journal where event like 'snapshot_not%'") == [
        {"event": "snapshot_not_whole", "severity": "alert"}]
    w.load("things", "3.jsonl", held(3, "a"))
    assert alive(w) == ["acme:a"]
    verified(w)


def test_a_snapshot_that_grew_is_a_new_one(w):
    describe(w)
    w.load("things", "1.jsonl", held(1, "a", "b"))
    w.load("things", "2.jsonl", held(2, "a"))
    w.load("things", "2.jsonl", held(2, "a") + held(3, "c"))
    assert alive(w) == ["acme:a", "acme:c"]
    verified(w)


def test_a_snapshot_may_need_several_transactions(w):
    w.settings("commit_records: 1000\n")
    describe(w)
    ids = [f"k{n}" for n in range(5000)]
    w.load("things", "1.jsonl", held(1, *ids, "last"))
    w.load("things", "2.jsonl", held(2, *ids))
    assert w.rows("select count(*) as n from thing where is_current and not is_deleted") == [{"n": 5000}]
    assert w.rows("select count(*) as n from books.snapshot_held") == [{"n": 0}]
    verified(w)


def test_a_contract_that_cannot_mark_a_deletion_is_refused(w):
    describe(w, deleted=False)
    out = w.load("things", "1.jsonl", [{k: v for k, v in held(1, "a")[0].items() if k != "gone"}], status=2)
    assert "entrepot.deleted" in out and "delivery: upsert" in out
