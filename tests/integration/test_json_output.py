"""With --json every command prints JSON lines and nothing else; and what the data dictionary says as JSON is what contracts and engine say."""

import itertools
import json
import os
import re
from pathlib import Path

import kills
import pg
import pytest
import yaml
from wh import Warehouse

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
FEED = "marketplace.vendors"
# What a folder's and a file's name may hold, and JSON may not as it is.
AWKWARD = 'a "b" \\ c'


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A warehouse on PostgreSQL with two days in it, some records of which are bad."""
    folder = tmp_path_factory.mktemp("json") / AWKWARD
    folder.mkdir()
    files = kills.generate(folder / "days", 7, days=2)
    w = Warehouse(folder / "shop", shipped=True, store=pg.server().database())
    for feed, paths in files.items():
        w.load(feed, *paths)
    w.run("access", "apply")
    w.run("seller", "add", "maison_lune")
    feeds = w.folder / "feeds" / "vendors.yaml"
    return w, files


def ids(w):
    return [str(row["quarantine_id"]) for row in w.sql("select quarantine_id from books.quarantine where status = 'open' order by 1")]


# What each command is given, in the order of the help; those that change something stand where it hurts nobody behind them.
COMMANDS = {
    "init": lambda w, files, out: [out / AWKWARD],
    "load": lambda w, files, out: ["--again", FEED, *files[FEED]],
    "status": lambda w, files, out: [],
    "verify": lambda w, files, out: [],
    "check": lambda w, files, out: [],
    "hash": lambda w, files, out: [],
    "sql": lambda w, files, out: ["select 1.10 as a, null as b, 'x\"y' as c, true as d, date '2026-03-01' as e"],
    "quarantine list": lambda w, files, out: [],
    "quarantine show": lambda w, files, out: ids(w)[:1],
    "quarantine export": lambda w, files, out: ["-"],
    "quarantine replay": lambda w, files, out: ids(w)[:2],
    "quarantine discard": lambda w, files, out: ["--why", "a test", *ids(w)[:1]],
    "reprocess": lambda w, files, out: ["--feed", FEED, "--dry-run"],
    "contract lint": lambda w, files, out: [ROOT / "tests/data/lint/option_of_three_types.yaml"],
    "feed list": lambda w, files, out: [],
    "feed lint": lambda w, files, out: [],
    "feed test": lambda w, files, out: [FEED, files[FEED][0]],
    "dictionary": lambda w, files, out: [],
    "journal": lambda w, files, out: [],
    "migrate": lambda w, files, out: [],
    "period close": lambda w, files, out: ["2020-01"],
    "access apply": lambda w, files, out: [],
    "access lint": lambda w, files, out: [],
    "access explain": lambda w, files, out: ["seller_maison_lune"],
    "access gate": lambda w, files, out: ["select 1"],
    "seller add": lambda w, files, out: ["casa_verde"],
    "seller revoke": lambda w, files, out: ["casa_verde"],
    "seller list": lambda w, files, out: [],
    "reference": lambda w, files, out: ["commands"],
    "generate": lambda w, files, out: ["--out", out / "made", "--days", "1"],
}
# Forms of a command that print something else.
FORMS = {
    "quarantine list --summary": ["quarantine", "list", "--summary"],
    "access apply --print": ["access", "apply", "--print"],
    "access lint --print": ["access", "lint", "--print"],
    "migrate --dry-run": ["migrate", "--dry-run"],
    "verify --quiet": ["--quiet", "verify"],
    "sql nothing": ["sql", "select 1 as a where false"],
}
# Nothing to tell is told by no line.
MAY_BE_SILENT = {"migrate", "migrate --dry-run", "access lint", "sql nothing", "feed lint"}


def check(w, name, args):
    done = w.run("--json", *args, check=False)
    # 1: a rule that fails, a lint that finds something, a record that is refused.
    assert done.returncode in (0, 1), done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    assert lines or name in MAY_BE_SILENT
    for line in done.err.splitlines():
        json.loads(line)


def test_every_command_is_here(shop):
    listed = shop[0].run("--help", inside=False).out.split("commands:\n")[1].split("\n\n")[0]
    assert [re.split(r"  +", line.strip())[0] for line in listed.splitlines()] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(shop, tmp_path, name):
    w, files = shop
    check(w, name, [*name.split(), *COMMANDS[name](w, files, tmp_path)])


@pytest.mark.parametrize("name", FORMS)
def test_forms(shop, name):
    check(shop[0], name, FORMS[name])


def test_names_are_escaped(shop, tmp_path):
    made = json.loads(shop[0].run("--json", "init", tmp_path / AWKWARD, inside=False).out)
    assert made == {"folder": str(tmp_path / AWKWARD)}


def test_a_text_in_json_is_the_text(shop):
    w = shop[0]
    for name, args in (("markdown", ["reference", "reasons"]), ("sql", ["access", "lint", "--print"])):
        assert json.loads(w.run("--json", *args).out) == {name: w.run(*args).out}


def custom(one):
    return {p["property"].removeprefix("entrepot."): p["value"] for p in one.get("customProperties", [])}


def declared():
    """The contracts of the shipped warehouse, read by another reader of YAML."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "contracts").glob("*.yaml"))]
    return {one.get("physicalName", one["name"]): (document, one) for document in documents for one in document["schema"]}


@pytest.fixture(scope="module")
def dictionary(shop):
    return {one["table"]: one for one in map(json.loads, shop[0].run("--json", "dictionary").out.splitlines())}


def test_the_dictionary_says_what_the_contracts_say(dictionary):
    contracts = declared()
    assert list(dictionary) == sorted(contracts) and len(dictionary) > 15
    for name, (document, one) in contracts.items():
        table, own = dictionary[name], custom(one)
        assert (table["version"], table["kind"], table["meaning"]) == (document["version"], own["kind"], one["description"])
        assert (table["owner"], table["event_time"]) == (own.get("owner"), own.get("validTime"))
        assert (table["order"], table["deletion"]) == (own.get("sequence"), own.get("deleted"))
        assert table["binds_at"] == own.get("bindTime", own.get("validTime"))
        assert table["public"] == own.get("public", False)
        assert (table["purpose"], table["retention"], table["generated"]) == tuple(own.get(key) for key in ("purpose", "retention", "generated"))
        if "key" in own:
            assert sorted(table["key"]) == sorted(own["key"])
        if table["kind"] == "transaction":
            assert table["identity"] == own["dedupe"]
        for column, field in itertools.zip_longest(table["columns"], one["properties"]):
            mine = custom(field)
            assert column["name"] == field.get("physicalName", field["name"])
            assert column["meaning"] == field.get("description")
            assert column["required"] == field.get("required", False)
            assert column["personal"] == mine.get("personal", False)
            assert column["classification"] == field.get("classification")
            assert column["computed"] == (mine.get("derived", False) or "dayOf" in mine)
            if column["history"] is not None:
                assert column["history"] == mine.get("history", own.get("history", column["history"]))
    assert any(column["classification"] == "restricted" for column in dictionary["dim_customer"]["columns"])
    assert {column["history"] for column in dictionary["dim_seller"]["columns"]} >= {None, 1, 2}


def test_the_dictionary_says_what_the_engine_has(shop, dictionary):
    names = {"numeric": lambda row: f"decimal({row['numeric_precision']},{row['numeric_scale']})", "timestamp without time zone": lambda row: "timestamp",
             "time without time zone": lambda row: "time", "bytea": lambda row: "bytes"}
    found = {}
    for row in shop[0].sql("select table_name, column_name, data_type, numeric_precision, numeric_scale from information_schema.columns "
                           "where table_schema = 'main'"):
        found.setdefault(row["table_name"], {})[row["column_name"]] = names.get(row["data_type"], lambda row: row["data_type"])(row)
    for name, table in dictionary.items():
        stored = {column["name"]: column["type"] for column in table["columns"] if column["stored"]}
        assert stored.items() <= found[name].items(), name
        assert not [column["name"] for column in table["columns"] if not column["stored"] and column["name"] in found[name].keys() - {"valid_from", "valid_to"}]
        for link in table["relationships"]:
            assert set(link["columns"]) <= found[name].keys() and link["to"] in dictionary


def test_the_dictionary_as_json_has_what_its_page_has(shop, dictionary):
    """Line by line, but for the words that say the same."""
    page = shop[0].run("dictionary").out
    for name, table in dictionary.items():
        part = page.split(f"\n### {name}\n")[1].split("\n### ")[0]
        rows = [[cell.strip() for cell in line.split("|")[1:]] for line in part.split("| column |")[1].split("\n\n")[0].splitlines()[2:]]
        assert [(cells[0].strip("`"), cells[1], cells[2] == "yes", cells[4] == "yes") for cells in rows] == \
            [(c["name"], c["type"], c["required"], c["personal"]) for c in table["columns"]]
        links = part.split("| relationship |")[1].splitlines()[2:] if "| relationship |" in part else []
        assert len([line for line in links if line]) == len(table["relationships"])


def test_the_dictionary_goes_into_a_file(shop, tmp_path):
    w = shop[0]
    w.run("--json", "dictionary", "--output", tmp_path / "dictionary.jsonl")
    assert (tmp_path / "dictionary.jsonl").read_text() == w.run("--json", "dictionary").out
