"""`entrepot contract lint` on the standard's own examples, on contracts it must refuse, and against the standard's JSON Schema."""

import copy
import json
import os
import random
import re
import subprocess
import warnings
from pathlib import Path

import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jsonschema

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
ENTREPOT = os.environ.get("ENTREPOT", str(ROOT / "build" / "asan" / "entrepot"))
SEED = int(os.environ.get("EP_SEED", "20261124"))
N_MUTATIONS = 300
FINDING = re.compile(r"(.+):(\d+):(\d+): (error|warning|info): (.+) \[([a-z_0-9]+)\]")

SHARED = os.environ.get("ENTREPOT_SHARED")
ODCS = Path(SHARED) / "odcs" if SHARED else None
EXAMPLES = sorted((ODCS / "examples").glob("*.yaml")) if ODCS and ODCS.is_dir() else []
needs_examples = pytest.mark.skipif(not EXAMPLES, reason="ENTREPOT_SHARED names no folder with odcs/examples")

# What is said of the published examples besides "no error": most declare 3.0.2 and use keys that came later.
WORDS = {
    "all-data-types": {"new_key", "zone_missing"},
    "all-schema-types": {"optional_key"},
    "basic-four-dpo": {"new_key"},
    "column-completeness": {"new_key"},
    "column-custom": {"not_executed", "optional_key"},
    "column-validity": {"optional_key"},
    "full-example": {"parent_key", "unknown_dataset", "optional_key"},
    "table-columns-with-partition": {"optional_key"},
}


def lint(path, *options):
    return subprocess.run([ENTREPOT, *options, "contract", "lint", str(path)], capture_output=True, text=True, check=False)


def lint_text(folder, text):
    path = folder / "contract.yaml"
    path.write_text(text)
    return lint(path)


@needs_examples
def test_there_are_as_many_examples_as_there_were():
    assert len(EXAMPLES) == 17


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_published_example_is_read(path):
    result = lint(path)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    *findings, last = result.stdout.splitlines()
    assert re.fullmatch(r"no error, \d+ other findings?", last)
    found = [FINDING.fullmatch(line) for line in findings]
    assert all(found), findings
    assert {one[6] for one in found} == WORDS.get(path.name.removesuffix(".odcs.yaml"), set())


def test_a_contract_with_every_feature_is_read():
    result = lint(ROOT / "tests" / "data" / "every_feature.odcs.yaml")
    assert result.returncode == 0, result.stdout
    assert "error:" not in result.stdout and "warning:" not in result.stdout


def test_version_2_is_refused_and_told_what_to_do(tmp_path):
    result = lint_text(tmp_path, "apiVersion: v2.2.2\nkind: DataContract\nuuid: u\nversion: 1.0.0\ndataset: [{table: t}]\n")
    assert result.returncode == 1
    assert "contract.yaml:1:13: error: version 2 of the standard is not read" in result.stdout
    assert "convert the contract and write v3.1.0 [api_version]" in result.stdout


def test_a_bomb_of_aliases_costs_nothing(tmp_path):
    text = "a0: &a0 [boom]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    result = subprocess.run([ENTREPOT, "contract", "lint", str(path)], capture_output=True, text=True, check=False, timeout=20)
    assert result.returncode == 1
    assert "contract.yaml:2:10: error: aliases (*name) are not read: write the value out here [yaml_alias]" in result.stdout


def test_findings_have_a_place_and_the_exit_code_is_1(tmp_path):
    result = lint_text(tmp_path, "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n"
                                 "  - name: t\n    properties:\n      - {name: a, logicalType: strnig}\n")
    assert (result.returncode, result.stderr) == (1, "")
    (line,) = result.stdout.splitlines()
    found = FINDING.fullmatch(line)
    assert (found[1], found[2], found[3], found[4]) == (str(tmp_path / "contract.yaml"), "9", "32", "error")
    assert 'did you mean "string"?' in found[5]


def test_json_lines_say_the_same_as_the_text(tmp_path):
    path = tmp_path / 'a "quoted" name.yaml'
    path.write_text('apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"t\\\\n\\"x": 1\nschema: 5\n')
    as_text, as_json = lint(path), lint(path, "--json")
    assert as_text.returncode == as_json.returncode == 1
    lines = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [f"{one['file']}:{one['line']}:{one['column']}: {one['severity']}: {one['text']} [{one['code']}]" for one in lines] == \
        as_text.stdout.splitlines()
    assert len(lines) == 2


def test_a_missing_file_is_no_finding(tmp_path):
    result = lint(tmp_path / "nothing.yaml")
    assert (result.returncode, result.stdout) == (3, "")
    assert "nothing.yaml" in result.stderr


class Loader(yaml.SafeLoader):
    """YAML 1.2 has no timestamps: a date is text, as the schema wants it."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}

VALUES = ("text", 7, -1, 1.5, True, None, [], {}, ["a", "a"], [1], {"a": 1}, "", "a b")


def places(node, path=()):
    yield path
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*path, key))


def at(node, path):
    for key in path:
        node = node[key]
    return node


def mutated(document, draw):
    """A copy with one thing wrong, or not: the schema decides."""
    document = copy.deepcopy(document)
    path = draw.choice([path for path in places(document) if path])
    parent, key = at(document, path[:-1]), path[-1]
    kind = draw.choice(["value", "delete", "add", "rename", "repeat"])
    if kind == "value":
        parent[key] = copy.deepcopy(draw.choice(VALUES))
    elif kind == "delete":
        del parent[key]
    elif kind == "rename" and isinstance(parent, dict):
        parent[f"{key}x"] = parent.pop(key)
    elif kind == "repeat" and isinstance(parent[key], list) and parent[key]:
        parent[key].append(copy.deepcopy(parent[key][0]))
    else:
        kind = "add"
        at(document, draw.choice([path for path in places(document) if isinstance(at(document, path), dict)]))["colour"] = "red"
    return document, f"{kind} {'/'.join(map(str, path))}"


@needs_examples
def test_what_the_schema_finds_lint_finds(tmp_path):
    draw = random.Random(SEED)
    schema = jsonschema.Draft201909Validator(json.loads((ODCS / "odcs-json-schema-v3.1.0.json").read_text()))
    examples = {path.name: yaml.load(path.read_text(), Loader) for path in EXAMPLES}
    n_bad, n_good, missed = 0, 0, []
    # The schema is that of one version: everything is read as that version.
    for name, example in examples.items():
        example["apiVersion"] = "v3.1.0"
        assert schema.is_valid(example) and lint_text(tmp_path, json.dumps(example, indent=1)).returncode == 0, name
    for _ in range(N_MUTATIONS):
        name = draw.choice(sorted(examples))
        document, what = mutated(examples[name], draw)
        found = lint_text(tmp_path, json.dumps(document, indent=1))
        assert found.returncode in (0, 1), f"EP_SEED={SEED} {name}: {what}\n{found.stderr}"
        if schema.is_valid(document):
            n_good += found.returncode == 0
            continue
        n_bad += 1
        if found.returncode == 0:
            missed.append(f"{name}: {what}: {next(schema.iter_errors(document)).message[:200]}")
    print(f"EP_SEED={SEED}: {n_bad} the schema refuses, {n_good} that both accept")
    assert not missed, f"EP_SEED={SEED}\n" + "\n".join(missed)
    # Else the figures above say nothing: lint that refuses all, mutations that break nothing.
    assert n_bad >= N_MUTATIONS // 2 and n_good >= N_MUTATIONS // 20
