#!/usr/bin/env python3
"""A real PostgreSQL server for tests: a cluster of its own in a temporary folder, Unix socket only, gone at the end.

`server()` is the one of this process; tests/run.py starts one for all suites and names it in ENTREPOT_TEST_POSTGRES. As a program it
starts one, prints its address on a line, and stops it when its standard input ends: so C tests have one too.
"""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from users import own, plain_user  # noqa: E402

BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
# The database sorts text its own way: what relies on bytewise order must say so itself.
CLUSTER = ["--username=test", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=fr", "--no-sync"]
# Durability is for tests that cut the power; connections for those that open many at once.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "60",
        "max_wal_size": "256MB", "autovacuum_naptime": "10s", "log_min_messages": "warning"}


def as_owner():
    """Options of subprocess that make it run as the user that may run a server: not root."""
    if os.geteuid() != 0:
        return {}
    user = plain_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def tool(name, *args, check=True, **options):
    done = subprocess.run([BIN / name, *map(str, args)], capture_output=True, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{name} {' '.join(map(str, args))}: {done.stdout}{done.stderr}")
    return done


class Server:
    """A running cluster. `data` may be a folder prepared before (a copy, a standby); it is made when it is missing."""

    def __init__(self, folder=None, data=None, settings=None, auth="trust"):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="entrepot-pg-"))
        self.data = Path(data or self.folder / "data")
        self.settings = {**FAST, **(settings or {})}
        self.process = None
        self.port = 5432
        os.chmod(self.folder, 0o755)
        own(self.folder)
        if not self.data.exists():
            tool("initdb", *CLUSTER, "-D", self.data, **as_owner())
            if auth != "trust":
                (self.data / "pg_hba.conf").write_text(f"local all test trust\nlocal replication all trust\nlocal all all {auth}\n")
        self.start()

    def start(self):
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), **self.settings}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.data, *(f"-c{name}={value}" for name, value in settings.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_owner())
        until = time.monotonic() + 60
        while tool("pg_isready", "-h", self.folder, "-q", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self, how=signal.SIGINT):
        """SIGINT is a fast shutdown; SIGQUIT leaves it as a crash would; SIGKILL of the postmaster needs a new start to recover."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def uri(self, database="postgres", user="test"):
        return f"postgres://{user}@/{database}?host={self.folder}"

    def database(self):
        """A new empty database; its address."""
        name = f"t{secrets.token_hex(6)}"
        psql(self.uri(), f'create database "{name}"')
        return self.uri(name)


def psql(uri, sql, check=True):
    """Rows of the last statement, cells as text."""
    done = tool("psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", uri, "-c", sql, check=check)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def wait_for(uri, sql, seconds=30):
    """Until the query gives a row."""
    until = time.monotonic() + seconds
    while not psql(uri, sql):
        assert time.monotonic() < until, sql
        time.sleep(0.02)


class Given(Server):
    """The server that whoever runs the tests has started."""

    def __init__(self, uri):  # pylint: disable=super-init-not-called
        self.given = uri

    def uri(self, database="postgres", user="test"):
        return self.given.replace("/postgres?", f"/{database}?").replace("//test@", f"//{user}@")


_server = None


def server():
    global _server
    if _server is None:
        given = os.environ.get("ENTREPOT_TEST_POSTGRES")
        _server = Given(given) if given else Server()
        if not given:
            atexit.register(_server.remove)
    return _server


if __name__ == "__main__":
    one = Server()
    try:
        print(one.uri(), flush=True)
        sys.stdin.read()
    finally:
        one.remove()
