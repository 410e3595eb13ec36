"""ARCHITECTURE.md is short, and every path and name in it is found in the code."""

import importlib
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.core.management import get_commands

from tests.house import tree

# Where a short name such as `linking.start` may begin.
HOMES = (
    "config",
    "connections",
    "connections.audit",
    "connections.links",
    "connections.mail",
    "connections.people",
    "connections.programs",
    "connections.quota",
    "mapping",
    "syncjobs",
    "syncjobs.imports",
    "syncjobs.queue",
    "connections.constantcontact",
    "connections.constantcontact.resources",
    "config.embedded",
    "connections.models",
    "mapping.models",
    "syncjobs.models",
    "tests",
    "tests.house",
)
# Words of PostgreSQL's, SQL's and other people's that the page sets in backticks.
FOREIGN = {
    "COPY",
    "ENABLE",
    "FORCE",
    "BYPASSRLS",
    "USING",
    "WITH CHECK",
    "SECURITY DEFINER",
    "UPDATE",
    "_links.next",
}


def names() -> Iterator[str]:
    """Every code span and every word of every code block."""
    page = tree.text("ARCHITECTURE.md")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page, re.M | re.S)
    for block in blocks:
        # In a drawing only paths and dotted names count; the rest is prose.
        yield from re.findall(r"(?<![\w/.])[\w.-]+/(?:[\w./-]*[\w/])?|[a-z_]\w*(?:\.[a-z_]\w*)+", block)
    for span in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.M | re.S)):
        yield from [span] if span in FOREIGN else re.split(r"[\s,]+|->", span)


def exists(name: str) -> bool:
    """Whether it is a path, a command with its options, or a name of the code."""
    bare = re.sub(r"\(.*\)$|^Retry\(|\)+$", "", name)
    if not bare or bare in FOREIGN or bare.startswith("--"):
        return True
    if bare in {"python3"} or bare in get_commands() or bare in {"up", "test"}:
        return True
    return is_path(bare) or is_name(bare)


@cache
def is_path(name: str) -> bool:
    """A file or folder of ours: from the root, or below a package (`models/links.py`)."""
    wanted = name.rstrip("/")
    return any(
        str(path) == wanted or str(path).startswith(f"{wanted}/") or f"/{wanted}/" in f"/{path}/"
        for path in tree.files()
    )


def is_name(name: str) -> bool:
    """A module, or something in one, from the top or from a home."""
    if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
        return False
    return any(resolves(f"{home}.{name}" if home else name) for home in ("", *HOMES)) or is_used_word(name)


@cache
def resolves(dotted: str) -> bool:
    """Import as far as it goes, then take attributes (a model's fields and a dataclass's too)."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            annotated = getattr(found, "__annotations__", {})
            fields = {field.name for field in found._meta.get_fields()} if hasattr(found, "_meta") else set()
            if not hasattr(found, part) and part not in annotated and part not in fields:
                return False
            found = getattr(found, part, None)
        return True
    return False


@cache
def is_used_word(name: str) -> bool:
    """A single word that the product's code itself uses: a class, a function, a column, a stage."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    return "." not in name and any(pattern.search(tree.text(path)) for path in tree.modules())


def test_is_short() -> None:
    assert len(tree.text("ARCHITECTURE.md").splitlines()) <= 200


def test_every_path_and_name_is_there() -> None:
    found = set(names())
    assert len(found) > 60, "the page names too little to be a map"
    assert not sorted(name for name in found if not exists(name))


def test_every_room_is_on_the_map() -> None:
    page = tree.text("ARCHITECTURE.md")
    rooms = {path.parts[:2] for path in tree.modules() if path.name != "__init__.py"}
    missing = [
        "/".join(room)
        for room in sorted(rooms)
        if len(room) > 1 and not re.search(rf"(?<!\w){re.escape(room[1].removesuffix('.py'))}(?!\w)", page)
    ]
    assert not missing


@pytest.mark.parametrize(
    "name", ["connections/nowhere.py", "linking.begin", "syncjobs.nothing", "NoSuchModel", "config/ghost/"]
)
def test_a_wrong_name_is_found_out(name: str) -> None:
    assert not exists(name)


@pytest.mark.parametrize(
    "name",
    ["connections/links/linking.py", "linking.start", "models/links.py", "SyncJob.fence", "templates/"],
)
def test_a_right_name_is_found(name: str) -> None:
    assert exists(name)
