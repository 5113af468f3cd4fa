"""A folder of src/ includes only itself and folders before it in the order of the layers (see src/meson.build)."""

import os
import re
from pathlib import Path

SRC = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2])) / "src"

# One rank a line; folders of one rank stand beside each other and do not know each other.
RANKS = [
    {"base"},
    {"record"},
    {"contract"},
    {"decode"},
    {"feed"},
    {"source", "store"},
    {"warehouse"},
    {"access"},
    {"serve"},
    {"ops"},
]
FOLDERS = set().union(*RANKS)
ALLOWED = {folder: {folder}.union(*RANKS[:rank]) for rank, folders in enumerate(RANKS) for folder in folders}
ALLOWED["app"] = FOLDERS | {"app", "generate"}
# Example data is an oracle: it may not share code with what it tests.
ALLOWED["generate"] = {"base", "generate"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def wrong_includes(path, text):
    """(included, why) for each include of `path`, which is relative to src/, that breaks the order."""
    folder = path.parts[0]
    for included in INCLUDE.findall(text):
        other = included.split("/")[0] if "/" in included else None
        if ".." in included.split("/") or other is None:
            yield included, 'say it from src/ on: #include "folder/file.h"'
        elif other not in ALLOWED:
            yield included, f"src/{other} is not a layer"
        elif other not in ALLOWED[folder]:
            yield included, f"{folder} may include {', '.join(sorted(ALLOWED[folder]))}"


def c_files():
    return sorted(p for p in SRC.rglob("*") if p.suffix in (".c", ".h", ".cc", ".hh"))


def test_every_folder_is_a_layer():
    assert {p.relative_to(SRC).parts[0] for p in c_files()} <= set(ALLOWED)


def test_includes_follow_the_layers():
    wrong = [
        f"src/{path.relative_to(SRC)}: {included}: {why}"
        for path in c_files()
        for included, why in wrong_includes(path.relative_to(SRC), path.read_text())
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_check_sees_a_wrong_include():
    def bad(path, include):
        return bool(list(wrong_includes(Path(path), f'#include "{include}"\n')))

    assert bad("base/mem.c", "record/batch.h")
    assert bad("store/duckdb.c", "source/files.h")
    assert bad("source/files.c", "store/store.h")
    assert bad("generate/shop.c", "contract/contract.h")
    assert bad("feed/run.c", "app/main.h")
    assert bad("feed/run.c", "../base/mem.h")
    assert not bad("warehouse/load.c", "store/store.h")
    assert not bad("app/main.c", "generate/shop.h")
