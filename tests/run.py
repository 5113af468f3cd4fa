#!/usr/bin/env python3
"""Runs every test: the C unit tests of build/asan, those of threads again in build/tsan, and the pytest suites below tests/.

usage: tests/run.py [-k NAME] [--list] [-v]

A suite is one program or one file. Two run at a time. A line a suite, then what failed, then what was skipped and why;
the last line is the totals. Exit status: 0 when nothing failed, 1 otherwise, also when it all took too long and, with CI set,
when anything was skipped that tests/lib/skips.py does not allow.
"""

import argparse
import atexit
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASAN = ROOT / "build" / "asan"
TSAN = ROOT / "build" / "tsan"
# What runs threads of ours; the Makefile builds these.
THREADED = ("test_pipeline", "test_store_rows")
# The budget of all suites on two cores: what grows beyond it belongs to longer runs than `make test`.
LIMIT_S = 23 * 60
PARALLEL = 2
SHOWN_LINES = 120

sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.dont_write_bytecode = True
import pg  # noqa: E402
import skips  # noqa: E402

# Another python3 may stand first on PATH and lack the Debian modules (pytest, hypothesis, stdnum, ...).
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


@dataclass
class Suite:
    name: str
    command: list
    kind: str  # "tap" or "junit"
    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)  # (test, reason)
    seconds: float = 0.0
    output: str = ""
    notes: list = field(default_factory=list)


def environment():
    env = dict(os.environ)
    env["EP_ROOT"] = str(ROOT)
    env["ENTREPOT"] = str(ASAN / "entrepot")
    env["ENTREPOT_RELEASE"] = str(ROOT / "build" / "release" / "entrepot")
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        env["ENTREPOT_SHARED"] = str(shared)
    else:
        env.pop("ENTREPOT_SHARED", None)
    env["PYTHONPATH"] = str(ROOT / "tests" / "lib")
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    # An exit status of its own, so that a sanitizer's finding never passes for an error the test expects.
    env["ASAN_OPTIONS"] = "exitcode=86:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1:exitcode=86"
    # DuckDB is not built for ThreadSanitizer: only our side of a race is seen.
    env["TSAN_OPTIONS"] = "exitcode=86:ignore_noninstrumented_modules=1"
    suppressions = ROOT / "tests" / "lsan.supp"
    if suppressions.exists():
        env["LSAN_OPTIONS"] = f"suppressions={suppressions}:print_suppressions=0"
    # Figures and dates in messages must not depend on who runs the tests.
    env["LC_ALL"] = "C.UTF-8"
    env["TZ"] = "UTC"
    return env


def find_suites(pattern):
    suites = []
    for source in sorted((ROOT / "tests" / "unit").glob("test_*.c")):
        suites.append(Suite(f"unit/{source.stem}", [str(ASAN / "tests" / source.stem)], "tap"))
    for name in THREADED:
        suites.append(Suite(f"tsan/{name}", [str(TSAN / "tests" / name)], "tap"))
    for source in sorted((ROOT / "tests").glob("*/test_*.py")):
        name = source.relative_to(ROOT / "tests").with_suffix("").as_posix()
        suites.append(Suite(name, [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", str(source)], "junit"))
    return [suite for suite in suites if not pattern or pattern in suite.name]


def read_tap(suite, status, stdout):
    """cmocka: `ok 1 - name`, `not ok 2 - name`, `not ok 3 # SKIP name`; a plan 1..n a group."""
    planned = 0
    for line in stdout.splitlines():
        if plan := re.match(r"1\.\.(\d+)\s*$", line):
            planned += int(plan[1])
        elif result := re.match(r"(not )?ok \d+\s*(?:-\s*)?(.*)", line):
            if skip := re.search(r"# ?SKIP\b\s*(.*)", result[2], re.IGNORECASE):
                suite.skipped.append((skip[1] or result[2], "skipped by the test"))
            elif result[1]:
                suite.failed += 1
            else:
                suite.passed += 1
    unseen = planned - suite.passed - suite.failed - len(suite.skipped)
    if unseen > 0:
        suite.failed += unseen
        suite.notes.append(f"{unseen} of {planned} tests never finished")
    if status != 0 and suite.failed == 0:
        suite.failed = 1
    if status == 0 and planned == 0:
        suite.failed = 1
        suite.notes.append("no test ran")


def read_junit(suite, status, path):
    try:
        cases = xml.parse(path).getroot().iter("testcase")
    except (OSError, xml.ParseError):
        cases = []
        suite.notes.append("pytest left no report")
    for case in cases:
        name = case.get("name", "?")
        if case.find("failure") is not None or case.find("error") is not None:
            suite.failed += 1
        elif (skip := case.find("skipped")) is not None:
            suite.skipped.append((name, skip.get("message", "")))
        else:
            suite.passed += 1
    if suite.failed == 0 and (status != 0 or suite.passed + len(suite.skipped) == 0):
        suite.failed = 1
        suite.notes.append(f"pytest ended with status {status}")


def wants_server(suite):
    """Unit tests name the fixture; of the rest, any may ask for the other engine."""
    if suite.kind == "junit":
        return True
    source = ROOT / "tests" / "unit" / f"{suite.name.split('/')[-1]}.c"
    return "postgres_fixture.h" in source.read_text()


class Runner:
    def __init__(self, server):
        self.env = environment()
        if server:
            self.env["ENTREPOT_TEST_POSTGRES"] = server.uri()
        self.deadline = time.monotonic() + LIMIT_S
        self.lock = threading.Lock()
        self.running = set()

    def run(self, suite):
        started = time.monotonic()
        if not os.path.exists(suite.command[0]):
            suite.failed = 1
            suite.notes.append(f"{suite.command[0]} is not built")
            return suite
        with tempfile.TemporaryDirectory(prefix="entrepot-suite-") as folder:
            report = os.path.join(folder, "junit.xml")
            command = list(suite.command)
            if suite.kind == "junit":
                command += [f"--junitxml={report}", f"--rootdir={ROOT / 'tests'}", f"--basetemp={folder}/tmp"]
            stdout_path = os.path.join(folder, "stdout")
            # Files, not pipes: a grandchild that outlives its suite must not hold the harness.
            with open(stdout_path, "wb") as stdout, open(os.path.join(folder, "stderr"), "w+b") as stderr:
                process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL,
                                           stdout=stdout, stderr=stderr, start_new_session=True)
                with self.lock:
                    self.running.add(process)
                try:
                    status = process.wait(timeout=max(1.0, self.deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    status = None
                    suite.notes.append(f"stopped: all suites together have {LIMIT_S // 60} minutes")
                finally:
                    with self.lock:
                        self.running.discard(process)
                    stop(process)
                stderr.seek(0)
                errors = stderr.read().decode(errors="replace")
            text = Path(stdout_path).read_text(errors="replace")
            if suite.kind == "tap":
                read_tap(suite, status, text)
            else:
                read_junit(suite, status, report)
            if status is None and suite.failed == 0:
                suite.failed = 1
            if status is not None and status < 0:
                suite.notes.append(f"killed by {signal.Signals(-status).name}")
            suite.output = (text + errors).strip()
        suite.seconds = time.monotonic() - started
        return suite

    def stop_all(self):
        with self.lock:
            for process in self.running:
                stop(process)


def stop(process):
    """Ends what is left of the suite's own session: nothing may outlive its suite."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def show(suite):
    counts = f"{suite.passed} passed"
    if suite.failed:
        counts += f", {suite.failed} FAILED"
    if suite.skipped:
        counts += f", {len(suite.skipped)} skipped"
    print(f"{suite.seconds:7.1f} s  {suite.name:<40} {counts}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Runs the tests; `make test` builds first.")
    parser.add_argument("-k", metavar="NAME", help="only suites whose name contains NAME")
    parser.add_argument("-v", action="store_true", help="show the output of suites that pass, too")
    parser.add_argument("--list", action="store_true", help="print the names of the suites")
    arguments = parser.parse_args()
    suites = find_suites(arguments.k)
    if arguments.list:
        print("\n".join(suite.name for suite in suites))
        return 0
    if not suites:
        print(f"no suite's name contains {arguments.k!r}" if arguments.k else "there are no tests")
        print("0 passed, 1 failed, 0 skipped")
        return 1

    started = time.monotonic()
    # One PostgreSQL for all suites; each test has databases of its own in it.
    server = pg.Server() if any(wants_server(suite) for suite in suites) else None
    if server:
        atexit.register(server.remove)
    runner = Runner(server)
    # The long ones first would need yesterday's figures; Python suites are the slow kind, so they start first.
    order = sorted(suites, key=lambda suite: suite.kind != "junit")
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        futures = [pool.submit(runner.run, suite) for suite in order]
        try:
            for future in concurrent.futures.as_completed(futures):
                show(future.result())
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()
            runner.stop_all()
            raise SystemExit(130)
    seconds = time.monotonic() - started

    for suite in suites:
        if suite.failed or arguments.v:
            lines = suite.output.splitlines()
            print(f"\n==== {suite.name} ====")
            if len(lines) > SHOWN_LINES:
                print(f"({len(lines) - SHOWN_LINES} lines left out)")
            print("\n".join(lines[-SHOWN_LINES:]))
            for note in suite.notes:
                print(f"-- {note}")
    skipped = [(suite.name, test, reason) for suite in suites for test, reason in suite.skipped]
    refused = [one for one in skipped if skips.in_ci() and not skips.is_allowed(one[0], one[2])]
    for title, ones in (("skipped:", [one for one in skipped if one not in refused]),
                        ("FAILED, skipped in CI, where everything has to run (tests/lib/skips.py):", refused)):
        if ones:
            print(f"\n{title}")
        for name, test, reason in ones:
            print(f"  {name}: {test}: {reason}")

    passed = sum(suite.passed for suite in suites)
    failed = sum(suite.failed for suite in suites) + len(refused)
    print(f"\n{len(suites)} suites in {seconds:.0f} s")
    late = seconds > LIMIT_S
    if late:
        print(f"too slow: more than {LIMIT_S // 60} minutes")
    print(f"{passed} passed, {failed} failed, {len(skipped) - len(refused)} skipped")
    return 1 if failed or late else 0


sys.exit(main())
