"""`entrepot verify` and `entrepot reprocess`: a warehouse with faults in it holds; one planted break for each invariant turns the check red."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).parents[2]))
ENTREPOT = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build/release/entrepot"))
TAMPER = ROOT / "build/asan/tests/tools/tamper"

FEEDS = [
    ("marketplace.vendors", "vendors"),
    ("shopnow.products", "products"),
    ("marketplace.offers", "offers"),
    ("shopnow.orders", "orders"),
    ("shopnow.clickstream", "clickstream"),
    ("marketplace.stock", "stock"),
    ("marketplace.order_status", "order_status"),
    ("marketplace.shipments", "shipments"),
    ("marketplace.returns", "returns"),
]
REFERENCE = ["commission_rules", "fx_rates", "categories", "product_identifiers"]


def entrepot(*args, cwd=None, code=0):
    done = subprocess.run([ENTREPOT, *map(str, args)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def load_all(warehouse, data):
    for feed, folder in FEEDS:
        files = sorted((data / folder).glob("*.jsonl"))
        if files:
            entrepot("-C", warehouse, "load", feed, *files)
    for name in REFERENCE:
        entrepot("-C", warehouse, "load", f"reference.{name}", *sorted((data / "reference").glob(name + "*")))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A shop of five days with 2 % faults, loaded once; tests copy it."""
    base = tmp_path_factory.mktemp("verify")
    entrepot("generate", "--out", base / "data", "--days", 5, "--orders-per-day", 60, "--seed", 11, "--faults", "0.02")
    entrepot("init", base / "shop")
    load_all(base / "shop", base / "data")
    return base / "shop"


@pytest.fixture
def shop(loaded, tmp_path):
    return Path(shutil.copytree(loaded, tmp_path / "shop"))


def tamper(shop, sql):
    done = subprocess.run([TAMPER, shop / "data/warehouse.duckdb", sql], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "the planted break changed nothing"


def broken(shop):
    done = subprocess.run([ENTREPOT, "-C", shop, "--json", "verify"], capture_output=True, text=True)
    found = [v for v in map(json.loads, done.stdout.splitlines()) if v["broken"]]
    assert done.returncode == (1 if found else 0), done.stdout + done.stderr
    return found


def hashes(shop):
    return {h["table"]: (h["rows"], h["h1"]) for h in map(json.loads, entrepot("-C", shop, "--json", "hash").splitlines())}


def test_every_check_holds_on_dirty_data(loaded):
    assert broken(loaded) == []


PLANTED = [
    # invariant, what is planted, a word of the offender
    (1, "update books.load set applied = applied - 1 where load_id = (select min(load_id) from books.load where applied > 0)", "received"),
    (1, "delete from books.quarantine where quarantine_id = (select min(quarantine_id) from books.quarantine)", "quarantined"),
    (1, "delete from fact_click where event_id = (select min(event_id) from fact_click)", "fact_click"),
    (1, "delete from log.dim_offer where _hash = (select min(_hash) from log.dim_offer)", "dim_offer"),
    (1, "update books.position set next_record = next_record + 1 where feed = 'shopnow.orders'", "position"),
    (1, "update books.load_rows set duplicate = duplicate + 1 where table_name = 'fact_click'", "emitted"),
    (3, "update dim_seller set status = 'closed' where seller_key = (select min(seller_key) from dim_seller where is_current "
        "and not is_inferred and status <> 'closed') and is_current", "dim_seller"),
    (3, "update dim_offer set valid_to = valid_to - interval '1 second' where not is_current", "dim_offer"),
    (3, "update fact_fulfilment set shipped_at = null where shipped_at is not null and _n > 1", "fact_fulfilment"),
    (4, "update fact_order_line set seller_from = timestamp '2020-01-01' where seller_id = 'shopnow'", "seller_from"),
    (0, "update fact_stock_daily set state = null where sku = (select min(sku) from fact_stock_daily)", "state is null"),
    (0, "update dim_date set week = null where date = date '2026-01-01'", "2026-01-01: week is null"),
    (0, "insert into fact_stock_daily select * from fact_stock_daily where day = (select min(day) from fact_stock_daily)", "2 rows of one key"),
    (7, "update fact_order_line set amount = amount + 0.01 where amount = (select max(amount) from fact_order_line)", "amount"),
]


@pytest.mark.parametrize("invariant, sql, word", PLANTED, ids=[f"{i}-{n}" for n, (i, _, _) in enumerate(PLANTED)])
def test_a_planted_break_turns_it_red(shop, invariant, sql, word):
    tamper(shop, sql)
    found = broken(shop)
    assert any(v["invariant"] == invariant for v in found), found
    assert any(word in text for v in found for text in v["offenders"]), found


def test_flipping_one_cell_changes_the_hash(shop):
    before = hashes(shop)
    tamper(shop, "update fact_order_line set quantity = quantity + 1 where line_id = (select min(line_id) from fact_order_line)")
    after = hashes(shop)
    assert {t for t in before if before[t] != after[t]} == {"fact_order_line"}


def test_swapping_a_cell_between_two_rows_changes_the_hash(shop):
    """Digests are added, not xored: pairs do not cancel."""
    before = hashes(shop)
    tamper(shop, "update dim_category set name = case when category_id = (select min(category_id) from dim_category) then 'zz' else name end")
    assert hashes(shop)["dim_category"] != before["dim_category"]


@pytest.mark.parametrize("feed", ["shopnow.orders", "marketplace.vendors", "marketplace.order_status", "shopnow.clickstream"])
def test_reprocessing_through_the_same_mapping_changes_nothing(shop, feed):
    before = hashes(shop)
    entrepot("-C", shop, "reprocess", "--feed", feed)
    assert hashes(shop) == before
    assert broken(shop) == []


def test_reprocessing_through_a_mended_mapping_shows_the_difference(shop):
    before = hashes(shop)
    feed = shop / "feeds/vendors.yaml"
    text = feed.read_text()
    assert "category: vendor_category" in text
    feed.write_text(text.replace("category: vendor_category", "category: {path: vendor_category, case: upper}"))
    dry = [json.loads(line) for line in entrepot("-C", shop, "--json", "reprocess", "--feed", "marketplace.vendors", "--dry-run").splitlines()]
    assert hashes(shop) == before, "a dry run changes nothing"
    done = [json.loads(line) for line in entrepot("-C", shop, "--json", "reprocess", "--feed", "marketplace.vendors").splitlines()]
    assert done == dry
    assert done[0]["table"] == "dim_seller" and done[0]["gone"] == done[0]["new"] > 0
    rows = entrepot("-C", shop, "sql", "--format", "csv", "select count(*) from dim_seller where category <> upper(category)")
    assert rows.split() == ["count_star()", "0"]
    assert broken(shop) == []
    feed.write_text(text)
    entrepot("-C", shop, "reprocess", "--feed", "marketplace.vendors")
    assert hashes(shop) == before, "and back again"


def test_an_unknown_feed_and_a_missing_archive_are_clear_errors(shop):
    assert "no feed is called" in run_error(shop, 2, "reprocess", "--feed", "nobody")
    shutil.rmtree(shop / "data/archive")
    before = hashes(shop)
    assert "archive" in run_error(shop, 3, "reprocess", "--feed", "shopnow.orders")
    assert hashes(shop) == before


def run_error(shop, code, *args):
    done = subprocess.run([ENTREPOT, "-C", shop, *args], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr
