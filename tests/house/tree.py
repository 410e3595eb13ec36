"""The repository as its own tests see it: the files that belong to it, and its modules with what they import."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "connections", "mapping", "syncjobs")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed; relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        found = [Path(name) for name in done.stdout.split("\0") if name]
    else:  # an unpacked archive
        found = [
            path.relative_to(ROOT)
            for path in ROOT.rglob("*")
            if "." not in path.relative_to(ROOT).parts[0][:1]
        ]
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def text(path: Path | str) -> str:
    """A file's content; nothing for one that holds no text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def modules() -> Iterator[Path]:
    """The product's Python files, migrations apart."""
    for path in files():
        if path.suffix == ".py" and path.parts[0] in PACKAGES and "migrations" not in path.parts:
            yield path


@cache
def imports(source: str) -> frozenset[str]:
    """What a module imports, in full: `from a import b` counts as `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def imports_any(found: frozenset[str], *names: str) -> bool:
    """Whether one of these packages is imported, itself or something in it."""
    return any(one == name or one.startswith(f"{name}.") for one in found for name in names)
