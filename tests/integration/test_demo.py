"""The demo, small: it ends well, its figures add up, it can be run again, by root and by others; the README shows the real one."""

import os
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from users import own, run_as_plain_user

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build" / "release" / "entrepot"))


def environment(folder, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("EP_DEMO")}
    return dict(env, EP_DEMO_PROGRAM=PROGRAM, EP_DEMO_FOLDER=str(folder), **more)


def demo(folder, **more):
    return subprocess.run([ROOT / "tools" / "demo"], env=environment(folder, **more), capture_output=True, text=True, check=False)


SMALL = {"EP_DEMO_DAYS": "5", "EP_DEMO_ORDERS": "25", "EP_DEMO_CLICKS": "2"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    result = demo(folder, **SMALL)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    return folder, result


def integers(line):
    return [int(n.replace(",", "")) for n in re.findall(r"(?<!\S)[\d,]+(?!\S)", line)]


def test_every_line_of_the_ledger_adds_up(small):
    folder, result = small
    part = result.stdout.split("\n2. ")[1].split("\n3. ")[0]
    rows = [integers(line) for line in part.splitlines() if len(integers(line)) == 5]
    assert len(rows) >= 14
    for row in rows:
        assert row[0] == sum(row[1:]), row
    total = [sum(column) for column in zip(*rows[:-1])]
    assert rows[-1] == total
    # Files are counted by the test itself; CSV files have a line of names each.
    lines = 0
    for file in [*folder.glob("before/*/*"), *folder.glob("marketplace/*/*")]:
        lines += file.read_bytes().count(b"\n") - (file.suffix == ".csv")
    assert rows[-1][0] == lines


def test_turnover_reconciles(small):
    part = small[1].stdout.split("\n5. ")[1].split("\n6. ")[0]
    amounts = [Decimal(n.replace(",", "")) for line in part.splitlines() for n in re.findall(r"[\d,]+\.\d{4}", line)[-1:]]
    sellers, (total, *three) = amounts[:-4], amounts[-4:]
    assert len(sellers) >= 3 and sum(sellers) == total
    assert three == [total] * 3 and "All three are equal. Order lines without an exchange rate: 0." in part


def test_history_moves_and_the_sum_stays(small):
    part = small[1].stdout.split("\n4. ")[1].split("\n5. ")[0]
    before, after = part.split("Now a message comes in")
    assert before.count("still") == after.count("still") == 1
    amount = r"[\d,]+\.\d{4}$"
    sums = [sum(Decimal(re.search(amount, line)[0].replace(",", "")) for line in half.splitlines() if re.search(amount, line))
            for half in (before, after)]
    assert sums[0] == sums[1]
    assert before.split("\n\n")[2] != after.split("\n\n")[2]


def test_verify_and_the_legacy_view_are_shown(small):
    text = small[1].stdout.replace(str(small[0]), "build/demo")
    assert "legacy.fact_order" in text and re.search(r"reconciliation: .* \d+ +0\n", text)
    assert not re.search(r"\033|\r", text), "plain text when it is no terminal"
    wide = [line for line in text.splitlines() if len(line) > 100 and not line.startswith(("{", "$ ", "  error", "  warning"))]
    assert not wide, wide


def test_it_can_be_run_again(small):
    folder, first = small
    second = demo(folder, **SMALL)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr
    assert re.sub(r"received \S+Z", "", second.stdout) == re.sub(r"received \S+Z", "", first.stdout)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("precious")
    result = demo(tmp_path, **SMALL)
    assert result.returncode == 3 and "was not made by this demo" in result.stderr
    assert (tmp_path / "mine").read_text() == "precious"


def test_it_works_for_a_plain_user(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    own(folder)
    if subprocess.run([PROGRAM, "--version"], check=False, capture_output=True).returncode != 0:
        pytest.skip("the program does not run here")
    reach = run_as_plain_user([PROGRAM, "--version"], capture_output=True)
    if reach.returncode != 0:
        pytest.skip("the build folder is out of a plain user's reach")
    result = run_as_plain_user([ROOT / "tools" / "demo"], env=environment(folder / "demo", **SMALL), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr


def test_the_readme_shows_the_real_demo(tmp_path):
    shown = re.search(r"<!-- demo.*?-->\n```text\n(.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)[1].splitlines()
    folder = tmp_path / "demo"
    result = demo(folder)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    # How many checks there are grows with the tables.
    shown, printed = ([re.sub(r" +\d+ +0$", "", line) for line in lines]
                      for lines in (shown, result.stdout.replace(str(folder), "build/demo").splitlines()))
    at = 0
    for line in shown:
        if line == "[...]":
            continue
        assert line in printed[at:], f"README.md shows what the demo does not print (any more) here: {line!r}"
        at += printed[at:].index(line) + (1 if line else 0)
    shutil.rmtree(folder)
