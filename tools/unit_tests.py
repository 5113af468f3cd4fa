#!/usr/bin/env python3
"""Prints the C unit tests, one a line, with the folders of src/ each includes: `test_csv base decode`.

From it tests/meson.build knows what to link, so that a test of a low layer builds while a higher one does not.
"""

import re
from pathlib import Path

unit = Path(__file__).resolve().parent.parent / "tests" / "unit"
for source in sorted(unit.glob("test_*.c")):
    text = source.read_text(encoding="utf-8", errors="replace")
    # Helpers that lie beside the tests count as part of the test.
    for helper in re.findall(r'^#include "(\w+\.h)"', text, re.MULTILINE):
        if (unit / helper).exists():
            text += (unit / helper).read_text(encoding="utf-8", errors="replace")
    print(source.stem, *sorted({"base", *re.findall(r'^#include "(\w+)/', text, re.MULTILINE)}))
