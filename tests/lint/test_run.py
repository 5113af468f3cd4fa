"""tests/run.py itself, on a tree of two small suites: what counts as a failure, and that a skip does where CI is set."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import skips

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PASSES = "def test_good():\n    pass\n"
SKIPS = "import pytest\n\ndef test_bare():\n    pytest.skip('{reason}')\n"
UNIT_SKIPS = "#!/bin/sh\necho 1..2\necho 'ok 1 - one'\necho 'not ok 2 # SKIP two'\n"
CITUS = skips.ALLOWED[0]


NO_SERVER = "class Server:\n    def uri(self):\n        return ''\n\n    def remove(self):\n        pass\n"


class Tree:
    """The harness in a folder of its own, with the suites that a test gives it and without a PostgreSQL, which they do not need."""

    def __init__(self, folder):
        self.tests, self.programs = folder / "tests", folder / "build" / "asan" / "tests"
        shutil.copytree(ROOT / "tests" / "lib", self.tests / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        (self.tests / "lib" / "pg.py").write_text(NO_SERVER)
        shutil.copy(ROOT / "tests" / "run.py", self.tests)
        (self.tests / "unit").mkdir()
        self.programs.mkdir(parents=True)

    def suite(self, name, text):
        path = self.tests / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def unit(self, name, script):
        (self.tests / "unit" / f"{name}.c").write_text("")
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def run(self, ci=None, pattern="small/"):
        """Exit status, the line of totals, and all of the output."""
        env = {name: value for name, value in os.environ.items() if name != "CI"}
        done = subprocess.run([sys.executable, self.tests / "run.py", "-k", pattern], env={**env, **({} if ci is None else {"CI": ci})},
                              capture_output=True, text=True, check=False)
        assert not done.stderr
        return done.returncode, done.stdout.splitlines()[-1], done.stdout


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_without_ci_a_skip_is_told_and_passes(tree):
    tree.suite("small/test_bare", SKIPS.format(reason="no valgrind"))
    tree.suite("small/test_good", PASSES)
    for ci in (None, "", "0", "false"):
        status, totals, out = tree.run(ci)
        assert (status, totals) == (0, "1 passed, 0 failed, 1 skipped")
        assert "skipped:\n  small/test_bare: test_bare: no valgrind\n" in out


@pytest.mark.parametrize("ci", ["1", "true"])
def test_in_ci_a_skip_is_a_failure_that_is_named(tree, ci):
    tree.suite("small/test_bare", SKIPS.format(reason="no valgrind"))
    tree.suite("small/test_good", PASSES)
    status, totals, out = tree.run(ci)
    assert (status, totals) == (1, "1 passed, 1 failed, 0 skipped")
    assert "FAILED, skipped in CI, where everything has to run (tests/lib/skips.py):\n  small/test_bare: test_bare: no valgrind\n" in out


def test_in_ci_a_unit_test_that_skips_is_one_too(tree):
    tree.unit("test_two", UNIT_SKIPS)
    assert tree.run(pattern="unit/")[:2] == (0, "1 passed, 0 failed, 1 skipped")
    status, totals, out = tree.run("1", "unit/")
    assert (status, totals) == (1, "1 passed, 1 failed, 0 skipped")
    assert "  unit/test_two: two: skipped by the test\n" in out


def test_in_ci_what_is_allowed_passes_for_its_own_suite_and_reason_only(tree):
    beside = f"small/{CITUS.suite.split('/')[1]}_too"
    run = functools.partial(tree.run, "1", CITUS.suite.split("/")[1])
    tree.suite(CITUS.suite, SKIPS.format(reason=f"{CITUS.reason}: docs/citus.md"))
    tree.suite(beside, PASSES)
    assert run()[:2] == (0, "1 passed, 0 failed, 1 skipped")
    tree.suite(beside, SKIPS.format(reason=CITUS.reason))
    assert run()[:2] == (1, "0 passed, 1 failed, 1 skipped")
    tree.suite(beside, PASSES)
    tree.suite(CITUS.suite, SKIPS.format(reason="another reason"))
    assert run()[:2] == (1, "1 passed, 1 failed, 0 skipped")


def test_ci_sets_what_the_harness_reads():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert "export CI=1" in lines and lines.index("export CI=1") < lines.index("exec make test")


def test_what_is_allowed_says_why_and_is_what_the_suites_say():
    texts = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.name != "skips.py")
    for one in skips.ALLOWED:
        assert one.why and (ROOT / "tests" / f"{one.suite}.py").exists()
        assert one.reason in texts
