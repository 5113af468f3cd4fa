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
SUPERUSER = "test"
# The database sorts text its own way: what relies on bytewise order must say so itself.
CLUSTER = [f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=fr", "--no-sync"]
# Durability is for tests that cut the power; connections for those that open many at once.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "60",
        "max_wal_size": "256MB", "autovacuum_naptime": "10s", "log_min_messages": "warning", "timezone": "UTC"}
# For tests that compare answers and benchmarks that compare times: nothing goes on by itself.
STILL = {"autovacuum": "off", "jit": "off"}
# The superuser and the loader come in as they are, everybody else with a password.
PASSWORDS = f"local all {SUPERUSER},loader trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


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


def ask(uri, script, password=None, check=True, flags=("-XqAt",)):
    """The finished psql with its text; without `check` it goes on after errors."""
    env = {**os.environ, "PGPASSWORD": password or "", "PGAPPNAME": "test", "PGCONNECT_TIMEOUT": "10"}
    done = tool("psql", *flags, "-v", f"ON_ERROR_STOP={int(check)}", "-d", uri, "-f", "-", input=script, env=env, check=False)
    assert done.returncode == 0 or not check, f"psql: {done.stderr}\n{script[:2000]}"
    return done


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


class Server:
    """A cluster, started unless `start` says otherwise; `with` removes it. Its files are made, or copied from `copy_of`, a server that does not
    run, or fetched from `standby_of`, one that runs and is followed until promote(). `hba` replaces who may come in: everybody."""

    def __init__(self, copy_of=None, standby_of=None, settings=None, hba=None, port=5432, start=True):
        # A socket's path has at most 107 bytes, and pytest's folders are long.
        self.folder = Path(tempfile.mkdtemp(prefix="entrepot-pg-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.settings = {**FAST, "port": port, **(settings or {})}
        self.process = None
        self.port = port
        os.chmod(self.folder, 0o755)
        own(self.folder)
        if copy_of:
            shutil.copytree(copy_of.data, self.data)
        elif standby_of:
            tool("pg_basebackup", "-d", standby_of.uri(), "-D", self.data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", **as_owner())
        else:
            tool("initdb", *CLUSTER, "-D", self.data, **as_owner())
        if hba:
            (self.data / "pg_hba.conf").write_text(hba)
        own(self.folder)
        if start:
            self.start()

    def start(self):
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), **self.settings}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.data, *(f"-c{name}={value}" for name, value in settings.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_owner())
        until = time.monotonic() + 60
        while tool("pg_isready", "-h", self.folder, "-p", self.port, "-q", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(self.log.read_text()[-2000:])
            time.sleep(0.02)
        return self

    def stop(self, how=signal.SIGINT):
        """SIGINT is a fast shutdown; SIGQUIT leaves it as a crash would; SIGKILL of the postmaster needs a new start to recover."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)

    def promote(self):
        """A standby becomes a primary: it takes writes when this returns."""
        tool("pg_ctl", "promote", "-w", "-D", self.data, **as_owner())

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def uri(self, database="postgres", user=SUPERUSER):
        return f"postgres://{user}@/{database}?port={self.port}&host={self.folder}"

    def database(self):
        """A new empty database; its address."""
        name = f"t{secrets.token_hex(6)}"
        psql(self.uri(), f'create database "{name}"')
        return self.uri(name)

    def database_of(self, owner, password, database="shop"):
        """Makes a login that owns a new database, and gives the store's address for it."""
        self.ask(f"create role {owner} login password '{password}';\ncreate database {database} owner {owner};")
        return self.uri(database, owner)

    def ask(self, script, database="postgres", role=SUPERUSER, **options):
        return ask(self.uri(database, role), script, **options)

    def rows(self, sql, **options):
        return [line.split("|") for line in self.ask(sql, **options).stdout.splitlines()]

    def value(self, sql, **options):
        return self.ask(sql, **options).stdout.strip()


class Given(Server):
    """The server that whoever runs the tests has started."""

    def __init__(self, uri):  # pylint: disable=super-init-not-called
        self.given = uri

    def uri(self, database="postgres", user=SUPERUSER):
        return self.given.replace("/postgres?", f"/{database}?").replace(f"//{SUPERUSER}@", f"//{user}@")


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
    with Server() as one:
        print(one.uri(), flush=True)
        sys.stdin.read()
