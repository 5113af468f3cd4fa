"""Pages that the program makes are as it makes them; links between pages lead somewhere; every command has its page."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("ENTREPOT_RELEASE", str(ROOT / "build" / "release" / "entrepot"))
PAGES = sorted((ROOT / "docs").rglob("*.md")) + [ROOT / "README.md", ROOT / "CHANGELOG.md"]


def test_generated_pages_are_fresh(tmp_path):
    subprocess.run([ROOT / "tools" / "docs", tmp_path], env=dict(os.environ, EP_DOCS_PROGRAM=PROGRAM), check=True)
    made = {p.relative_to(tmp_path) for p in tmp_path.rglob("*.md")}
    kept = {p.relative_to(ROOT / "docs") for p in (ROOT / "docs" / "reference").glob("*.md")} | {Path("dictionary.md")}
    assert made == kept
    stale = [str(p) for p in sorted(made) if (tmp_path / p).read_text() != (ROOT / "docs" / p).read_text()]
    assert not stale, "run `make docs`: " + ", ".join(stale)


def anchors(text):
    """The anchors of a page's headings, as a code host makes them."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def test_links_lead_somewhere():
    wrong = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                wrong.append(f"{page.relative_to(ROOT)}: {target} does not exist")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
                wrong.append(f"{page.relative_to(ROOT)}: {target}: no such heading")
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_adr_is_listed():
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    for page in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        assert f"({page.name})" in index, f"{page.name} is not in docs/adr/README.md"
        assert re.match(r"# \d{4} \S", page.read_text()), f"{page.name} begins with its number and title"
