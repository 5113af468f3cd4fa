"""Every fuzz target has a corpus, and runs over it, whole and cut short, without a finding of the sanitizers."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
TARGETS = sorted(path.stem for path in (ROOT / "tests" / "fuzz").glob("fuzz_*.c"))
# Files that serve other tests too.
MORE = {"fuzz_contract": [ROOT / "tests" / "data" / "lint", ROOT / "contracts"], "fuzz_feed_yaml": [ROOT / "feeds"]}


@pytest.mark.parametrize("target", TARGETS)
def test_corpus(target):
    program = ROOT / "build" / "asan" / "tests" / "fuzz" / target
    assert program.exists(), "tools/build asan makes it"
    corpus = ROOT / "tests" / "fuzz" / "corpus" / target.removeprefix("fuzz_")
    n_expected = sum(1 for folder in [corpus, *MORE.get(target, [])] for _ in folder.iterdir())
    # libfyaml of Debian leaks on some malformed input; our own leaks are looked for in the unit tests.
    env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    done = subprocess.run([program, corpus, *MORE.get(target, [])], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert done.stdout == f"{n_expected} files\n" and n_expected >= 5
