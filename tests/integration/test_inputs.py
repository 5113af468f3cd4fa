"""Inputs and surroundings that are wrong: each error names the file and what to do, exit codes are as documented, no value of a
record is ever repeated; bad records are set aside by line and the rest comes in."""

import json
import os
import shutil
import subprocess

import market
import pytest
from market import shop, visit
from users import own, plain_user, run_as_plain_user
from wh import ASAN, Warehouse, dataset, emit, feed, field

THING = dataset("dim_thing", "dimension", [
    field("thing", required=True), field("at", "timestamp", required=True), field("n", "integer", history=2),
    field("amount", "number", physical="decimal(38,8)", history=2), field("text", history=2),
], key=["thing"], valid_time="at")
FIELDS = ["thing", "at", "n", "amount", "text"]
FEEDS = [feed("json", emit("dim_thing", FIELDS)), feed("csv", emit("dim_thing", FIELDS), decode={"format": "csv"}),
         feed("whole", emit("dim_thing", FIELDS), decode={"format": "json"}, records={"each": "$.things[*]"}),
         feed("auto", emit("dim_thing", FIELDS), decode={"format": "csv", "encoding": "auto"})]
AT = '"at": "2025-01-01T00:00:00Z"'


@pytest.fixture
def w(tmp_path):
    """The program with sanitizers: strange bytes are what it is for."""
    return Warehouse(tmp_path / "w", [THING], FEEDS, binary=ASAN)


@pytest.fixture
def fast(tmp_path):
    return Warehouse(tmp_path / "w", [THING], FEEDS)


def refused(w, *args, code=3, **options):
    done = w.run(*args, check=False, **options)
    assert done.returncode == code, done.out + done.err
    assert done.err.startswith("entrepot: ") and done.err.count("\n") == 1, done.err
    return done.err


def test_missing_file(fast):
    assert "nowhere.jsonl" in refused(fast, "load", "json", "nowhere.jsonl")


def test_one_missing_file_of_two_loads_nothing(fast):
    good = fast.file("good.jsonl", f'{{"thing": "a", {AT}}}\n')
    refused(fast, "load", "json", good, "nowhere.jsonl")
    assert not (fast.folder / "data/warehouse.duckdb").exists()


def test_folder(fast):
    assert "is a folder; name the files in it" in refused(fast, "load", "json", fast.files, code=2)


def test_unknown_feed_and_no_warehouse(fast, tmp_path):
    assert "entrepot feed list" in refused(fast, "load", "jsn", fast.file("x", ""), code=2)
    (tmp_path / "empty").mkdir()
    done = subprocess.run([fast.binary, "-C", tmp_path / "empty", "status"], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "entrepot init" in done.stderr


def as_plain_user(w, *args, code):
    done = run_as_plain_user([w.binary, "-C", str(w.folder), *map(str, args)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


@pytest.fixture
def plain(tmp_path):
    """A warehouse in the hands of a user whom permissions bind."""
    made = Warehouse(tmp_path / "w", [THING], FEEDS)
    made.load("json", made.file("first.jsonl", f'{{"thing": "a", {AT}}}\n'))
    own(str(tmp_path))
    return made


def test_unreadable_file(plain):
    path = plain.file("secret.jsonl", f'{{"thing": "a", {AT}}}\n')
    os.chmod(path, 0)
    error = as_plain_user(plain, "load", "json", path, code=3)
    assert "secret.jsonl" in error and "ermission" in error


def test_read_only_warehouse(plain):
    for folder, _, _ in os.walk(plain.folder):
        os.chmod(folder, 0o555)
    os.chmod(plain.folder / "data/warehouse.duckdb", 0o444)
    try:
        error = as_plain_user(plain, "load", "json", plain.files / "first.jsonl", code=3)
        assert "data" in error and "ermission" in error.replace("Read-only", "ermission")
        as_plain_user(plain, "hash", code=0)  # reading needs no writing
    finally:
        for folder, _, _ in os.walk(plain.folder):
            os.chmod(folder, 0o755)


def test_empty_files(fast):
    for name, content in (("0", ""), ("newline", "\n"), ("bom", b"\xef\xbb\xbf"), ("spaces", "  \n\n")):
        assert fast.load("json", fast.file(name, content))["received"] == 0, name
    for name, content in (("csv-0", ""), ("csv-header", "thing,at\n")):
        assert fast.load("csv", fast.file(name, content))["received"] == 0, name
    fast.check_books()


def codes(w):
    return [(one["record"], one["line"], one["codes"]) for one in w.quarantine(columns="record, line, codes")]


def test_half_a_line_at_the_end(w):
    good = f'{{"thing": "a", {AT}}}\n'
    ledger = w.load("json", w.file("half.jsonl", good + good[:17]))
    assert (ledger["applied"], ledger["quarantined"]) == (1, 1)
    ((record, line, code),) = codes(w)
    assert (record, line) == (1, 2) and code in ("truncated", "syntax")


def test_records_that_cannot_be_read(w):
    bad = {
        "text_encoding": b'{"thing": "\xff\xfe", ' + AT.encode() + b"}",
        "duplicate_key": f'{{"thing": "a", "thing": "b", {AT}}}'.encode(),
        "depth": b'{"thing": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "null_item": b'["a list"]',
    }
    syntax = [b'{"thing": tru}', b'{"thing": 01}', b"[1,2}", b'{"thing": "a"} trailing', b"'single'", b'{"a":1,}', b"NaN", b'{"t": "\x01"}']
    good = f'{{"thing": "good", {AT}}}'.encode()
    lines = [*bad.values(), *syntax, good]
    ledger = w.load("json", w.file("bad.jsonl", b"\n".join(lines) + b"\n"))
    assert (ledger["applied"], ledger["quarantined"]) == (1, len(bad) + len(syntax))
    found = codes(w)
    assert [code for _, _, code in found[: len(bad)]] == list(bad)
    assert {code for _, _, code in found[len(bad):]} <= {"syntax", "truncated", "null_item"}
    assert [line for _, line, _ in found] == list(range(1, len(lines)))
    w.check_books()


def test_nul_bytes(w):
    escaped, raw = f'{{"thing": "a\\u0000b", {AT}}}\n', b'{"thing": "a\0b", ' + AT.encode() + b"}\n"
    ledger = w.load("json", w.file("nul.jsonl", escaped.encode() + raw + f'{{"thing": "c", {AT}}}\n'.encode()))
    assert (ledger["applied"], ledger["quarantined"]) == (1, 2)
    assert w.tuples("select thing from dim_thing") == [("c",)]
    assert w.value("select hex(raw) like '%6100%' from books.quarantine where record = 1") is True


def test_a_line_of_40_megabytes(fast):
    """Beyond the limit a record is set aside under its code, and what follows is read."""
    path = fast.files / "long.jsonl"
    with open(path, "wb") as out:
        out.write(f'{{"thing": "a", {AT}, "text": "'.encode())
        for _ in range(40):
            out.write(b"x" * 1_000_000)
        out.write(f'"}}\n{{"thing": "b", {AT}}}\n'.encode())
    ledger = fast.load("json", path)
    assert ledger["received"] == 2 and ledger["applied"] >= 1
    assert ("b",) in fast.tuples("select thing from dim_thing")
    assert [code for _, _, code in codes(fast)] == ["too_large"]
    fast.check_books()


def test_numbers_survive(w):
    lines = [f'{{"thing": "{n}", {AT}, "n": {n}, "amount": {amount}}}' for n, amount in
             (("9007199254740993", "1.10"), ("-9223372036854775808", "0.00000001"), ("9223372036854775807", "123456789012345678901234567890.12345678"),
              ("1e3", "1E-2"))]
    too_big = [f'{{"thing": "x", {AT}, "n": 9223372036854775808}}', f'{{"thing": "x", {AT}, "n": 1.5}}', f'{{"thing": "x", {AT}, "amount": 1e40}}']
    ledger = w.load("json", w.file("n.jsonl", "\n".join(lines + too_big) + "\n"))
    rows = {thing: (n, str(amount)) for thing, n, amount in w.tuples("select thing, n, amount from dim_thing")}
    assert rows["9007199254740993"] == (9007199254740993, "1.10000000")
    assert rows["-9223372036854775808"] == (-(2**63), "1E-8")
    assert rows["9223372036854775807"] == (2**63 - 1, "123456789012345678901234567890.12345678")
    assert ledger["quarantined"] == len(too_big) + (0 if "1e3" in rows else 1)
    csv = "thing,at,n,amount\nc,2025-01-01T00:00:00Z,9007199254740993,1.10\n"
    w.load("csv", w.file("n.csv", csv))
    assert [(n, str(amount)) for n, amount in w.tuples("select n, amount from dim_thing where thing = 'c'")] == [(9007199254740993, "1.10000000")]


def test_csv_rows_by_line(w):
    text = 'thing,at,text\na,2025-01-01T00:00:00Z,"two\nlines"\nb,2025-01-01T00:00:00Z\nc,2025-01-01T00:00:00Z,x,y\nd,2025-01-01T00:00:00Z,"say ""hi"""\n'
    ledger = w.load("csv", w.file("r.csv", b"\xef\xbb\xbf" + text.encode()))
    assert (ledger["applied"], ledger["quarantined"]) == (2, 2)
    assert codes(w) == [(1, 4, "ragged"), (2, 5, "ragged")]
    assert w.tuples("select thing, text from dim_thing order by 1") == [("a", "two\nlines"), ("d", 'say "hi"')]


def test_utf16_with_bom(w):
    text = "thing,at,text\na,2025-01-01T00:00:00Z,Übergröße €\n"
    for name, encoding in (("le", "utf-16-le"), ("be", "utf-16-be")):
        bom = b"\xff\xfe" if name == "le" else b"\xfe\xff"
        w.load("auto", w.file(name, bom + text.replace("a,", f"{name},").encode(encoding)))
    assert w.tuples("select thing, text from dim_thing order by 1") == [("be", "Übergröße €"), ("le", "Übergröße €")]


def test_utf16_where_utf8_was_declared(fast):
    fast.define_feed(feed("json", emit("dim_thing", FIELDS), decode={"format": "jsonl", "encoding": "utf-8"}))
    ledger = fast.load("json", fast.file("u.jsonl", f'{{"thing": "a", {AT}}}\n'.encode("utf-16")))
    assert ledger["applied"] == 0 and ledger["quarantined"] == ledger["received"] > 0
    assert {code for _, _, code in codes(fast)} <= {"text_encoding", "syntax"}
    fast.check_books()


def test_documents_of_many_records(w):
    document = json.dumps({"things": [{"thing": f"t{n}", "at": "2025-01-01T00:00:00Z", "n": "x" if n == 3 else n} for n in range(6)]}, indent=1)
    ledger = w.load("whole", w.file("d.json", document))
    assert (ledger["received"], ledger["applied"], ledger["quarantined"]) == (6, 5, 1)
    ((record, line, code),) = codes(w)
    assert (record, code) == (3, "type") and '"t3"' in document.splitlines()[line - 1] + document.splitlines()[line]
    assert json.loads(w.sql("select decode(raw) as raw from books.quarantine")[0]["raw"])["thing"] == "t3"
    assert w.load("whole", w.file("e.json", '{"things": []}'))["received"] == 0
    assert w.load("whole", w.file("f.json", '{"other": 1}'))["quarantined"] == 1
    w.check_books()


def test_a_contract_that_contradicts_the_table_stops_before_anything(fast):
    fast.load("json", fast.file("a.jsonl", f'{{"thing": "a", {AT}}}\n'))
    other = json.loads(json.dumps(THING).replace('"integer"', '"boolean"'))
    fast.define(other)
    error = refused(fast, "load", "json", fast.file("b.jsonl", f'{{"thing": "b", {AT}}}\n'), code=2)
    assert "dim_thing.yaml:1" in error and "dim_thing.n" in error


def test_definitions_with_errors_are_listed(fast):
    (fast.folder / "contracts/broken.yaml").write_text("apiVersion: [\n")
    done = fast.run("load", "json", fast.file("x.jsonl", ""), check=False)
    assert done.returncode == 2 and "broken.yaml:" in done.err
    (fast.folder / "contracts/broken.yaml").unlink()
    (fast.folder / "entrepot.yaml").write_text("name: test\nthreds: 2\n")
    done = fast.run("load", "json", fast.file("x.jsonl", ""), check=False)
    assert done.returncode == 2 and "entrepot.yaml:2:1" in done.err


def test_no_value_of_a_record_in_errors_or_lists(fast):
    secret = "Mustermann-4711"
    path = fast.file("s.jsonl", f'{{"thing": "{secret}", "at": "{secret}", "n": "{secret}"}}\n{{"thing": "{secret}\n')
    shown = fast.run("load", "json", path)
    texts = [shown.out + shown.err, fast.run("quarantine", "list").out, fast.run("quarantine", "list", "--summary").out,
             fast.run("journal").out, fast.run("status").out, json.dumps(fast.sql("select reasons, codes from books.quarantine"))]
    assert not [text for text in texts if secret in text]


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path):
    """On a file system of 12 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", small], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        w = Warehouse(small / "w", [THING], FEEDS, settings={"commit_records": 20000})
        first = tmp_path / "first.jsonl"
        first.write_text(f'{{"thing": "a", {AT}}}\n')
        w.load("json", first)
        before = w.hash()
        big = tmp_path / "big.jsonl"
        with open(big, "w", encoding="utf-8") as out:
            for n in range(100000):
                out.write(f'{{"thing": "t{n}", {AT}, "text": "{os.urandom(90).hex()}"}}\n')
        done = w.run("load", "json", big, check=False)
        assert done.returncode == 3, done.out + done.err
        assert "space" in done.err or "full" in done.err.lower()
        w.check_books()
        loaded = w.value("select coalesce(sum(received), 0) from books.load")
        assert w.hash()["dim_thing"][0] == loaded >= before["dim_thing"][0]
    finally:
        subprocess.run(["umount", small], check=False)


def test_plain_user_exists():
    assert plain_user().pw_uid != 0 and shutil.which("sh")


def test_market_loads_with_sanitizers(tmp_path):
    """A whole small round under the sanitizers: load, late parent, conflict, replay, hash."""
    w = Warehouse(tmp_path / "w", market.DATASETS, market.FEEDS, binary=ASAN)
    w.load_records("visits", [visit(1), visit(1, page="/other"), visit(2, at="never")])
    w.load_records("shops", [shop("a", city="X"), shop("a", "2025-02-01T00:00:00Z", city="Y")])
    w.run("quarantine", "replay", "--all")
    w.check_books()
    assert w.hash()["dim_shop"][0] == 2
