"""Small warehouses for tests: purpose-made contracts and feeds, files to load, questions by `entrepot sql`."""

import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
RELEASE = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build" / "release" / "entrepot"))
ASAN = os.environ.get("ENTREPOT", str(ROOT / "build" / "asan" / "entrepot"))

# Where the tables of new warehouses are; conftest.py sets it for the tests of a module that names ENGINES.
ENGINE = "duckdb"

BEGINNING = "0001-01-01 00:00:00.000000"
END = "9999-12-31 23:59:59.999999"


def properties(**values):
    """Custom properties of a contract: on_unknown=... becomes entrepot.onUnknown..."""
    names = {"valid_time": "validTime", "on_unknown": "onUnknownParent", "bind_time": "bindTime", "day_of": "dayOf"}
    return [{"property": f"entrepot.{names.get(name, name)}", "value": value} for name, value in values.items()]


def field(name, kind="string", *, required=False, refers=None, options=None, physical=None, enum=None, **custom):
    """One property of a dataset; `refers` is table.column."""
    made = {"name": name, "logicalType": kind}
    if required:
        made["required"] = True
    if physical:
        made["physicalType"] = physical
    if options:
        made["logicalTypeOptions"] = options
    if refers:
        made["relationships"] = [{"to": refers}]
    if enum:
        made["quality"] = [{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": enum}, "severity": "error"}]
    if custom:
        made["customProperties"] = properties(**custom)
    return made


def dataset(name, kind, fields, quality=None, **custom):
    made = {"name": name, "customProperties": properties(kind=kind, **custom), "properties": fields}
    if quality:
        made["quality"] = quality
    return made


def contract(*datasets, version="1.0.0"):
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "id": datasets[0]["name"], "version": version,
            "status": "active", "schema": list(datasets)}


def feed(name, *emits, decode=None, **more):
    return {"feed": name, "delivery": "upsert", "decode": decode or {"format": "jsonl"}, "emit": list(emits), **more}


def emit(table, fields, **more):
    """`fields`: a mapping, or names that are called the same in the record."""
    if not isinstance(fields, dict):
        fields = {name: name for name in fields}
    return {"contract": table, "fields": fields, **more}


def new_store():
    """The address of an empty database for one warehouse, or None: a file in its folder."""
    if ENGINE == "duckdb":
        return None
    if ENGINE == "citus":
        import citus
        return citus.cluster().database()
    import pg
    return pg.server().database()


class Failed(AssertionError):
    pass


class Warehouse:
    """A warehouse folder of a test. YAML is written as JSON, which is YAML too."""

    def __init__(self, folder, datasets=None, feeds=None, binary=RELEASE, settings=None, lists=None, shipped=False, store=None):
        self.folder = Path(folder)
        self.store = new_store() if store is None else store  # "": a file whatever the engine
        self.binary = binary
        self.env = {}
        self.files = self.folder.parent / f"{self.folder.name}-files"
        self.files.mkdir(parents=True, exist_ok=True)
        if shipped:
            self.run("init", *(["--store", self.store] if self.store else []), str(self.folder), inside=False)
            return
        for name in ("contracts", "feeds", "lists", "derive", "marts/legacy"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.settings(**(settings or {}))
        for one in datasets or []:
            self.define(one)
        for one in feeds or []:
            self.define_feed(one)
        for name, text in (lists or {}).items():
            (self.folder / "lists" / name).write_text(text)

    def settings(self, **values):
        if self.store:
            values = {"store": self.store, **values}
        (self.folder / "entrepot.yaml").write_text(json.dumps({"name": "test", "threads": 1, **values}))

    def define(self, one):
        (self.folder / "contracts" / f"{one['name']}.yaml").write_text(json.dumps(contract(one)))

    def define_feed(self, one):
        (self.folder / "feeds" / f"{one['feed']}.yaml").write_text(json.dumps(one))

    def run(self, *args, check=True, inside=True, env=None, binary=None, **options):
        """Runs entrepot; with `check` the exit code must be 0. Output is text with stray bytes escaped."""
        command = [binary or self.binary] + (["-C", str(self.folder)] if inside else []) + [str(a) for a in args]
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **self.env, **(env or {})},
                              **options)
        done.out = done.stdout.decode(errors="backslashreplace")
        done.err = done.stderr.decode(errors="backslashreplace")
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.out}{done.err}")
        return done

    def file(self, name, content):
        """A file to load: bytes, text, or a list of objects and lines. Returns its path."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, feed_name, *paths, again=False, env=None):
        """Loads and returns the ledger's figures of this run; invariant 1 is checked on the way."""
        options = ["--again"] if again else []
        ledger = json.loads(self.run("--json", "load", *options, feed_name, *paths, env=env).stdout)
        assert ledger["received"] == sum(ledger[k] for k in
                                         ("applied", "unchanged", "duplicate", "quarantined", "waiting", "ignored")), ledger
        return ledger

    def load_records(self, feed_name, records, name=None):
        """Loads records as a new file of their own."""
        self.n_files = getattr(self, "n_files", 0) + 1
        return self.load(feed_name, self.file(name or f"records-{self.n_files}.jsonl", records))

    def sql(self, query):
        done = self.run("sql", "--format", "json", query)
        return [json.loads(line, parse_float=Decimal) for line in done.out.splitlines()]

    def value(self, query):
        (row,) = self.sql(query)
        (value,) = row.values()
        return value

    def tuples(self, query):
        return [tuple(row.values()) for row in self.sql(query)]

    def hash(self):
        """Content hash a table."""
        lines = self.run("--json", "hash").stdout.splitlines()
        return {one["table"]: (one["rows"], one["h1"]) for one in map(json.loads, lines)}

    def quarantine(self, status="open", columns="codes, owner, record, n_rows, source"):
        return self.sql(f"select {columns} from books.quarantine where status = '{status}' order by feed, source, record, group_no")

    def check_books(self):
        """Invariant 1 in every row of the ledger, and the books among themselves."""
        broken = self.sql("""
            with class as (
                select load_id, record, max(case when status = 'open' then 2 when status = 'waiting' then 1 else 0 end) as class
                from books.quarantine group by load_id, record
            ), aside as (
                select load_id, count(*) filter (where class = 2) as n_open, count(*) filter (where class = 1) as n_waiting
                from class group by load_id
            ), ignored as (
                select load_id, sum(n_records) as n from books.load_ignored group by load_id
            )
            select 'classes do not add up' as what, source, from_record, '' as table_name from books.load
            where received <> applied + unchanged + duplicate + quarantined + waiting + ignored + discarded + erased + expired
                or least(applied, unchanged, duplicate, quarantined, waiting, ignored, discarded) < 0
                or (received > 0 and received <> to_record - from_record)
            union all
            select 'rows do not add up', cast(load_id as text), emitted, table_name from books.load_rows
            where emitted <> inserted + changed + unchanged + duplicate + quarantined + waiting
                or least(emitted, inserted, changed, unchanged, duplicate, quarantined, waiting) < 0
            union all
            select 'ledger and quarantine differ', l.source, l.from_record, '' from books.load l
            left join aside on aside.load_id = l.load_id left join ignored on ignored.load_id = l.load_id
            where l.quarantined <> coalesce(n_open, 0) or l.waiting <> coalesce(n_waiting, 0) or l.ignored <> coalesce(n, 0)""")
        assert not broken, broken

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.files, ignore_errors=True)
