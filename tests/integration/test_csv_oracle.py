"""CSV decoding against Python's csv: random files, written ones and character soup, give the same cells."""

import csv
import io
import itertools
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
SEED = int(os.environ.get("EP_SEED", "20261124"))


@pytest.fixture(scope="session")
def decode():
    tool = ROOT / "build" / "asan" / "tests" / "tools" / "decode"
    assert tool.exists(), "tools/build asan makes it"

    def run(source, *options):
        result = subprocess.run([tool, "csv", *options], input=source, capture_output=True, check=False)
        assert result.returncode == 0, (source, result.stderr.decode())
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


def cells(answer, names):
    """Cells of a good record; None for null."""
    assert list(answer["value"]) == names
    return [None if cell is None else cell[1:] for cell in answer["value"].values()]


def written(rng, rows, delimiter, quote, line_end, backslash):
    """By hand: csv.writer of Python 3.11 leaves a lone CR without quotes when lines end with LF."""
    always = rng.random() < 0.3

    def cell(text):
        if not always and not any(c in text for c in (delimiter, quote, "\n", "\r", "\\")) and rng.random() < 0.8:
            return text
        if backslash:
            text = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
        else:
            text = text.replace(quote, quote * 2)
        return quote + text + quote

    return "".join(delimiter.join(cell(text) for text in row) + line_end for row in rows)


def make_cell(rng, characters):
    return "".join(rng.choice(characters) for _ in range(rng.choice([0, 1, 2, 5, 20, 90])))


DIALECTS = list(itertools.product(",;\t|", "\"'", ["\n", "\r\n", "\r"], [False, True]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "cp1252"])
def test_written_files(decode, encoding):
    print(f"EP_SEED={SEED}")
    rng = random.Random(f"{SEED} written {encoding}")
    characters = "abc019 \\,;\t|\"'\n\ré€" + ("😀\u2028\uffff" if encoding != "cp1252" else "")
    for delimiter, quote, line_end, backslash in DIALECTS:
        n = rng.randint(2, 12)
        names = [f"c{i} " + make_cell(rng, characters) for i in range(n)]
        rows = [[make_cell(rng, characters) for _ in range(n)] for _ in range(20)]
        source = written(rng, [names, *rows], delimiter, quote, line_end, backslash).encode(encoding)
        options = ["--delimiter", delimiter, "--quote", quote, "--empty-is-text", "--block", str(rng.choice([0, 1, 3, 64, 500]))]
        options += ["--backslash"] if backslash else []
        if not encoding.endswith("sig") and encoding != "utf-16":
            options += ["--encoding", {"cp1252": "windows-1252", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be"}.get(encoding, encoding)]
        answers = decode(source, *options)
        assert [cells(answer, names) for answer in answers] == rows
        for i, answer in enumerate(answers):
            record, _, offset, size = answer["at"]
            assert record == i
            assert source[offset:offset + size] == bytes.fromhex(answer["raw"])


def python_rows(text, delimiter, quote):
    """Rows up to the first that Python refuses, and whether there is one. Python gives [] for an empty line."""
    rows, reader = [], csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows, False
        except csv.Error:
            return rows, True
        if row:
            rows.append((row, reader.line_num))


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_soup(decode, delimiter, quote):
    """Quotes wherever they fall, rows of any length."""
    print(f"EP_SEED={SEED}")
    rng = random.Random(f"{SEED} soup {delimiter}{quote}")
    names = ["a", "b", "c"]
    n_rows = n_ragged = n_refused = 0
    for _ in range(80):
        pieces = [delimiter, delimiter, quote, quote * 2, quote + delimiter, delimiter + quote, "\n", "\r\n", "\r", "x", "é ", "yz"]
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 80)))
        rows, is_refused = python_rows(text, delimiter, quote)
        answers = decode(text.encode(), "--columns", ",".join(names), "--delimiter", delimiter, "--quote", quote,
                         "--empty-is-text", "--block", str(rng.choice([0, 1, 2, 5])))
        assert len(answers) > len(rows) if is_refused else len(answers) == len(rows), text
        for (row, line), answer in zip(rows, answers):
            n_rows += 1
            if len(row) == len(names):
                assert answer["reason"] is None and cells(answer, names) == row, text
            else:
                n_ragged += 1
                assert answer["reason"] == "ragged" and answer["detail"] == f"has {len(row)} cells, the header has 3", text
        # A row begins on the line after the one before ended; empty lines lie between.
        for (_, ended), answer in zip(rows, answers[1:]):
            assert answer["at"][1] > ended
        if is_refused:
            n_refused += 1
            assert answers[len(rows)]["reason"] in ("syntax", "truncated"), text
    assert n_rows > 60 and n_ragged > 10 and n_refused > 10


def test_null_and_empty(decode):
    answers = decode(b'a,b,c\n,"",x\n"",,\n')
    assert [list(answer["value"].values()) for answer in answers] == [[None, "'", "'x"], ["'", None, None]]
    answers = decode(b'a,b,c\n,"",x\n', "--empty-is-text")
    assert list(answers[0]["value"].values()) == ["'", "'", "'x"]


def test_what_is_no_character(decode):
    source = "a;b\n1;x\n2;y\n3;z\n".encode("utf-16-le").replace(b"y\0", b"\0\xd8")
    answers = decode(source, "--encoding", "utf-16le")
    assert [answer["reason"] for answer in answers] == [None, "text_encoding", None]
    assert answers[1]["detail"] == "byte 5: not a character of the source's encoding"
    answers = decode(b"a;b\n1;caf\xe9\n2;\x81\n", "--encoding", "windows-1252")
    assert [answer["reason"] for answer in answers] == [None, "text_encoding"]
    assert answers[0]["value"] == {"a": "'1", "b": "'café"}
    answers = decode(b"a;b\n1;caf\xe9\n2;x\n")
    assert [answer["reason"] for answer in answers] == ["text_encoding", None]
    assert "declare decode.encoding: windows-1252" in answers[0]["detail"]


def test_occurrences(decode):
    answers = decode(b"a,b\n1,2\n3,4\n1,2\r\n1,2", "--occurrences", "--block", "3")
    assert [answer["occurrence"] for answer in answers] == [1, 1, 2, 3]


def test_header_errors(decode):
    assert decode(b"a,b,a\n1,2,3\n") == [{"error": 'the header has the name "a" twice, columns 1 and 3'}]
    assert decode(b"a,,b\n") == [{"error": "the header has no name for column 2"}]
