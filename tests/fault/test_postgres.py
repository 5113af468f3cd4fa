"""What may happen to a server and the line to it while something is loaded: tried again when that can help, a clear error when not, never half
a batch. The content is compared with that of the same days loaded in peace into a file."""

import os
import random
import signal
import subprocess
import time

import kills
import pg
import pytest
from pg_proxy import Proxy
from wh import Warehouse

SEED = int(os.environ["ENTREPOT_SEED"]) if "ENTREPOT_SEED" in os.environ else random.randrange(10**9)
# A commit that was answered must stay, whatever happens to the server's processes.
DURABLE = {"synchronous_commit": "on"}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    print(f"ENTREPOT_SEED={SEED}")
    files = kills.generate(tmp_path_factory.mktemp("market") / "days", SEED, days=2)
    calm = Warehouse(tmp_path_factory.mktemp("calm") / "calm", shipped=True, store="")
    for feed, paths in files.items():
        calm.load(feed, *paths)
    return files, calm.hash()


@pytest.fixture(scope="module")
def server():
    with pg.Server(settings=DURABLE) as one:
        yield one


def warehouse(folder, store):
    w = Warehouse(folder, shipped=True, store=store)
    with open(w.folder / "entrepot.yaml", "a") as out:
        out.write("commit_records: 60\n")
    return w


def through(w, proxy):
    """From now on the warehouse reaches its server by way of the proxy."""
    settings = (w.folder / "entrepot.yaml").read_text()
    (w.folder / "entrepot.yaml").write_text(settings.replace(w.store, w.store.split("host=")[0] + f"host={proxy.folder}"))


def straight(w, proxy):
    settings = (w.folder / "entrepot.yaml").read_text()
    (w.folder / "entrepot.yaml").write_text(settings.replace(str(proxy.folder), w.store.split("host=")[1]))


def check(w, market):
    files, expected = market
    for feed, paths in files.items():
        assert w.load(feed, *paths)["received"] == 0
    w.check_books()
    assert w.run("verify", check=False).returncode == 0
    assert w.hash() == expected


class Nth:
    """Cuts at the n-th piece that holds a mark, then after 2n, 4n ... more: however many a transaction has, one gets through at last."""

    def __init__(self, mark, every, where):
        self.mark, self.gap, self.where, self.left = mark, every, where, every

    def __call__(self, data):
        if self.mark not in data:
            return None
        self.left -= 1
        if self.left > 0:
            return None
        self.gap *= 2
        self.left = self.gap
        return self.where


@pytest.mark.parametrize("mark, every, where", [
    (b"FORMAT BINARY", 19, "after"),  # while rows are on their way
    (b"PGCOPY\n", 17, "before"),
    (b"COMMIT", 4, "before"),
    (b"COMMIT", 4, "after"),  # done, and nobody learns it
], ids=["in COPY", "before the rows", "before COMMIT", "after COMMIT"])
def test_the_line_is_cut(tmp_path, server, market, mark, every, where):
    w = warehouse(tmp_path / "w", server.database())
    proxy = Proxy(server.folder, Nth(mark, every, where))
    through(w, proxy)
    received = 0
    for feed, paths in market[0].items():
        received += w.load(feed, *paths)["received"]
    proxy.stop()
    straight(w, proxy)
    assert proxy.n_cuts >= 2
    # Nothing is told twice or not at all, also where a commit was not answered.
    assert received == w.value("select sum(received) from books.load")
    check(w, market)


def test_the_server_dies_and_comes_back(tmp_path, market):
    draw = random.Random(SEED)
    with pg.Server(settings=DURABLE) as one:
        w = warehouse(tmp_path / "w", one.database())
        n_hit = 0
        for feed, paths in market[0].items():
            process = kills.start(w, feed, paths)
            if kills.wait_begun(w, process):
                time.sleep(draw.uniform(0, 0.05))
                n_hit += process.poll() is None
                one.stop(signal.SIGQUIT)
                one.start()
            kills.finish(process)
        assert n_hit >= 3
        check(w, market)


def failed(w, market):
    """The error of a load that cannot be."""
    done = w.run("load", "marketplace.vendors", *market[0]["marketplace.vendors"], check=False)
    assert done.returncode == 3 and done.err.count("\n") == 1, done.err
    return done.err


def test_a_standby_takes_over(tmp_path, market):
    """Commits wait for a standby; the primary dies in the middle of a load, and the address names both servers."""
    draw, received, n_takeovers = random.Random(SEED), 0, 0
    with pg.Server(settings=DURABLE) as primary, pg.Server(standby_of=primary, settings=DURABLE) as standby:
        pg.psql(primary.uri(), "alter system set synchronous_standby_names = '*'")
        pg.psql(primary.uri(), "select pg_reload_conf()")
        pg.wait_for(primary.uri(), "select 1 from pg_stat_replication where sync_state = 'sync'")
        w = warehouse(tmp_path / "w", f"{primary.database()},{standby.folder}&target_session_attrs=read-write")
        for feed, paths in market[0].items():
            process = kills.start(w, feed, paths)
            if feed != "marketplace.vendors" and n_takeovers == 0 and kills.wait_begun(w, process):
                time.sleep(draw.uniform(0, 0.05))
                if process.poll() is None:
                    n_takeovers += 1
                    primary.stop(signal.SIGQUIT)
                    text = failed(w, market)
                    assert str(primary.folder) in text and "PostgreSQL cannot be reached" in text and "session is read-only" in text, text
                    standby.promote()
            received += kills.finish(process)["received"]
        assert n_takeovers == 1
        assert received == w.value("select sum(received) from books.load")
        check(w, market)


def test_a_server_that_stays_away_is_named(tmp_path, market):
    with pg.Server(settings=DURABLE) as one:
        w = warehouse(tmp_path / "w", one.database())
    assert "PostgreSQL cannot be reached" in failed(w, market)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(tmp_path, server, market):
    """The database lies on a disk of its own, as a tablespace: the log, on another, goes on."""
    disk = server.folder / f"disk{SEED}"
    disk.mkdir()
    pg.own(server.folder)
    user = pg.plain_user()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=100m,uid={user.pw_uid},mode=700", "tmpfs", disk], check=True)
    try:
        pg.psql(server.uri(), f"create tablespace small location '{disk}'")
        w = warehouse(tmp_path / "w", server.database())
        pg.psql(server.uri(), f"alter database {w.store.split('@/')[1].split('?')[0]} set tablespace small")
        # What is there, and a megabyte more.
        used = os.statvfs(disk)
        size = (used.f_blocks - used.f_bfree) * used.f_frsize + (1 << 20)
        subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
        stopped = [done for feed, paths in market[0].items() if (done := w.run("load", feed, *paths, check=False)).returncode]
        texts = [done.err for done in stopped if "the disk is full: make room" in done.err and "53100" in done.err]
        assert texts, "the disk was not small enough"
        # With no room at all a server may let nobody in: it cannot write down its caches.
        for done in stopped:
            assert done.returncode == 3 and (done.err in texts or "could not write init file" in done.err), done.err
        w.check_books()
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        for feed, paths in market[0].items():
            w.load(feed, *paths)
        check(w, market)
        pg.psql(server.uri(), f"drop database {w.store.split('@/')[1].split('?')[0]} with (force)")
        pg.psql(server.uri(), "drop tablespace small")
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
