"""A PostgreSQL server of a test: initdb in a folder of its own, as a plain user, on a Unix socket only; gone when the test ends."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from users import own, plain_user, run_as_plain_user

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None)

# Small, and nothing of it survives a crash, which no test here has.
SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 40
autovacuum = off
jit = off
log_min_messages = warning
logging_collector = off
timezone = 'UTC'
lc_messages = 'C'
"""

# The superuser and the loader come in as they are, everybody else with a password.
HBA = "local all postgres,loader trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


class Server:
    """`with Server() as pg:`; `copy_of` takes the files of a server that is not running."""

    def __init__(self, settings="", hba=HBA, copy_of=None, port=5432):
        # A socket's path has at most 107 bytes, and pytest's folders are long.
        self.folder = Path(tempfile.mkdtemp(prefix="ep-pg-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.port = port
        if copy_of:
            shutil.copytree(copy_of.data, self.data, symlinks=True)
        else:
            own(self.folder)
            self.tool("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-A", "trust")
        (self.data / "postgresql.conf").open("a").write(SETTINGS + f"unix_socket_directories = '{self.folder}'\n" + settings)
        (self.data / "pg_hba.conf").write_text(hba)
        own(self.folder)

    def tool(self, name, *args, check=True):
        done = run_as_plain_user([BIN / name, *map(str, args)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{name}: {done.stdout}{done.stderr}"
        return done

    def start(self):
        # The postmaster must not hold the pipes of whoever starts it.
        done = run_as_plain_user([BIN / "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "30", "start"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, self.log.read_text()
        return self

    def stop(self):
        self.tool("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def uri(self, database="postgres", role="postgres"):
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user={role}"

    def psql(self, sql, database="postgres", role="postgres", password=None, check=True, flags=("-XqAt",), env=None):
        """Runs a script of psql; gives the finished process with text."""
        environment = {**os.environ, "PGPASSWORD": password or "", "PGAPPNAME": "test", "PGCONNECT_TIMEOUT": "10", **(env or {})}
        done = subprocess.run(["psql", *flags, "-v", "ON_ERROR_STOP=1" if check else "ON_ERROR_STOP=0", "-d", self.uri(database, role),
                               "-f", "-"], input=sql, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0 or not check, f"psql: {done.stderr}\n{sql[:2000]}"
        return done

    def rows(self, sql, **options):
        return [line.split("|") for line in self.psql(sql, **options).stdout.splitlines()]

    def value(self, sql, **options):
        return self.psql(sql, **options).stdout.strip()


    def database_of(self, owner, password, database="shop"):
        """Makes a login that owns a new database, and gives the store's address for it."""
        self.psql(f"create role {owner} login password '{password}'; create database {database} owner {owner}")
        return f"postgresql://{owner}@/{database}?host={self.folder}&port={self.port}"
