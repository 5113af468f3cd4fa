"""House rules of SQL that loads: what could give another answer on another engine, day or order is not written at all.

sql/ is the program's own, derive/ the shop's: both run inside the transaction of a load. marts/ and reconcile/ only read and may divide.
"""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).parents[2]))
LOAD = sorted([*(ROOT / "sql").glob("*.sql"), *(ROOT / "derive").glob("*.sql")])
READ = sorted([*(ROOT / "marts").rglob("*.sql"), *(ROOT / "reconcile").glob("*.sql"), *ROOT.glob("examples/*/marts/*.sql")])

REFUSED = {
    "division rounds differently": r"(?<![*/])/(?![*/])",
    "avg divides": r"\bavg\s*\(",
    "doubles are not exact": r"\b(double|float|real|float8|float4)\b",
    "case folding depends on the locale": r"\b(lower|upper|ilike)\b",
    "the clock is not content": r"\b(now\s*\(|current_timestamp|current_date|localtimestamp)",
    "regular expressions differ between engines": r"\b(regexp_\w+|similar to)\b|\s~\*?\s",
    "Citus refuses MERGE from staging": r"\bmerge\s+into\b",
    "Citus refuses ROLLUP and CUBE": r"\b(rollup|cube)\b",
    "sequences are not deterministic": r"\b(nextval|serial|generated always)\b",
    "triggers": r"\bcreate\s+trigger\b",
}

# Written for one engine only, in files of their own.
DIALECT = {"set_rules.sql": {"regular expressions differ between engines"}}


def statements(path):
    """The file without comments and quoted texts."""
    text = re.sub(r"--[^\n]*", "", path.read_text())
    return re.sub(r"'(?:[^']|'')*'", "''", text)


@pytest.mark.parametrize("path", LOAD, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_sql_that_loads_is_exact_and_portable(path):
    text = statements(path)
    for why, pattern in REFUSED.items():
        if why in DIALECT.get(path.name, ()):
            continue
        found = re.search(pattern, text, re.IGNORECASE)
        assert not found, f"{path.name}: {found.group(0)!r}: {why}"


@pytest.mark.parametrize("path", LOAD, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_order_by_of_what_can_be_null_says_where_nulls_go(path):
    """The warehouse's own columns (_at, _seq ...) and identities are never null."""
    for clause in re.findall(r"order by ([^)\n;]+)", statements(path), re.IGNORECASE):
        for term in clause.split(","):
            word = term.strip().split()[0] if term.strip() else ""
            own = re.match(r'(\w+\.)?"?_', word) or "nulls" in term.lower() or "rows between" in term.lower()
            never_null = re.search(r"(valid_from|from_record|record|group_no|load_id|received_at|source|feed|\w+_key|\w+_at|\w+_on|\w+_id|day|sku|location|condition|line_id|quote|currency|category|revision|rate_date)\b", word)
            assert own or never_null or not word, f"{path.name}: order by {clause.strip()}: {word} may be null, say nulls first or last"


@pytest.mark.parametrize("path", [p for p in LOAD + READ if p.parent.name != "sql"], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_products_have_room(path):
    """DuckDB keeps the product of two decimals of up to 18 digits in 18 digits and fails beyond: a million at a rate of 8 decimals."""
    for found in re.finditer(r"[\w)] \* [\w(]", statements(path)):
        before = statements(path)[: found.start() + 1]
        assert re.search(r"cast\([^()]+ as decimal\(38,\d+\)\)$", before), f"{path.name}: {before[-60:]} *: cast the left side to decimal(38,s)"


@pytest.mark.parametrize("path", READ, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_quotients_are_rounded_in_two_steps(path):
    """DuckDB divides in doubles: 100.0927 / 2 would be 50.0463 there and 50.0464 on PostgreSQL. More places first make a tie a tie."""
    text = statements(path)
    for found in re.finditer(r" / ", text):
        rest = text[found.end():]
        assert re.match(r"nullif\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s+as decimal\(28,1[02]\)\s*\)\s+as decimal\(18,\d\)", rest), (
            f"{path.name}: / {rest[:60]}: cast(cast(a / nullif(b, 0) as decimal(28,12)) as decimal(18,6))")


@pytest.mark.parametrize("path", [p for p in LOAD + READ], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_file_begins_with_its_intent(path):
    assert path.read_text().startswith("-- "), f"{path}: the first line says what it is for"


@pytest.mark.parametrize("path", [p for p in LOAD if p.parent.name == "sql"], ids=lambda p: p.name)
def test_constraints_have_names(path):
    for found in re.finditer(r"(primary key|unique|foreign key|check)\s*\(", statements(path), re.IGNORECASE):
        before = statements(path)[: found.start()].rstrip().split("\n")[-1]
        assert re.search(r"constraint\s+\w+\s*$", before, re.IGNORECASE), f"{path.name}: {found.group(0)} without a name"
