"""Loading: where a source was left, what a kill leaves behind, who may write."""

import os
import signal
import subprocess
import time

import market
import pytest
from market import line, order, shop, visit
from wh import Warehouse

ENGINES = ["duckdb", "postgres"]

CRASH_POINTS = ["staged", "merged", "archived", "booked", "committed"]


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS)


def counts(ledger, *names):
    return tuple(ledger[name] for name in names)


def test_every_record_has_one_class(w):
    ledger = w.load_records("visits", [visit(1), visit(2), visit(1), visit(3) | {"at": "never"}, visit(4) | {"visit": "ping"}, "{"])
    assert counts(ledger, "received", "applied", "duplicate", "quarantined", "ignored") == (6, 2, 1, 2, 1)
    assert w.tuples("select rule, n_records from books.load_ignored") == [("heartbeat", 1)]
    w.check_books()


def test_a_record_of_many_groups_counts_once_under_the_strongest(w):
    bad_of_b = order(1, line("a"), line("b", units=0), line("c"))
    ledger = w.load_records("orders", [order(2, line("a"), line("b")), bad_of_b])
    assert counts(ledger, "received", "applied", "quarantined") == (2, 1, 1)
    assert w.tuples("select owner, emitted, inserted, quarantined from books.load_rows order by owner") == \
        [("a", 2, 2, 0), ("b", 2, 1, 1), ("c", 1, 1, 0)]
    w.check_books()


def test_the_same_file_again_is_skipped(w):
    path = w.file("v.jsonl", [visit(1), visit(2)])
    w.load("visits", path)
    ledger = w.load("visits", path)
    assert counts(ledger, "received", "skipped") == (0, 1)
    assert w.value("select count(*) from books.load") == 1


def test_a_file_that_grew_goes_on_where_it_was_left(w):
    path = w.file("v.jsonl", [visit(1), visit(2)])
    w.load("visits", path)
    w.file("v.jsonl", [visit(1), visit(2), visit(3)])
    assert counts(w.load("visits", path), "received", "applied", "skipped") == (1, 1, 0)
    assert w.tuples("select from_record, to_record, generation from books.load order by from_record") == [(0, 2, "1"), (2, 3, "1")]
    w.check_books()


def test_a_file_that_changed_is_another_generation(w):
    path = w.file("v.jsonl", [visit(1), visit(2)])
    w.load("visits", path)
    w.file("v.jsonl", [visit(9), visit(2), visit(3)])
    assert counts(w.load("visits", path), "received", "applied", "duplicate") == (3, 2, 1)
    w.file("v.jsonl", [visit(9)])
    assert counts(w.load("visits", path), "received", "duplicate") == (1, 1)
    assert w.tuples("select distinct generation from books.load order by 1") == [("1",), ("2",), ("3",)]
    w.check_books()


def test_a_half_line_that_is_completed_later(w):
    whole = b'{"shop":"a","visit":"v1","at":"2025-06-01T12:00:00Z"}'
    path = w.file("v.jsonl", whole[:20])
    assert w.load("visits", path)["quarantined"] == 1
    w.file("v.jsonl", whole + b"\n")
    assert w.load("visits", path)["applied"] == 1
    w.check_books()


def test_named_twice_in_one_command(w):
    path = w.file("v.jsonl", [visit(1)])
    assert w.load("visits", path, path)["received"] == 1
    w.check_books()


def test_many_small_files_share_a_transaction(w):
    paths = [w.file(f"{n}.jsonl", [visit(n)]) for n in range(250)]
    assert counts(w.load("visits", *paths), "received", "applied") == (250, 250)
    assert w.value("select count(*) from books.load") == 250
    assert w.value("select count(*) from books.position where complete") == 250
    assert w.value("select count(distinct received_at) from books.load") < 5
    w.check_books()


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_killed_and_loaded_again(tmp_path, point):
    """Power is lost at a named moment of the second of three transactions: afterwards everything is as without it."""
    def fill(w):
        return [w.file("1.jsonl", [order(n, line("a"), line("b", price="2.50")) for n in range(20)]),
                w.file("2.jsonl", [order(n, line("a"), line("c", units=0)) for n in range(10, 40)] + ["{"]),
                w.file("3.jsonl", [order(n, line("a", price="3.30"), at="2025-07-01T00:00:00Z") for n in range(5)])]
    calm = Warehouse(tmp_path / "calm", market.DATASETS, market.FEEDS, settings={"commit_records": 1})
    expected = calm.load("orders", *fill(calm))

    hit = Warehouse(tmp_path / "hit", market.DATASETS, market.FEEDS, settings={"commit_records": 1})
    paths = fill(hit)
    killed = hit.run("load", "orders", *paths, check=False, env={"ENTREPOT_CRASH": f"{point}:2"})
    assert killed.returncode == -signal.SIGKILL
    after = hit.value("select coalesce(sum(received), 0) from books.load")
    assert after == (51 if point == "committed" else 20)
    hit.check_books()
    rest = hit.load("orders", *paths)
    assert rest["received"] == expected["received"] - after
    assert hit.hash() == calm.hash()
    total = "select sum(received), sum(applied), sum(unchanged), sum(duplicate), sum(quarantined) from books.load"
    assert hit.tuples(total) == calm.tuples(total)
    assert hit.tuples("select codes, count(*) from books.quarantine group by 1 order by 1") == \
        calm.tuples("select codes, count(*) from books.quarantine group by 1 order by 1")
    hit.check_books()


def test_a_second_writer_is_told_so(w, engine):
    """A load that waits for its input holds the file. On a server it does not: see test_two_loads.py."""
    if engine != "duckdb":
        return
    w.load_records("visits", [visit(1)])
    slow = subprocess.Popen([w.binary, "-C", w.folder, "load", "visits", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        for _ in range(100):
            time.sleep(0.05)
            done = w.run("load", "visits", w.file("other.jsonl", [visit(2)]), check=False)
            if done.returncode:
                break
            w.file("other.jsonl", "")
        assert done.returncode == 3
        assert "another process" in done.err and "Traceback" not in done.err
        slow.stdin.write(b'{"shop":"a","visit":"v7","at":"2025-06-01T12:00:00Z"}\n')
        slow.stdin.close()
        assert slow.wait(timeout=30) == 0
    finally:
        slow.kill()
        slow.wait()
    assert w.value("select count(*) from fact_visit where visit = 'v7'") == 1


def test_stopping_on_request_keeps_what_is_committed(w):
    """A signal while a load waits for input: it says so, and nothing of the open transaction stays."""
    w.load_records("visits", [visit(1)])
    slow = subprocess.Popen([w.binary, "-C", w.folder, "load", "visits", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    time.sleep(0.5)
    os.kill(slow.pid, signal.SIGTERM)
    out, err = slow.communicate(b'{"shop":"a","visit":"v7","at":"2025-06-01T12:00:00Z"}\n', timeout=30)
    assert slow.returncode == 3, (out, err)
    assert b"run the same command to go on" in err
    assert w.tuples("select visit from fact_visit") == [("v1",)]
    w.check_books()


def test_status_journal_and_hash_agree_with_the_books(w):
    w.load_records("shops", [shop("a", city="X"), shop("b")])
    w.load_records("visits", [visit(1), visit(2, at="no time")])
    status = w.run("status").out
    assert "visits" in status and "shops" in status
    journal = w.run("--json", "journal", "--category", "load").out
    assert journal.count("load_committed") == 2
    assert w.hash()["fact_visit"][0] == 1
