"""The command line from outside: help, usage, exit codes, JSON, and the examples of README.md and docs/guide.md as they stand."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("ENTREPOT", str(ROOT / "build" / "release" / "entrepot"))


def run(*args, cwd=None, **options):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, check=False, cwd=cwd, **options)


def commands():
    listed = run("--help").stdout.split("commands:\n")[1].split("\n\n")[0]
    return [line[2:22].strip() if len(line) > 22 else line.strip() for line in listed.splitlines()]


COMMANDS = commands()
NAMES = [name for name in COMMANDS if re.fullmatch(r"[a-z]+( [a-z]+)?", name)]


def bash_blocks(path, begin=None, end=None):
    text = (ROOT / path).read_text()
    if begin:
        text = text[text.index(begin):text.index(end)]
    return re.findall(r"^```(bash|text)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_overview_names_every_command_once():
    assert len(NAMES) == len(COMMANDS) == len(set(NAMES)) > 15
    assert run("--help").returncode == 0
    bare = run()
    assert bare.returncode == 2 and "commands:" in bare.stderr and not bare.stdout


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each_command(name):
    result = run(*name.split(), "--help")
    assert result.returncode == 0 and result.stdout.startswith("usage: entrepot") and not result.stderr
    assert all(len(line) <= 160 for line in result.stdout.splitlines()), name
    short = run(*name.split(), "-h")
    assert short.stdout == result.stdout


def test_help_of_a_group_lists_its_commands():
    groups = {name.split()[0] for name in NAMES if " " in name}
    assert len(groups) > 3
    for group in groups:
        result = run(group, "--help")
        listed = re.findall(rf"^  ({group} [\w-]+)", result.stdout, re.MULTILINE)
        assert result.returncode == 0 and listed == [name for name in NAMES if name.startswith(group + " ")], result


def test_version():
    assert re.fullmatch(r"entrepot \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize("args, words", [
    (["lod"], "unknown command lod"),
    (["quarantine"], "quarantine: name one of its commands; entrepot quarantine --help"),
    (["quarantine", "lst"], "quarantine: unknown command lst"),
    (["quarant"], "unknown command quarant"),
    (["--lod"], "unknown option --lod"),
    (["load", "--lod"], "unknown option --lod"),
    (["journal", "--limit"], "a value is missing behind --limit"),
    (["load", "--again=yes", "f", "x"], "no value belongs to --again=yes"),
    (["init"], "name one folder"),
    (["init", "a", "b"], "name one folder"),
    (["reference"], "name one page: commands, contract"),
    (["reference", "nothing"], "name one page: commands, contract"),
    (["generate"], "say where"),
])
def test_usage_errors_end_with_2(args, words, tmp_path):
    result = run(*args, cwd=tmp_path)
    assert result.returncode == 2 and words in result.stderr and not result.stdout, result


@pytest.mark.parametrize("args", [["lod"], ["quarantine"], ["quarantine", "lst"], ["load", "--lod"], ["journal", "--limit"], ["init"], ["--lod"]], ids=" ".join)
def test_usage_errors_as_json(args, tmp_path):
    result = run("--json", *args, cwd=tmp_path)
    assert result.returncode == 2 and not result.stdout
    error = json.loads(result.stderr)
    assert error["error"] == "usage" and error["text"] in run(*args, cwd=tmp_path).stderr


def test_errors_as_json(tmp_path):
    result = run("--json", "status", cwd=tmp_path)
    error = json.loads(result.stderr)
    assert result.returncode == 3 and error["error"] == "not_found" and "entrepot init" in error["text"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A warehouse with some days in it."""
    folder = tmp_path_factory.mktemp("cli")
    made = run("generate", "--out", folder / "days", "--days", 2, "--orders-per-day", 20, "--clicks-per-order", 2, "--sellers", 5,
               "--products", 20, "--customers", 20, "--faults", "0.1")
    assert made.returncode == 0, made.stderr
    assert run("init", folder / "shop").returncode == 0
    for feed, stream in [("marketplace.vendors", "vendors"), ("shopnow.orders", "orders"), ("marketplace.offers", "offers")]:
        result = run("-C", folder / "shop", "load", feed, *sorted((folder / "days" / stream).glob("*")))
        assert result.returncode == 0, result.stderr
    return folder / "shop"


def test_the_common_options_may_stand_behind(shop):
    assert run("-C", shop, "hash", "--json").stdout == run("-C", shop, "--json", "hash").stdout
    assert run("hash", "--json", env=dict(os.environ, ENTREPOT_WAREHOUSE=str(shop))).stdout == run("-C", shop, "hash", "--json").stdout


def test_sql_formats(shop):
    query = "select 1 as a, 'b,\"c\"' as b, null as c"
    assert run("-C", shop, "sql", "--format", "csv", query).stdout == 'a,b,c\n1,"b,""c""",\n'
    assert json.loads(run("-C", shop, "sql", "--format", "json", query).stdout) == {"a": 1, "b": 'b,"c"', "c": None}
    assert run("-C", shop, "sql", "--format", "xml", query).returncode == 2
    piped = run("-C", shop, "sql", "--format", "csv", "-", input="select 2 as two")
    assert piped.stdout == "two\n2\n"


def test_queries_do_not_write(shop):
    for query in ["delete from dim_seller", "create table x (a int)", "update books.load set received = 0"]:
        result = run("-C", shop, "sql", query)
        assert result.returncode == 2 and result.stderr, query
    assert run("-C", shop, "verify").returncode == 0


def test_a_query_that_was_typed_wrong_ends_with_2(shop):
    for query in ["selec 1", "select nothing", "select * from nowhere", "select 1; select 2", "select * from read_csv('/etc/passwd')",
                  "select cast(seller_id as int) from (values ('a')) as v(seller_id)"]:
        result = run("-C", shop, "sql", query)
        assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, (query, result)


def test_the_journal_knows_its_words(shop):
    for option, word in [("--category", "lod"), ("--severity", "warning")]:
        result = run("-C", shop, "journal", option, word)
        assert result.returncode == 2 and f"{option} is " in result.stderr and " or " in result.stderr, result
    assert run("-C", shop, "journal", "--category", "load", "--severity", "info").returncode == 0


def test_filters_of_the_quarantine_that_find_nothing_because_they_are_typed_wrong(shop):
    """An empty list would look like good news."""
    for command in ("list", "export -", "replay"):
        for option, word, says in [("--feed", "marketplace.vendor", "entrepot feed list"), ("--code", "enumm", "quarantine list --summary")]:
            result = run("-C", shop, "quarantine", *command.split(), option, word)
            assert result.returncode == 2 and word in result.stderr and says in result.stderr, (command, result)
    result = run("-C", shop, "quarantine", "list", "--status", "closed")
    assert result.returncode == 2 and "--status is open, waiting, replayed, released, discarded or all" in result.stderr, result
    assert run("-C", shop, "quarantine", "list", "--feed", "marketplace.vendors", "--code", "enum", "--status", "all").returncode == 0


def test_a_record_set_aside_says_what_to_do_with_it(shop):
    ids = [json.loads(line)["id"] for line in run("-C", shop, "--json", "quarantine", "list").stdout.splitlines()]
    shown = run("-C", shop, "quarantine", "show", ids[0]).stdout
    for command in (f"quarantine replay {ids[0]}", "--with FILE", f"quarantine discard {ids[0]} --why"):
        assert command in shown
    assert "next:" not in run("-C", shop, "--quiet", "quarantine", "show", ids[0]).stdout


def test_an_option_of_another_type_names_all_types_that_have_it():
    """"minimum is an option of logicalType date" would send its reader away from numbers."""
    result = run("contract", "lint", ROOT / "tests/data/lint/option_of_three_types.yaml")
    assert result.returncode == 1 and "logicalType date, timestamp, integer, number; this is string" in result.stdout + result.stderr


def test_missing_things_end_with_3_or_2(shop, tmp_path):
    assert run("-C", tmp_path / "nowhere", "status").returncode == 3
    assert run("-C", shop, "load", "marketplace.vendors", tmp_path / "nothing").returncode == 3
    assert run("-C", shop, "load", "no.feed", ROOT / "README.md").returncode == 2
    assert run("-C", shop, "quarantine", "show", 1).returncode == 3
    assert run("-C", shop, "--json", "quarantine", "show", 1).returncode == 3
    assert run("-C", shop, "quarantine", "show", "x").returncode == 2
    assert run("init", shop).returncode == 2


VOLATILE = [(r"\d+\.\d s\)", "0.1 s)")]


def test_the_walk_through_and_the_guide_work_as_they_stand(tmp_path):
    """Types every block of README.md's walk-through and of the guide, and compares what the README says they print."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "entrepot").symlink_to(PROGRAM)
    script = ["set -e"]
    readme = bash_blocks("README.md", "## Add a source in five minutes", "## The layout of the house")
    guide = bash_blocks("docs/guide.md")
    for number, (kind, text) in enumerate(readme + guide):
        if kind == "bash":
            # What is refused on purpose (feed test of a bad file) ends with 1.
            lines = text.replace("entrepot feed test partner.reviews reviews/week-09.csv",
                                 "entrepot feed test partner.reviews reviews/week-09.csv || [ $? = 1 ]")
            script += [f"echo '@@@ {number}'", lines.replace("/tmp/myshop", str(tmp_path / "myshop"))]
    text = "\n".join(script).replace('export PATH="$PWD/build/release:$PATH"', f'export PATH="{place}:$PATH"')
    result = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    parts = dict(re.findall(r"^@@@ (\d+)\n(.*?)(?=^@@@|\Z)", result.stdout, re.MULTILINE | re.DOTALL))
    compared = 0
    for number, (kind, text) in enumerate(readme):
        if kind == "text":
            printed = parts[str(number - 1)]
            for pattern, instead in VOLATILE:
                printed = re.sub(pattern, instead, printed)
                text = re.sub(pattern, instead, text)
            assert printed.strip() == text.strip()
            compared += 1
    assert compared == 2
    last = subprocess.run([PROGRAM, "-C", tmp_path / "myshop", "sql", "--format", "csv", "select review_id, stars from fact_review order by 1"],
                          capture_output=True, text=True, check=True).stdout
    assert last == "review_id,stars\nR-1,5\nR-2,3\nR-3,4\nR-5,4\nR-6,2\n"
