#!/usr/bin/env python3
"""Prints the names of the C unit tests, one a line: tests/unit/test_X.c gives test_X."""

from pathlib import Path

unit = Path(__file__).resolve().parent.parent / "tests" / "unit"
for source in sorted(unit.glob("test_*.c")):
    print(source.stem)
