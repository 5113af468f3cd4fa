"""Loads of one table of events that are longer than a transaction: inserts that go on while rows come, on several threads, row group by row group.

What is told apart by its neighbours lies near and far: in the same piece, in the same insert, in another transaction.
"""

import json
import random
import signal
import subprocess
import time
from datetime import datetime, timedelta

import pytest
from wh import Warehouse, dataset, emit, feed, field

PING = dataset("fact_ping", "transaction", [
    field("shop", required=True), field("ping", required=True), field("at", "timestamp", required=True),
    field("seq", "integer", required=True), field("page"),
], owner="shop", valid_time="at", sequence="seq", dedupe=["ping"])
PINGS = feed("pings", emit("fact_ping", ["shop", "ping", "at", "seq", "page"]))

N = 420_000
SETTINGS = {"commit_records": 100_000}
START = datetime(2026, 1, 1)


def ping(number, at=None, seq=5, page="/"):
    at = at or START + timedelta(seconds=number)
    return {"shop": f"s{number % 7}", "ping": f"p{number}", "at": at.isoformat() + "Z", "seq": seq, "page": page}


class Story:
    """Records in the order of arrival, and what becomes of them. Each event is told about twice at most."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.placed = [(number, ping(number)) for number in range(N)]
        self.kept = {}  # what stays of the events that are told about twice
        self.n_duplicate = self.n_rival = self.n_refused = self.n_old = 0
        numbers = iter(self.rng.sample(range(N), 4000))
        for distance in (1, 60, 3_000, 40_000, 150_000, 390_000):
            for _ in range(60):
                self.again(next(numbers), distance)
                self.rival(next(numbers), distance)
        for _ in range(200):
            self.refused(next(numbers))
            self.old(next(numbers))
        self.placed.sort(key=lambda one: one[0])
        self.records = [record for _, record in self.placed]

    def place(self, number, distance, record):
        self.placed.append((number + distance * self.rng.uniform(0.9, 1.1) + 0.5, record))

    def again(self, number, distance):
        self.place(number, distance, ping(number))
        self.kept[f"p{number}"] = (5, "/")
        self.n_duplicate += 1

    def rival(self, number, distance):
        seq = self.rng.choice([4, 6])
        self.place(number, distance, ping(number, seq=seq, page="/rival"))
        self.kept[f"p{number}"] = (6, "/rival") if seq == 6 else (5, "/")
        self.n_rival += 1

    def refused(self, number):
        self.place(number, 0, ping(number + N) | {"at": "never"})
        self.n_refused += 1

    def old(self, number):
        """Long before anything else, so that it may be in the table already; half of them come again."""
        record = ping(number + 2 * N, at=START - timedelta(days=30, seconds=number), page="/old")
        self.place(number, 0, record)
        self.kept[record["ping"]] = (5, "/old")
        self.n_old += 1
        if number % 2:
            self.place(number, 100_000, record)
            self.n_duplicate += 1


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    made = Story(20260101)
    made.lines = [json.dumps(record) + "\n" for record in made.records]
    made.path = tmp_path_factory.mktemp("pings") / "pings.jsonl"
    made.path.write_text("".join(made.lines))
    return made


@pytest.fixture(scope="module")
def undisturbed(story, tmp_path_factory):
    w = Warehouse(tmp_path_factory.mktemp("long") / "w", [PING], [PINGS], settings=SETTINGS)
    w.load("pings", story.path)
    return w


def ledger(w):
    (row,) = w.sql("select sum(received) as received, sum(applied) as applied, sum(duplicate) as duplicate, "
                   "sum(quarantined) as quarantined, count(*) as n from books.load")
    return {name: int(value) for name, value in row.items()}


def check(w, story):
    books = ledger(w)
    n_rows = N + story.n_old
    assert books["received"] == len(story.records)
    assert (books["applied"], books["duplicate"], books["quarantined"]) == (n_rows, story.n_duplicate, story.n_rival + story.n_refused)
    assert w.value("select count(*) from fact_ping") == n_rows
    assert w.value("select count(distinct ping) from fact_ping") == n_rows
    names = ", ".join(f"'{name}'" for name in story.kept)
    assert {row[0]: row[1:] for row in w.tuples(f"select ping, seq, page from fact_ping where ping in ({names})")} == story.kept
    assert w.value(f"select count(*) from fact_ping where ping not in ({names}) and (seq <> 5 or page <> '/')") == 0
    w.check_books()
    w.run("verify")


def test_each_event_ends_in_one_place(undisturbed, story):
    check(undisturbed, story)
    assert ledger(undisturbed)["n"] > 1  # transactions


def test_row_groups_are_whole(undisturbed):
    """Each transaction leaves one that is not, besides those in which the source ended."""
    sizes = undisturbed.tuples("select sum(count) as n from pragma_storage_info('fact_ping') "
                               "where column_name = 'seq' and segment_type <> 'VALIDITY' group by row_group_id")
    whole = sum(int(n) == 122880 for (n,) in sizes)
    assert whole >= 2
    assert len(sizes) - whole <= ledger(undisturbed)["n"] + 4


def test_only_the_identity_lies_uncompressed(undisturbed):
    ways = dict(undisturbed.tuples("select column_name, list_sort(list_distinct(list(compression))) from pragma_storage_info('fact_ping') "
                                   "where segment_type = 'VARCHAR' group by column_name"))
    assert ways["ping"] == "[Uncompressed]"
    assert "Uncompressed" not in ways["shop"]


def test_files_of_a_few_thousand_give_the_same(undisturbed, story, tmp_path):
    w = Warehouse(tmp_path / "w", [PING], [PINGS], settings=SETTINGS)
    step = 30_000
    for first in range(0, len(story.lines), step):
        w.load("pings", w.file(f"{first}.jsonl", story.lines[first:first + step]))
    check(w, story)
    assert w.hash() == undisturbed.hash()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_load_that_is_stopped_goes_on(undisturbed, story, tmp_path, how):
    rng = random.Random(int(how))
    w = Warehouse(tmp_path / "w", [PING], [PINGS], settings=SETTINGS)
    n_stopped = 0
    for _ in range(4):
        process = subprocess.Popen([w.binary, "-C", str(w.folder), "load", "pings", str(story.path)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.15, 0.6))
        process.send_signal(how)
        _, said = process.communicate()
        if process.returncode != 0:
            n_stopped += 1
            assert how == signal.SIGKILL or b"stopped on request" in said, said
    assert n_stopped > 0
    w.load("pings", story.path)
    check(w, story)
    assert w.hash() == undisturbed.hash()


def test_wide_events_that_come_again_need_little_memory(tmp_path):
    """All of a slice is staged then, and what a slice staged stays in the engine's memory until the transaction ends."""
    rng = random.Random(5)
    names = [f"c{i}" for i in range(60)]
    wide = dataset("fact_wide", "transaction", [
        field("shop", required=True), field("ping", required=True), field("at", "timestamp", required=True), *map(field, names),
    ], owner="shop", valid_time="at", dedupe=["ping"])
    lines = []
    for number in range(60_000):
        digits = f"{rng.getrandbits(4000):01000x}"
        row = {name: digits[15 * i:15 * i + 40] for i, name in enumerate(names)}
        lines.append(json.dumps({"shop": "s", "ping": f"p{number}", "at": ping(number)["at"], **row}) + "\n")
    w = Warehouse(tmp_path / "w", [wide], [feed("wides", emit("fact_wide", ["shop", "ping", "at", *names]))],
                  settings={"memory_limit_mb": 192})
    w.load("wides", w.file("first.jsonl", lines))
    w.load("wides", w.file("again.jsonl", rng.sample(lines, len(lines))))
    books = ledger(w)
    assert (books["applied"], books["duplicate"]) == (60_000, 60_000)
    assert w.value("select count(*) from fact_wide") == 60_000
