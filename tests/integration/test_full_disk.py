"""A disk that fills up while loading: the error says so and what to do, and with room again the same command ends as if nothing
had happened."""

import os
import subprocess

import kills
import pytest
from wh import Warehouse

SIZE_MB = 24


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, leave_bytes):
    """A file that takes all room but `leave_bytes`."""
    status = os.statvfs(folder)
    ballast = folder / "ballast"
    with open(ballast, "wb") as out:
        os.posix_fallocate(out.fileno(), 0, max(1, status.f_bavail * status.f_frsize - leave_bytes))
    return ballast


def check_refused(done):
    assert done.returncode == 3, (done.returncode, done.out, done.err)
    assert done.err.startswith("entrepot: ") and done.err.count("\n") == 1, done.err
    assert "the disk is full: make room and run the same command again" in done.err


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    files = kills.generate(folder / "days", 3, days=2)
    calm = kills.warehouse(folder / "calm")
    for feed, paths in files.items():
        calm.load(feed, *paths)
    return files, calm


# No room for an archive's first byte, for a commit, and for half a load.
@pytest.mark.parametrize("leave_kb", [0, 64, 2048])
def test_full_while_loading(disk, undisturbed, leave_kb):
    files, calm = undisturbed
    w = Warehouse(disk / "w", shipped=True)
    w.settings(name="shopnow", commit_records=kills.COMMIT_RECORDS)
    feeds = list(files.items())
    for feed, paths in feeds[:2]:
        w.load(feed, *paths)
    before = w.hash()
    ballast = fill(disk, leave_kb * 1024)
    stopped = None
    for feed, paths in feeds[2:]:
        stopped = w.run("load", feed, *paths, check=False)
        if stopped.returncode != 0:
            break
    check_refused(stopped)
    # Full still, it can be read: what was committed is there, and adds up.
    w.check_books()
    assert set(w.hash()) == set(before)

    ballast.unlink()
    for feed, paths in feeds[2:]:
        w.run("load", feed, *paths)
    kills.check_equal(calm, w, files)
