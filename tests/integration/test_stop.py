"""SIGINT and SIGTERM: a command stops at the next safe place and says so, what was committed stays, the same command goes on."""

import os
import signal
import subprocess
import threading
import time

import market
import pytest
from market import shop, visit
from wh import RELEASE, Warehouse, field

ENGINES = ["duckdb", "postgres"]
SAID = b"stopped on request; what was committed stays, run the same command to go on"
COMMIT = 5000  # records a transaction
N = 60000
VISIT_WITH_REFERRER = {**market.VISIT, "properties": [*market.VISIT["properties"], field("referrer")]}


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS, settings={"commit_records": COMMIT})


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def stop(request):
    return request.param


def listen():
    """Who runs the tests in the background may have had SIGINT ignored for all of them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*command, **options):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=listen, **options)


def start(w, *args, **options):
    return run(w.binary, "-C", w.folder, *map(str, args), **options)


def wait_for(process, condition):
    for _ in range(600):
        if condition():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it did not come that far")


def blocked(process):
    """Waits for a signal or for input: the main thread sleeps and nothing is consumed."""
    def ticks():
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
            cells = stat.read().rsplit(")", 1)[1].split()
        return int(cells[11]) + int(cells[12])
    before = ticks()
    time.sleep(0.3)
    return ticks() == before


def catches(process, number):
    """The program has taken this signal over: it is past opening the warehouse."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        (mask,) = [line.split()[1] for line in status if line.startswith("SigCgt:")]
    return int(mask, 16) >> (number - 1) & 1


def end_of(process):
    """Its output; a process that does not stop is killed, so that the test ends."""
    ending = threading.Timer(10, process.kill)
    ending.start()
    try:
        return process.communicate()
    finally:
        ending.cancel()


def stopped(process, number):
    process.send_signal(number)
    out, err = end_of(process)
    assert process.returncode == 3, (process.returncode, out, err)
    return out, err


def test_a_named_pipe_that_nobody_writes(w, stop):
    w.load_records("visits", [visit(1)])
    path = w.files / "visits.pipe"
    os.mkfifo(path)
    load = start(w, "load", "visits", path)
    wait_for(load, lambda: catches(load, stop) and blocked(load))
    _, err = stopped(load, stop)
    assert SAID in err and b"visits.pipe" in err
    assert w.tuples("select visit from fact_visit") == [("v1",)]
    w.check_books()


def test_standard_input_on_which_nothing_comes(w, stop):
    w.load_records("visits", [visit(1)])
    load = start(w, "load", "visits", "-", stdin=subprocess.PIPE)
    wait_for(load, lambda: catches(load, stop) and blocked(load))
    load.send_signal(stop)
    ending = threading.Timer(10, load.kill)
    ending.start()
    assert load.wait() == 3  # before its input ends
    ending.cancel()
    assert SAID in end_of(load)[1]
    w.check_books()


def test_in_the_middle_of_a_load(w, stop):
    """The pipe ends in the middle of a record; then the same name holds the whole file."""
    whole = "".join(f'{{"shop":"a","visit":"v{i}","at":"2025-06-01T12:00:{i % 60:02d}Z"}}\n' for i in range(N)).encode()
    path = w.files / "visits.jsonl"
    os.mkfifo(path)
    load = start(w, "load", "visits", path)

    def write():
        with open(path, "wb") as pipe:
            pipe.write(whole[:3 * len(whole) // 4])
            pipe.flush()
            load.wait()
    writer = threading.Thread(target=write)
    writer.start()
    archive = w.folder / "data" / "archive"
    wait_for(load, lambda: len(list(archive.rglob("*.zst"))) >= 2)  # the first was committed when the second came
    _, err = stopped(load, stop)
    writer.join()
    assert SAID in err
    done = w.value("select count(*) from fact_visit")
    assert 0 < done < N
    w.check_books()
    assert "stopped on request" in w.run("journal", "--category", "load").out
    path.unlink()
    assert w.load("visits", w.file("visits.jsonl", whole))["received"] == N - done
    assert w.value("select count(*) from fact_visit") == N
    assert "every check holds" in w.run("verify").out


def killed_or_stopped(process, number):
    """Before the warehouse is open, and where nothing is written, a signal ends the process as it ends any other."""
    process.send_signal(number)
    _, err = end_of(process)
    assert process.returncode in (3, -number, 0), (process.returncode, err)
    assert process.returncode != 3 or SAID in err, err


def content(w):
    return w.run("sql", "--format", "csv", 'select shop, visit, "at", page from fact_visit order by visit').out


@pytest.mark.parametrize("command", [["reprocess", "--feed", "visits"], ["verify"], ["migrate"]], ids=lambda c: c[0])
def test_any_other_command_leaves_all_of_it_or_nothing(w, stop, command):
    """Stopped at several moments: what was there is there, and the same command does its work then."""
    w.load_records("shops", [shop("a", city="X")])
    w.load_records("visits", [visit(n) for n in range(4000)])
    if command == ["migrate"]:
        w.define(VISIT_WITH_REFERRER)
    before = content(w)
    for wait in (0.03, 0.15):
        running = start(w, *command)
        time.sleep(wait)
        killed_or_stopped(running, stop)
        assert content(w) == before
    w.run(*command)
    assert content(w) == before
    w.check_books()
    w.run("verify")


def test_generating(tmp_path, stop):
    process = run(RELEASE, "generate", "--out", tmp_path / "data", "--days", "400", "--orders-per-day", "2000")
    wait_for(process, lambda: any((tmp_path / "data").rglob("*.jsonl")))
    killed_or_stopped(process, stop)
    assert process.returncode == -stop
