"""What a machine can see of the house rules: sizes, headers, comments, layout, left-overs, names that must not leak."""

import concurrent.futures
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("EP_ROOT", Path(__file__).resolve().parents[2]))
SRC = ROOT / "src"
MAX_LINES = 700
MAX_FILE_BYTES = 1 << 20


def c_files(*suffixes):
    return sorted(p for p in SRC.rglob("*") if p.suffix in suffixes)


def repo_files():
    """What is, or would be, committed."""
    # A tree that belongs to somebody else (a container's mount) is not git's business here.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git work tree")
    names = sorted(name for name in listed.stdout.decode().split("\0") if name)
    return [(name, ROOT / name) for name in names if (ROOT / name).is_file()]


def text_lines():
    for name, path in repo_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
                yield name, number, line


def report(wrong):
    assert not wrong, "\n" + "\n".join(wrong)


def matching(pattern, within=lambda name: True):
    return [f"{name}:{number}: {line.strip()[:140]}" for name, number, line in text_lines()
            if within(name) and re.search(pattern, line)]


def test_files_are_short():
    counts = [(len(p.read_text().splitlines()), p.relative_to(ROOT)) for p in c_files(".c", ".h", ".cc")]
    report([f"{path}: {n} lines, at most {MAX_LINES}" for n, path in counts if n > MAX_LINES])


def test_no_large_files():
    report([f"{name}: {path.stat().st_size} bytes" for name, path in repo_files() if path.stat().st_size > MAX_FILE_BYTES])


def pkg_config(*names):
    return subprocess.run(["pkg-config", "--cflags", *names], capture_output=True, text=True, check=True).stdout.split()


def test_headers_compile_alone():
    headers = c_files(".h")
    flags = pkg_config("libfyaml", "libpcre2-8", "libcrypto", "libzstd", "libxxhash", "libpq")
    command = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
               f"-I{SRC}", f"-isystem{ROOT}/build/deps", *flags, "-x", "c", "-"]

    def compile_alone(header):
        # Included twice: a guard that is missing or wrong shows.
        text = f'#include "{header.relative_to(SRC)}"\n' * 2 + "extern int ep_not_empty;\n"
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return f"{header.relative_to(ROOT)}:\n{result.stderr}" if result.returncode else None

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        report([wrong for wrong in pool.map(compile_alone, headers) if wrong])


def undocumented(text):
    """Functions that a header declares in a paragraph without any comment.

    A paragraph ends at an empty line: pairs such as _new and _free say their contract once. The comment of a type
    also covers the paragraph after it, the functions of that type.
    """
    wrong, bare = [], []
    covered, of_type, in_comment, depth, pending = False, False, False, 0, ""
    for line in text.splitlines() + [""]:
        stripped = line.strip()
        if in_comment:
            in_comment = "*/" not in stripped
            continue
        if not stripped and depth == 0:
            if not covered:
                wrong += bare
            covered, of_type, bare = of_type and covered, False, []
        if not stripped or stripped.startswith(("#", "//")):
            continue
        if "/*" in stripped:
            # What is remarked inside a function or a struct says nothing of the paragraph.
            covered = covered or depth == 0
            in_comment = "*/" not in stripped
        code = re.sub(r"/\*.*?(\*/|$)", "", stripped).strip()
        opened = code.count("{") - code.count("}")
        if depth == 0:
            pending += " " + code
        depth += opened
        if depth == 0 and (code.endswith((";", "}")) or opened < 0):
            name = re.search(r"\b(ep_\w+)\s*\(", pending)
            if re.match(r"\s*(typedef\b|(struct|enum|union)\s+\w+\s*[{;])", pending):
                of_type = True
            elif name:
                bare.append(name[1])
            pending = ""
    return wrong


def test_public_functions_have_a_comment():
    report([f"{header.relative_to(ROOT)}: {name}() has no comment"
            for header in c_files(".h") for name in undocumented(header.read_text())])


def test_the_comment_check_sees_a_bare_function():
    assert undocumented("int ep_a(void);\n") == ["ep_a"]
    assert undocumented("int ep_a(void); /* Says. */\n") == []
    assert undocumented("/** Says. */\nint ep_a(void);\nvoid ep_b(int x,\n          int y);\n") == []
    assert undocumented("/** Says. */\nint ep_a(void);\n\nvoid ep_b(void);\n") == ["ep_b"]
    assert undocumented("struct ep_s {\n    int (*run)(int x);\n};\n") == []
    assert undocumented("/* Says. */\ntypedef struct ep_s {\n    int x;\n\n    int y;\n} ep_s;\n\nint ep_s_x(ep_s s);\n") == []
    assert undocumented("/* Says. */\ntypedef int ep_s;\n\nint ep_s_x(ep_s s);\n\nint ep_b(void);\n") == ["ep_b"]
    assert undocumented("static inline int ep_a(void) {\n    return ep_b();\n}\n") == ["ep_a"]


def test_no_leftovers():
    code = re.compile(r"^(src|sql|web|tools|tests/(unit|fuzz|integration))/")
    report(matching(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK)\b|(//|/\*|^\s*\*|#|--).*\bX" r"XX\b", code.match))


def test_no_registry_hosts():
    # A mirror must do: the lock file's hashes say what is accepted, whoever serves it.
    hosts = r"https?://[a-z0-9.-]*(npm|pypi|pythonhosted|maven|debian|crates)[a-z0-9.-]*(/|\b)"
    bare = r"(registry\.npm|\bpypi\.org|files\.pythonhosted|(deb|ftp|security)\.debian\.org|repo1?\.maven)"
    report(matching(hosts + "|" + bare, lambda name: name != "tests/lint/test_repo.py"))
    report([f"package-lock.json: {key}" for key in ["resolved"] if f'"{key}"' in (ROOT / "package-lock.json").read_text()])


def test_no_machine_paths():
    report(matching(r"(^|[^A-Za-z0-9_.])/(work|farm)/", lambda name: name != "tests/lint/test_repo.py"))


def test_c_code_is_formatted():
    result = subprocess.run([ROOT / "tools" / "format", "--check"], capture_output=True, text=True, check=False)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error: code should be", result.stderr, re.MULTILINE)))
    assert result.returncode == 0, "run `make format`: " + (", ".join(files) or result.stderr)
