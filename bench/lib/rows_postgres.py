"""Rows about loading a PostgreSQL server: beside a bare COPY of the same final rows, and by two processes at once."""

import os
import sys
from contextlib import contextmanager

import measure
from bench import ROOT, compared, result, same, value
from data import count_lines
from measure import Contender

sys.path.insert(0, str(ROOT / "tests" / "lib"))
import pg  # noqa: E402  (after the path is set)

# As a server is run: what is committed is on the disk. Larger buffers and a longer log than a new cluster has.
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "8GB", "jit": "off",
            "checkpoint_timeout": "30min"}


class Server(pg.Server):
    """A server of the benchmark, with warehouses of bench/flat in databases of their own."""

    def __init__(self, bench):
        super().__init__(settings=SETTINGS)
        self.bench, self.number = bench, 0

    def new_database(self, name):
        """An empty database in place of the one before; its address."""
        self.ask(f'drop database if exists "{name}" with (force);\ncreate database "{name}";\ncheckpoint;')
        return self.uri(name)

    def warehouse(self, name, **settings):
        return self.bench.flat_warehouse(name, store=self.new_database(name), **settings)

    def run_sql(self, name, script, **variables):
        """The command that runs bench/sql/SCRIPT in a database."""
        words = [word for key, text in variables.items() for word in ("-v", f"{key}={text}")]
        return [pg.BIN / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", *words, "-d", self.uri(name), "-f", self.bench.sql / script]


def postgres_copy(bench):
    """Two sides that end with the same rows in the same table with the same indexes."""
    file, rows = bench.data.flat(bench.rows), bench.work / "rows.copy"
    measure.warm(file)
    with Server(bench) as server:
        def load(name):
            folder = bench.work / name
            return [bench.program, "-C", folder, "--json", "load", "bench.lines", file]

        def made_anew():
            server.new_database("bare")
            measure.run_once(server.run_sql("bare", "copy_table.sql"), bench.work / "output")

        # The rows as they end up, with the columns that are ours.
        server.warehouse("loaded")
        measure.run_once(load("loaded"), bench.work / "output")
        measure.run_once(server.run_sql("loaded", "copy_out.sql", file=rows), bench.work / "output")
        measure.warm(rows)
        ours = Contender("entrepot", load("loaded"), lambda: server.warehouse("loaded"), None, bench.rows)
        theirs = Contender("COPY", server.run_sql("bare", "copy_in.sql", file=rows), made_anew, None, bench.rows)
        bench.take_turns(ours, theirs)
        sums = bench.query("copy_sums.sql")
        same(server.rows(sums, database="loaded"), server.rows(sums, database="bare"), "the tables")
    return result("postgres_copy", f"{bench.rows:,} flat order lines into PostgreSQL, against a bare COPY of the final rows into the same table", [ours, theirs],
                  [value("speed, COPY = 1", measure.times_as_fast(ours, theirs), least=0.5), value("peak memory", max(ours.peak), most=500, unit="MB")])


ROWS = {"postgres_copy": postgres_copy}
