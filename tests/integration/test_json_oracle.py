"""JSON decoding against Python's json: random texts and damaged ones get the same verdict and the same values, numbers digit by digit."""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
SEED = int(os.environ.get("EP_SEED", "20261124"))
MAX_DEPTH = 64


@pytest.fixture(scope="session")
def decode():
    tool = ROOT / "build" / "asan" / "tests" / "tools" / "decode"
    assert tool.exists(), "tools/build asan makes it"

    def run(texts, *options):
        """One answer a text; none of them holds a newline."""
        assert all(texts) and not any(b"\n" in text or not text.strip() for text in texts)
        result = subprocess.run([tool, "jsonl", *options], input=b"\n".join(texts), capture_output=True, check=True)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        assert len(answers) == len(texts), result.stderr.decode()
        return answers

    return run


class Number(str):
    pass


class Refused(Exception):
    pass


def members(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("duplicate_key")
    return dict(pairs)


def refuse(_):
    raise Refused("")


def marked(value, depth=0):
    """As tests/tools/decode.c prints it: a text with ', a number token with #."""
    if isinstance(value, Number):
        return "#" + value
    if isinstance(value, str):
        if re.search("[\ud800-\udfff\0]", value):
            raise Refused("text_encoding")
        return "'" + value
    if isinstance(value, (list, dict)) and depth == MAX_DEPTH:
        raise Refused("depth")
    if isinstance(value, list):
        return [marked(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {marked(name)[1:]: marked(item, depth + 1) for name, item in value.items()}
    return value


def oracle(data):
    """The value, or Refused with a reason when there can be only one."""
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Refused("") from None
    if "\0" in text:
        raise Refused("text_encoding")
    try:
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse, object_pairs_hook=members)
    except json.JSONDecodeError:
        raise Refused("") from None
    return marked(value)


def check(text, answer):
    assert bytes.fromhex(answer["raw"]) in (text[:4096], text[:4096].removesuffix(b"\r"))
    try:
        value = oracle(text)
    except Refused as refused:
        assert answer["reason"], text
        if str(refused) in ("text_encoding", "depth"):
            assert answer["reason"] in (str(refused), "duplicate_key"), text
        elif str(refused):
            assert answer["reason"] in (str(refused), "text_encoding", "syntax", "truncated", "depth"), text
        return False
    assert answer["reason"] is None, (text, answer)
    assert answer["value"] == value, text
    # Same order, too.
    assert json.dumps(answer["value"]) == json.dumps(value)
    return True


CHARACTERS = 'abz09 _-"\\/{}[]:,é€😀\x7f\u2028\ufeff\uffff\u00a0'


def make_string(rng):
    out = []
    for _ in range(rng.choice([0, 1, 3, 8, 40])):
        c = rng.choice(CHARACTERS)
        how = rng.random()
        if how < 0.1:
            out.append(rng.choice(['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]))
        elif how < 0.25:
            units = c.encode("utf-16-be")
            out += ["\\u%04x" % int.from_bytes(units[i:i + 2], "big") for i in range(0, len(units), 2)]
        elif how < 0.26:
            out.append(rng.choice(["\\ud800", "\\udfff", "\\u0000", "\\x", "\\u12", "\t", "\x01"]))
        else:
            out.append({'"': '\\"', "\\": "\\\\"}.get(c, c))
    return '"' + "".join(out) + '"'


def make_number(rng):
    if rng.random() < 0.02:
        return rng.choice(["01", "1.", ".5", "+1", "-", "1e", "NaN", "-Infinity", "0x1", "1_0", "1,5"])
    text = rng.choice(["", "-"]) + rng.choice(["0", "7", "9007199254740993", str(rng.getrandbits(200))])
    text += rng.choice(["", "", ".0", ".10", f".{rng.getrandbits(80):030d}"])
    return text + rng.choice(["", "", "", "e5", "E+400", "e-0007"])


def make_value(rng, depth=0):
    def blank():
        return rng.choice(["", "", "", " ", "\t \r"])

    kind = rng.random()
    if depth > rng.choice([2, 5, 8]) or kind < 0.5:
        return blank() + rng.choice([make_string, make_number, lambda r: r.choice(["true", "false", "null"])])(rng) + blank()
    n = rng.choice([0, 1, 2, 3, 12, 40])
    n = min(n, 3) if depth > 0 else n
    if kind < 0.75:
        return "[" + (",".join(make_value(rng, depth + 1) for _ in range(n)) or blank()) + "]"
    names = [make_string(rng) if rng.random() < 0.5 else f'"k{i}"' for i in range(n)]
    return "{" + (",".join(blank() + name + blank() + ":" + make_value(rng, depth + 1) for name in names) or blank()) + "}"


def damage(rng, text):
    data = bytearray(text)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(len(data))
        how = rng.randrange(4)
        if how == 0:
            data[at] = rng.choice(b'{}[]:,"\\0123456789.eE+-tfnul \xc3\xa9\xed\xa0\xff\x01\x00')
        elif how == 1 and len(data) > 1:
            del data[at]
        elif how == 2:
            data.insert(at, rng.choice(b'{}[]:,"\\09.e- \x80\xf0\x0c\x1a'))
        elif at > 0:
            del data[at:]
    return bytes(data).replace(b"\n", b" ")


@pytest.mark.parametrize("block", ["0", "7", "4096"])
def test_random_texts(decode, block):
    print(f"EP_SEED={SEED}")
    rng = random.Random(f"{SEED} texts {block}")
    texts = [make_value(rng).encode() for _ in range(3000)]
    texts = [text for text in texts if text.strip()]
    n_good = sum(check(text, answer) for text, answer in zip(texts, decode(texts, "--block", block)))
    assert 0.3 * len(texts) < n_good < len(texts)


def test_damaged_texts(decode):
    print(f"EP_SEED={SEED}")
    rng = random.Random(f"{SEED} damage")
    texts = [damage(rng, make_value(rng).encode()) for _ in range(6000)]
    texts = [text for text in texts if text.strip()]
    n_good = sum(check(text, answer) for text, answer in zip(texts, decode(texts)))
    assert 0.02 * len(texts) < n_good < 0.9 * len(texts)


def test_deep_texts(decode):
    texts = [b"[" * n + b"]" * n for n in range(1, 70)] + [b'{"a":' * n + b"1" + b"}" * n for n in range(1, 70)]
    n_good = sum(check(text, answer) for text, answer in zip(texts, decode(texts)))
    assert n_good == 2 * MAX_DEPTH


def test_cases_of_the_table(decode):
    """The verdicts of tests/data/json_cases.txt are Python's, but for our limits."""
    texts, verdicts = [], []
    for line in (ROOT / "tests/data/json_cases.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        verdict, text = line.split(" ", 1)
        data = b"".join(
            part.encode() if i % 2 == 0
            else (part.rpartition("*")[0] * int(part.rpartition("*")[2])).encode() if "*" in part
            else bytes.fromhex(part)
            for i, part in enumerate(re.split("<([^>]*)>", text)))
        if len(data) < 30000 and data.strip() and b"\n" not in data and verdict != "truncated":
            texts.append(data)
            verdicts.append(verdict)
    assert len(texts) > 250
    for text, answer, verdict in zip(texts, decode(texts), verdicts):
        assert check(text, answer) == (verdict == "ok")
        assert (answer["reason"] or "ok") == verdict
