"""A real shop's year, loaded with YAML and SQL only: the published figures come out exactly, and every invariant holds."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import wh

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).parents[2]))
ENTREPOT = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build/release/entrepot"))
SHARED = os.environ.get("ENTREPOT_SHARED")
DATA = Path(SHARED) / "data/uci-online-retail.tgz" if SHARED else None

pytestmark = pytest.mark.skipif(not DATA or not DATA.exists(), reason="the data set is not there (ENTREPOT_SHARED/data/uci-online-retail.tgz)")

# From the README beside the data.
FIGURES = {
    "rows": "541909",
    "days (one file each)": "305",
    "invoices": "25900",
    "cancellations": "3836",
    "rows of cancellations": "9288",
    "rows without customer": "135080",
    "customers": "4372",
    "rows without description": "1454",
    "stock codes": "4070",
    "stock codes with several descriptions": "650",
    "countries": "38",
    "rows with negative quantity": "10624",
    "rows with zero price": "2515",
    "rows with negative price": "2",
    "rows equal to an earlier row": "5268",
    "sum of quantity x price, all rows": "9747747.934",
    "sum of quantity x price, both positive and customer known": "8911407.904",
    "net 2010-12": "748957.02",
    "net 2011-06": "691123.12",
    "net 2011-11": "1461756.25",
}


def entrepot(*args):
    done = subprocess.run([ENTREPOT, *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


ENGINES = ["duckdb", "postgres"]
HASHES = {}


@pytest.fixture(scope="module")
def year(tmp_path_factory, engine):
    base = tmp_path_factory.mktemp("year")
    with tarfile.open(DATA) as archive:
        archive.extractall(base)
    shutil.copytree(ROOT / "examples/uci-online-retail", base / "shop")
    if store := wh.new_store():
        settings = base / "shop" / "entrepot.yaml"
        settings.write_text(settings.read_text().replace("store: data/warehouse.duckdb", f"store: '{store}'"))
    loaded = entrepot("-C", base / "shop", "--json", "load", "retail.invoices", *sorted((base / "by-day").glob("*.csv")))
    return base, loaded[0]


def test_every_row_is_kept(year):
    _, loaded = year
    assert (loaded["received"], loaded["applied"], loaded["quarantined"], loaded["sources"]) == (541909, 541909, 0, 305)


def test_the_published_figures_come_out_exactly(year):
    base, _ = year
    rows = entrepot("-C", base / "shop", "--json", "sql", "select name, cast(value as decimal(18,3)) as value from mart.figures")
    found = {r["name"]: f"{r['value']:.3f}" for r in rows}
    assert found == {name: f"{float(value):.3f}" for name, value in FIGURES.items()}


def test_verify_holds(year):
    base, _ = year
    assert [v for v in entrepot("-C", base / "shop", "--json", "verify") if v["broken"]] == []


def test_both_engines_hold_the_same(year, engine):
    base, _ = year
    HASHES[engine] = entrepot("-C", base / "shop", "--json", "hash")
    assert HASHES[engine] == HASHES["duckdb"] and len(HASHES[engine]) >= 3


def test_loading_the_year_again_finds_nothing_new(year):
    base, _ = year
    again = entrepot("-C", base / "shop", "--json", "load", "retail.invoices", *sorted((base / "by-day").glob("*.csv")))
    assert (again[0]["received"], again[0]["skipped"]) == (0, 305)
