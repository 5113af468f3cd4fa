"""A small warehouse in a folder of its own: contracts and feeds as text, files loaded, queries answered as rows."""

import json
import os
import subprocess
from pathlib import Path

import wh

ENTREPOT = os.environ.get("ENTREPOT") or str(Path(__file__).resolve().parents[2] / "build" / "asan" / "entrepot")


class Warehouse:
    def __init__(self, folder):
        self.folder = Path(folder)
        for name in ("contracts", "feeds", "lists", "derive", "marts/legacy", "reconcile", "data", "in"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.store = wh.new_store() or "data/warehouse.duckdb"
        self.settings()

    def settings(self, more=""):
        self.write("entrepot.yaml", f"name: test\nstore: '{self.store}'\nreporting_currency: EUR\n{more}")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *arguments, status=0, env=None):
        command = [ENTREPOT, "-C", str(self.folder), *[str(a) for a in arguments]]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status == 0 else done.stdout + done.stderr

    def rows(self, query):
        return [json.loads(line) for line in self.run("sql", "--format", "json", query).splitlines()]

    def load(self, feed, name, records, *options, status=0):
        """Writes the records as JSON lines to in/NAME and loads them."""
        path = self.write(f"in/{name}", "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
        return self.run("load", *options, feed, path, status=status)

    def hashes(self):
        return self.run("hash")


def contract(name, kind, properties, key, *, extra=(), quality=(), **options):
    """An ODCS file (JSON is YAML): properties {name: {...}}, options become entrepot. properties."""
    custom = [{"property": f"entrepot.{k}", "value": v} for k, v in {"kind": kind, "key": key, **options}.items()]
    fields = []
    for field, body in properties.items():
        body = {"name": field, **body}
        if field in key:
            body |= {"required": True, "primaryKey": True, "primaryKeyPosition": key.index(field) + 1}
        fields.append(body)
    schema = {"name": name, "customProperties": custom, "quality": list(quality), "properties": fields}
    return json.dumps({
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "name": name, "version": "1.0.0", "status": "active",
        "schema": [schema, *extra]}, indent=1)


def feed(name, contract_name, fields, delivery="append"):
    return json.dumps({
        "feed": name, "delivery": delivery, "decode": {"format": "jsonl"}, "records": {"each": "$"},
        "emit": [{"contract": contract_name, "fields": {f: {"path": f} for f in fields}}]}, indent=1)
