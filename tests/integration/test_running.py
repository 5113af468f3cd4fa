"""Who is locked out of a file by a process that writes is told what that process does and how far it is."""

import json
import os
import signal
import subprocess
import time

import market
import pytest
from market import visit
from wh import Warehouse


@pytest.fixture
def w(tmp_path):
    return Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS, store="")


def start(w, path):
    """A load that waits for more than it was given."""
    os.mkfifo(path)
    process = subprocess.Popen([w.binary, "-C", str(w.folder), "load", "visits", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process, open(path, "wb", buffering=0)


def note(w):
    return w.folder / "data" / "running"


def wait_for_note(w, process):
    until = time.monotonic() + 60
    while not note(w).exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def finish(process, pipe):
    pipe.close()
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return out


def test_the_command_and_its_progress_are_told(w, tmp_path):
    process, pipe = start(w, tmp_path / "pipe")
    wait_for_note(w, process)
    asked = w.run("status", check=False)
    assert asked.returncode == 3
    assert f"(PID {process.pid}): entrepot load since 20" in asked.err
    line = (json.dumps(visit("v1")) + "\n").encode()
    until = time.monotonic() + 60
    while b"visits: " not in note(w).read_bytes():
        assert time.monotonic() < until
        pipe.write(line * 3000)
    said = json.loads(w.run("--json", "sql", "select 1", check=False).err)
    assert said["error"] == "busy"
    assert f"(PID {process.pid}): entrepot load since 20" in said["text"]
    assert f"visits: {tmp_path / 'pipe'}, " in said["text"] and said["text"].endswith(" bad")
    finish(process, pipe)
    assert not note(w).exists()


def test_a_note_that_a_killed_process_left_is_not_believed(w, tmp_path):
    process, pipe = start(w, tmp_path / "pipe")
    wait_for_note(w, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    pipe.close()
    left = note(w).read_bytes()
    process, pipe = start(w, tmp_path / "other")
    wait_for_note(w, process)
    until = time.monotonic() + 60
    while note(w).read_bytes() == left:
        assert time.monotonic() < until
        time.sleep(0.02)
    note(w).write_bytes(left)
    asked = w.run("status", check=False)
    assert asked.returncode == 3 and "entrepot load since" not in asked.err, asked.err
    finish(process, pipe)


def test_a_load_without_room_for_its_note_is_a_load(w):
    """Nothing depends on it."""
    w.load_records("visits", [visit("v0")])
    (note(w) / "in the way").mkdir(parents=True)
    assert w.load_records("visits", [visit("v1")])["applied"] == 1
    assert w.run("status").returncode == 0
