"""What is set aside: bytes as received, coordinates, every reason, whose it is; how it comes back; identity conflicts."""

import json

import market
import pytest
from market import line, order, shop, visit
from wh import Warehouse, emit, feed

ENGINES = ["duckdb", "postgres"]


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS)


def raw_of(w, **where):
    """Bytes of the quarantined records, in order."""
    return [bytes.fromhex(one["hex"]) for one in w.sql("select raw as hex from books.quarantine order by source, record, group_no")]


def reasons(w):
    return [[(one["code"], one["contract"], one["field"]) for one in json.loads(row["reasons"])] for row in
            w.sql("select reasons from books.quarantine order by source, record, group_no")]


def test_bytes_as_received_with_coordinates(w):
    lines = [b'{"shop":"a","visit":"v1","at":"2025-06-01T12:00:00Z"}', b'  {"shop": "a",\t"visit":"v2","at":"nie \xe9"}  ', b"\xff\xfe nothing",
             b'{"shop":"a","visit":"v3"', b'{"shop":"a","visit":"x\\u0000y","at":"2025-06-01T12:00:00Z"}']
    path = w.file("v.jsonl", b"\n".join(lines) + b"\n")
    ledger = w.load("visits", path)
    assert ledger["applied"] == 1
    found = w.sql("select record, line, byte_offset, size_bytes, raw as hex, source from books.quarantine order by record")
    assert [one["record"] for one in found] == [1, 2, 3, 4][: len(found)]
    data = path.read_bytes()
    for one in found:
        raw = bytes.fromhex(one["hex"])
        assert raw == lines[one["record"]].strip(b"") and one["line"] == one["record"] + 1
        assert data[one["byte_offset"]:one["byte_offset"] + one["size_bytes"]] == raw
        assert one["source"] == str(path)
    w.check_books()


def test_csv_in_windows_1252(tmp_path):
    decode = {"format": "csv", "encoding": "windows-1252", "delimiter": ";"}
    w = Warehouse(tmp_path / "w", market.DATASETS, [*market.FEEDS, feed("list", emit("dim_shop", ["shop", "at", "city"]), decode=decode)])
    text = 'shop;at;city\r\na;2025-01-01T00:00:00Z;"Orléans;\r\nCedex"\r\nb;no time;Besançon €\r\n'
    assert w.load("list", w.file("list.csv", text.encode("cp1252")))["quarantined"] == 1
    assert w.value("select city from dim_shop") in ("Orléans;\r\nCedex", "Orléans;\nCedex")
    (raw,) = raw_of(w)
    assert raw.rstrip(b"\r\n") == "b;no time;Besançon €".encode("cp1252")
    (one,) = w.sql("select quarantine_id, line, columns from books.quarantine")
    assert one["line"] == 4 and json.loads(one["columns"]) == [";", "shop", "at", "city"]
    # The correction is bytes in the same encoding.
    fixed = w.file("fixed.csv", "b;2025-01-01T00:00:00Z;Besançon €".encode("cp1252"))
    w.run("quarantine", "replay", one["quarantine_id"], "--with", fixed)
    assert w.value("select city from dim_shop where shop = 'b'") == "Besançon €"
    w.check_books()


def test_all_reasons_in_one_pass_never_a_value(w):
    secret = "Geheimnis4711"
    record = order(1, {"shop": "a", "units": 0, "price": secret, "line": None}, state=secret, at=secret)
    w.load_records("orders", [record])
    (found,) = reasons(w)
    assert {code for code, _, _ in found} >= {"minimum", "type", "required", "enum"}
    assert {field for _, _, field in found} >= {"units", "price", "line", "state", "at"}
    (one,) = w.sql("select quarantine_id, reasons, codes from books.quarantine")
    assert secret not in one["reasons"] + one["codes"]
    assert secret not in w.run("quarantine", "list").out
    assert secret in w.run("quarantine", "show", one["quarantine_id"]).out  # "as received" is there


def test_a_bad_line_of_one_shop_takes_its_part_only(w):
    w.load_records("orders", [order(1, line("a", 1), line("b", 1), line("b", 2, units=0), line("a", 2))])
    assert w.tuples("select shop, line from fact_line order by 1, 2") == [("a", "1"), ("a", "2")]
    (one,) = w.quarantine()
    assert (one["owner"], one["n_rows"], one["codes"]) == ("b", 2, "minimum")
    assert w.tuples("select owner, emitted, inserted, quarantined from books.load_rows order by 1") == [("a", 2, 2, 0), ("b", 2, 0, 2)]
    w.check_books()


def test_a_feed_may_be_atomic_by_record(w):
    w.define_feed({**market.ORDERS, "atomic": "record"})
    w.load_records("orders", [order(1, line("a"), line("b", units=0)), order(2, line("a"), line("b"))])
    assert w.tuples("select order_id, shop from fact_line order by 1, 2") == [("o2", "a"), ("o2", "b")]
    w.check_books()


def test_replay_after_the_contract_was_mended(w):
    w.load_records("orders", [order(1, line("a"), state="LOST"), order(2, line("a", units=0), state="LOST")])
    assert [one["codes"] for one in w.quarantine()] == ["enum", "minimum,enum"] or len(w.quarantine()) == 2
    mended = json.loads(json.dumps(market.LINE).replace('"SENT"', '"SENT", "LOST"'))
    w.define(mended)
    done = json.loads(w.run("--json", "quarantine", "replay", "--all").out)
    assert done == {"tried": 2, "accepted": 1, "refused": 1}
    assert w.tuples("select order_id, state from fact_line") == [("o1", "LOST")]
    (left,) = w.quarantine()
    assert left["codes"] == "minimum"  # what is refused again says why today
    w.check_books()
    done = json.loads(w.run("--json", "quarantine", "replay", "--all").out)
    assert done == {"tried": 1, "accepted": 0, "refused": 1}
    w.check_books()
    assert w.tuples("select received, applied, quarantined from books.load where received > 0") == [(2, 1, 1)]
    assert w.value("select sum(emitted) from books.load_rows") == 2


def test_replay_after_the_feed_or_a_list_was_mended(w):
    w.define_feed(feed("orders", emit("fact_line", {"shop": {"path": "shop", "map": "shops"}, "order_id": "^.order_id", "line": "line",
                                                    "at": "^.at", "price": "cost"}, each="lines[*]")))
    (w.folder / "lists/shops.yaml").write_text("alpha: a\n")
    w.load_records("orders", [order(1, line("alpha")), order(2, line("beta"))])
    assert sorted(one["codes"] for one in w.quarantine()) == ["map,required", "required"] or len(w.quarantine()) == 2
    (w.folder / "lists/shops.yaml").write_text("alpha: a\nbeta: b\n")
    w.define_feed(feed("orders", emit("fact_line", {"shop": {"path": "shop", "map": "shops"}, "order_id": "^.order_id", "line": "line",
                                                    "at": "^.at", "price": "price"}, each="lines[*]")))
    assert json.loads(w.run("--json", "quarantine", "replay", "--feed", "orders").out)["accepted"] == 2
    assert w.tuples("select shop, order_id from fact_line order by 1") == [("a", "o1"), ("b", "o2")]
    assert not w.quarantine()
    w.check_books()


def test_replay_with_a_corrected_record(w):
    w.load_records("orders", [order(1, line("a"), line("b", units=0))])
    (one,) = w.sql("select quarantine_id from books.quarantine")
    still_bad = w.file("still.json", json.dumps(order(1, line("a"), line("b", units=-1))))
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", still_bad).out)["refused"] == 1
    w.check_books()
    # The correction concerns b's part; a's part is what it was.
    good = w.file("good.json", json.dumps(order(1, line("a", price="99"), line("b", units=3))) + "\n")
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", good).out)["accepted"] == 1
    assert [(shop, units, str(price)) for shop, units, price in w.tuples("select shop, units, price from fact_line order by 1")] == \
        [("a", 1, "1.1000"), ("b", 3, "1.1000")]
    w.check_books()
    assert [one["event"] for one in w.sql("select event from books.quarantine_event order by happened_at")] == \
        ["corrected", "refused_again", "corrected", "replayed"]
    assert w.tuples("select received, applied from books.load where received > 0") == [(1, 1)]


def test_a_correction_may_name_another_shop(w):
    """The part of b turns out to be c's: it comes in under c, and is refused under c when it is still bad."""
    w.load_records("orders", [order(1, line("b", units=0))])
    (one,) = w.sql("select quarantine_id from books.quarantine")
    bad = w.file("bad.json", json.dumps(order(1, line("c", units=0))))
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", bad).out)["refused"] == 1
    good = w.file("good.json", json.dumps(order(1, line("c"))))
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", good).out)["accepted"] == 1
    assert w.tuples("select shop from fact_line") == [("c",)]
    w.check_books()


def test_an_unreadable_record_is_nobodys_and_comes_back_whole(w):
    w.load_records("orders", ["{ not json"])
    (one,) = w.sql("select quarantine_id, owner, n_rows, codes from books.quarantine")
    assert (one["owner"], one["n_rows"], one["codes"]) == (None, 0, "syntax")
    half = w.file("half.json", json.dumps(order(1, line("a"), line("b", units=0))))
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", half).out)["refused"] == 1
    assert w.hash()["fact_line"][0] == 0  # what is refused leaves nothing behind
    good = w.file("good.json", json.dumps(order(1, line("a"), line("b"))))
    w.run("quarantine", "replay", one["quarantine_id"], "--with", good)
    assert w.hash()["fact_line"][0] == 2
    w.check_books()


def test_discard(w):
    w.load_records("orders", [order(1, line("a", units=0), line("b", units=0))])
    first, second = (one["quarantine_id"] for one in w.sql("select quarantine_id from books.quarantine order by owner"))
    assert w.run("quarantine", "discard", first, check=False).returncode == 2  # it needs a reason
    w.run("quarantine", "discard", first, "--why", "test order")
    w.check_books()
    assert w.value("select quarantined from books.load") == 1
    w.run("quarantine", "discard", second, "--why", "test order")
    w.check_books()
    assert w.tuples("select quarantined, discarded from books.load") == [(0, 1)]
    assert w.run("quarantine", "replay", first).out.startswith("0 tried")


def test_export_and_load_again(w):
    bad = [order(1, line("a", units=0)), order(2, line("b", units=0))]
    w.load_records("orders", bad)
    out = w.files / "out.jsonl"
    w.run("quarantine", "export", "--raw", out)
    assert [json.loads(text) for text in out.read_text().splitlines()] == bad
    w.run("quarantine", "export", out)
    assert {one["seller"] for one in map(json.loads, out.read_text().splitlines())} == {"a", "b"}


@pytest.mark.parametrize("order_of_arrival", ["together", "one by one", "the other way"])
def test_identity_conflicts(tmp_path, order_of_arrival):
    """One event with different contents: the same one stays whatever comes first, each other one is in quarantine once."""
    rivals = [visit(1, page=page) for page in "ABC"]
    w = Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS)
    if order_of_arrival == "together":
        w.load_records("visits", [*rivals, visit(2)])
    else:
        for one in rivals if order_of_arrival == "one by one" else rivals[::-1]:
            w.load_records("visits", [one])
        w.load_records("visits", [visit(2)])
    w.check_books()
    stays = w.value("select page from fact_visit where visit = 'v1'")
    lost = w.quarantine(columns="codes, raw as hex, n_rows, line, status, owner")
    assert [(one["codes"], one["n_rows"], one["owner"]) for one in lost] == [("identity_conflict", 1, "a")] * 2
    assert sorted([stays] + [json.loads(bytes.fromhex(one["hex"]))["page"] for one in lost]) == ["A", "B", "C"]
    reference = Warehouse(tmp_path / "reference", market.DATASETS, market.FEEDS)
    reference.load_records("visits", [visit(2), *rivals])
    assert w.hash() == reference.hash()
    # Replaying losers changes nothing; a second delivery of the winner is a duplicate.
    assert json.loads(w.run("--json", "quarantine", "replay", "--all").out) == {"tried": 2, "accepted": 0, "refused": 2}
    w.check_books()
    assert w.load_records("visits", [next(one for one in rivals if one["page"] == stays)])["duplicate"] == 1
    assert w.hash() == reference.hash()


def test_a_replay_may_take_the_place_of_what_is_stored(w):
    """A corrected event that wins its identity: the one that was stored goes to quarantine, with its bytes."""
    winner = max((w2 for w2 in "AB"), key=lambda page: page == page_that_wins(w))
    loser = "B" if winner == "A" else "A"
    w.load_records("visits", [visit(5, page=loser), visit(5, page=winner) | {"at": "broken"}])
    (one,) = w.sql("select quarantine_id from books.quarantine where status = 'open'")
    good = w.file("good.json", json.dumps(visit(5, page=winner)))
    assert json.loads(w.run("--json", "quarantine", "replay", one["quarantine_id"], "--with", good).out)["accepted"] == 1
    assert w.value("select page from fact_visit where visit = 'v5'") == winner
    (lost,) = w.quarantine(columns="codes, raw as hex")
    assert lost["codes"] == "identity_conflict" and json.loads(bytes.fromhex(lost["hex"]))["page"] == loser
    w.check_books()


def test_what_a_replay_brought_may_lose_its_place_later(w):
    """Back to quarantine it goes, in the books of the load it came with."""
    winner = page_that_wins(w)
    loser = "B" if winner == "A" else "A"
    w.load_records("visits", [visit(5, page=loser) | {"at": "broken"}, visit(6)])
    (one,) = w.sql("select quarantine_id from books.quarantine")
    good = w.file("good.json", json.dumps(visit(5, page=loser)))
    w.run("quarantine", "replay", one["quarantine_id"], "--with", good)
    w.check_books()
    w.load_records("visits", [visit(5, page=winner)])
    assert w.value("select page from fact_visit where visit = 'v5'") == winner
    assert [one["codes"] for one in w.quarantine()] == ["identity_conflict"]
    w.check_books()
    assert w.tuples("select received, applied, quarantined from books.load where received > 0 order by received") == [(1, 1, 0), (2, 1, 1)]
    w.run("quarantine", "replay", one["quarantine_id"], "--with", good)
    w.check_books()
    assert w.value("select sum(inserted) from books.load_rows") == 2


def page_that_wins(w):
    other = Warehouse(w.folder.parent / "scratch", market.DATASETS, market.FEEDS)
    other.load_records("visits", [visit(5, page="A"), visit(5, page="B")])
    return other.value("select page from fact_visit")


def test_a_conflict_in_a_group_of_several_tables(w):
    """The conflict is the event's; the states of other tables are decided by their own order, so any arrival gives the same."""
    both = feed("both", emit("fact_visit", ["shop", "visit", "at", "page"]),
                emit("fact_line", {"shop": "shop", "order_id": "visit", "line": "visit", "at": "at", "price": "price"}))
    w.define_feed(both)
    records = [visit(1, page=page) | {"price": price} for page, price in (("A", "1"), ("B", "2"))]
    other = Warehouse(w.folder.parent / "other", market.DATASETS, [*market.FEEDS, both])
    for one in records:
        w.load_records("both", [one])
        w.check_books()
    for one in records[::-1]:
        other.load_records("both", [one])
        other.check_books()
    assert w.hash() == other.hash()
    assert w.tuples("select status, codes, n_rows from books.quarantine") == other.tuples("select status, codes, n_rows from books.quarantine") == \
        [("open", "identity_conflict", 1)]


def test_groups_that_wait_with_rows_of_several_tables(tmp_path):
    """Released rows leave the ledger's waiting rows table by table."""
    line_, visit_ = (json.loads(json.dumps(one)) for one in (market.LINE, market.VISIT))
    visit_["customProperties"].append({"property": "entrepot.onUnknownParent", "value": "wait"})
    both = feed("both", emit("fact_visit", ["shop", "visit", "at"]),
                emit("fact_line", {"shop": "shop", "order_id": "visit", "line": "visit", "at": "at", "price": "price"}))
    w = Warehouse(tmp_path / "w", [market.SHOP, line_, visit_], [market.SHOPS, both])
    w.load_records("both", [visit(1) | {"price": "1"}])
    assert w.tuples("select table_name, waiting from books.load_rows order by 1") == [("fact_line", 1), ("fact_visit", 1)]
    (one,) = w.quarantine("waiting", "n_rows, rows_by_table, reasons")
    assert one["n_rows"] == 2 and len(json.loads(one["reasons"])) == 1
    w.check_books()
    assert w.load_records("shops", [shop("a")])["released"] == 1
    assert w.hash()["fact_line"][0] == w.hash()["fact_visit"][0] == 1
    assert w.value("select sum(waiting) from books.load_rows") == 0
    w.check_books()
