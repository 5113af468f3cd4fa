"""The program that is shipped under valgrind: what the sanitizers' build cannot show, such as reading memory nobody wrote."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
# Built by gcc: Debian's valgrind does not read what clang writes for debuggers.
ENTREPOT = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build" / "release" / "entrepot"))
# An exit code of its own, so that a finding never passes for an error the test expects.
VALGRIND = ["valgrind", "-q", "--error-exitcode=86", "--leak-check=full", "--errors-for-leak-kinds=definite"]

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")


def run(*arguments, status=0):
    result = subprocess.run([*VALGRIND, ENTREPOT, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == status, f"{result.returncode}\n{result.stdout[-2000:]}{result.stderr[-6000:]}"
    return result.stdout


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valgrind") / "warehouse"
    subprocess.run([ENTREPOT, "init", str(folder)], check=True, capture_output=True)
    return folder


def test_contracts_and_feeds_are_read(warehouse):
    assert "no error" in run("-C", warehouse, "contract", "lint")
    assert "marketplace.stock" in run("-C", warehouse, "feed", "list")


def test_a_wrong_contract_is_refused(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_text("apiVersion: v3.1.0\nkind: DataContract\nid: c\nschema: [{name: t, properties: [{name: a, logicalType: strnig}]}]\n"
                    "a: &a [1]\nb: *a\n")
    assert "error:" in run("contract", "lint", path, status=1)


def test_good_and_damaged_records_are_mapped(warehouse, tmp_path):
    path = tmp_path / "stock.jsonl"
    good = {"seller_id": "acme_store", "movement_id": "m1", "sku": "s", "level": 4, "timestamp": 1764000000.5}
    path.write_bytes(b"\n".join([
        json.dumps(good).encode(), json.dumps({**good, "movement_id": "m2", "level": None, "delta": -1}).encode(),
        json.dumps({**good, "level": "4,5"}).encode(), b'{"seller_id": "acme', b"\xff\xfe{}", b"[]", b"", b"nonsense", b'{"half": "a li']))
    out = run("-C", warehouse, "feed", "test", "marketplace.stock", path, status=1)
    assert out.count("accepted") == 2 and out.endswith("8 records, 6 groups refused\n")
