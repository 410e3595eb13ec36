"""README is enough for a first run, and nothing in the repository speaks of the place where it was written."""

import re

import pytest

from tests.house import tree

README = tree.text("README.md")
# What each library does, and the rooms that README must name for it.
ROOMS = {
    "django-allauth": ("connections/forms.py", "templates/account/"),
    "celery": ("syncjobs/tasks.py", "syncjobs/queue.py", "config/celery.py"),
    "httpx": ("connections/constantcontact/", "connections/gateway.py"),
    "psycopg": ("config/settings.py", "connections/staging.py"),
    "django-htmx": ("templates/base.html", "syncjobs/views/"),
}
COMMANDS = ("python3 manage.py up", "python3 manage.py test")
# Built from pieces, so that this file is no finding of its own.
ELSEWHERE = {
    "a path of some machine": r"(?<![\w.])/(?:work|root|home/[a-z]+|Users)/",
    "a scratch folder": r"/t" + r"mp/(?:venv|[A-Z]\.md|bash)",
    "a folder beside the repository": r"\.\./" + r"shared",
    "the number of an issue": r"\b[Ii]ssue" + r" #?\d|(?<![\w&/#])#\d{1,4}\b(?!\d|[0-9a-fA-F])",
    "who wrote it": r"\b(?:ChatGPT|Copilot|Clau" + r"de|Anth" + r"ropic|OpenAI)\b",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_names_the_command(command: str) -> None:
    assert README.index(command) < 1_500, "a newcomer finds it at the top"


@pytest.mark.parametrize("library", ROOMS)
def test_says_what_a_library_does_and_where(library: str) -> None:
    line = next(
        (line for line in README.splitlines() if line.startswith((f"| {library} |", f"| `{library}` |"))), ""
    )
    assert line, f"README has no row for {library}"
    for room in ROOMS[library]:
        assert f"`{room}`" in line
        assert (tree.ROOT / room).exists()
    assert len(line) > 120, "it says what the library does"


def test_a_library_is_used_where_readme_says() -> None:
    named = {"django-allauth": "allauth", "celery": "celery", "httpx": "httpx", "django-htmx": "htmx"}
    for library, word in named.items():
        assert any(
            word in tree.text(path)
            for room in ROOMS[library]
            for path in tree.files()
            if str(path).startswith(room)
        )


def test_every_path_in_code_spans_exists() -> None:
    spans = set(re.findall(r"`([\w./-]+)`", README))
    paths = {
        span
        for span in spans
        if span.endswith((".py", ".md", ".toml", ".txt", ".html", "/")) and not span.startswith("/")
    }
    assert not [path for path in sorted(paths) if path != ".patchbay/" and not (tree.ROOT / path).exists()]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (tree.ROOT / target).exists(), target


def test_every_management_command_is_named() -> None:
    commands = {
        path.stem
        for path in tree.modules()
        if path.parts[-3:-1] == ("management", "commands") and path.stem != "__init__"
    }
    assert not [command for command in sorted(commands) if not re.search(rf"manage\.py {command}\b", README)]


@pytest.mark.parametrize("what", ELSEWHERE)
def test_nothing_speaks_of(what: str) -> None:
    found = []
    for path in tree.files():
        if (
            path.suffix in {".svg", ".css"}
            or path.name == "requirements.txt"
            or str(path) == "tests/house/test_readme.py"
        ):
            continue
        found += [f"{path}: {match.group()}" for match in re.finditer(ELSEWHERE[what], tree.text(path))]
    assert not found


def test_changelog_speaks_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"$', tree.text("pyproject.toml"), re.M)
    assert version is not None
    assert f"## {version.group(1)}" in tree.text("CHANGELOG.md")
