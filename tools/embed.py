#!/usr/bin/env python3
"""Writes one C file that holds the SQL files and the shipped ShopNow warehouse (declared in src/base/asset.h).

usage: embed.py SOURCE_ROOT OUTPUT

Paths are relative to the source root and sorted, so a lookup may search by halves. The output is only touched when
its content changes, so that a build after an unrelated edit compiles nothing.
"""

import sys
from pathlib import Path

PATTERNS = (
    "sql/**/*.sql",
    "entrepot.yaml",
    "contracts/*.yaml",
    "feeds/*.yaml",
    "lists/*",
    "derive/*.sql",
    "marts/**/*.sql",
    "reconcile/*.sql",
)

# '?' is escaped because of trigraphs; the other printable characters stand for themselves.
PLAIN = {c: chr(c) for c in range(0x20, 0x7F) if chr(c) not in '"\\?'}
SPECIAL = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t"}


def literal(data):
    """C string literals, one a line of the file; octal escapes always have three digits, so no digit joins them."""
    lines = data.splitlines(keepends=True) or [b""]
    return "\n".join(
        '        "' + "".join(PLAIN.get(c) or SPECIAL.get(c) or f"\\{c:03o}" for c in line) + '"'
        for line in lines
    )


def main():
    root, output = Path(sys.argv[1]), Path(sys.argv[2])
    files = sorted(
        (path.relative_to(root).as_posix(), path)
        for pattern in PATTERNS
        for path in root.glob(pattern)
        if path.is_file()
    )
    out = ['/* Made by tools/embed.py. */', '#include "base/asset.h"', "", "const struct ep_asset ep_assets[] = {"]
    for name, path in files:
        data = path.read_bytes()
        out.append(f'    {{"{name}",\n{literal(data)},\n        {len(data)}}},')
    out.append("    {0, 0, 0}, /* past the end: not counted */")
    out.append("};")
    out.append(f"const size_t ep_n_assets = {len(files)};")
    text = "\n".join(out) + "\n"
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


main()
