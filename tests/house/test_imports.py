"""The floors and who may use what: import-linter's contracts, and the table of libraries and rooms."""

import subprocess
import sys
from fnmatch import fnmatch

import pytest

from tests.house import tree

CLIENT = "connections/constantcontact/*"
SIMULATOR = "connections/simulator/*"

# What may be imported only in these rooms (a file pattern's `*` crosses folders).
ONLY_IN = {
    "httpx": ("connections/gateway.py", CLIENT, "syncjobs/egress.py"),
    "httpcore": ("syncjobs/egress.py",),
    "celery": ("connections/bell.py", "connections/tasks.py", "syncjobs/tasks.py", "config/*"),
    "kombu": ("connections/bell.py", "config/*"),
    "django.core.mail": ("connections/mail/delivery.py",),
    "smtplib": ("connections/mail/delivery.py", "config/doctor/*", "config/doctor/mail.py"),
    "urllib.request": ("config/demo.py", "config/management/commands/ensure_defaults.py"),
    "requests": (),
    "django.dispatch": ("connections/signals.py", "syncjobs/receivers.py"),
    "django.db.models.signals": (),
    "connections.signals": (
        *(
            f"connections/{name}.py"
            for name in (
                "access",
                "links/changing",
                "links/granting",
                "links/unlinking",
                "programs/keys",
                "tokens",
            )
        ),
        "syncjobs/receivers.py",
    ),
    "connections.simulator": ("connections/management/commands/simulator.py", SIMULATOR),
    "connections.constantcontact.client": ("connections/*", "mapping/*", "syncjobs/*"),
    "connections.constantcontact.transport": ("connections/*",),
    "connections.constantcontact.resources": (CLIENT,),
    "connections.constantcontact.oauth": ("connections/*",),
    "connections.constantcontact.pages": ("connections/*", "mapping/*", "syncjobs/*"),
    "connections.constantcontact.shapes": ("connections/*", "mapping/*", "syncjobs/*"),
    "connections.constantcontact.errors": (
        "connections/*",
        "mapping/*",
        "syncjobs/*",
        "config/api.py",
        "config/provider.py",
    ),
    "config": ("config/*",),
}

# Rooms without Django: the provider's client, its stand-in, and every module that only decides.
WITHOUT_DJANGO = (
    CLIENT,
    SIMULATOR,
    *(
        f"connections/{name}.py"
        for name in (
            "roles",
            "spreadsheet",
            "audit/words",
            "links/broughtrows",
            "links/contexts",
            "links/outcomes",
            "links/privileges",
            "links/returning",
            "people/browsers",
            "programs/batching",
            "quota/daybudget",
            "quota/fairshare",
            "quota/forecast",
            "quota/pacing",
            "quota/waiting",
        )
    ),
    *(f"mapping/{name}.py" for name in ("fields", "known", "values", "translation", "consent", "promotion")),
    *(
        f"syncjobs/{name}.py"
        for name in ("states", "polling", "publicaddresses", "webhooksigning", "planner/*")
    ),
    *(f"syncjobs/imports/{name}.py" for name in ("readers*", "exports")),
)
NAMELESS = {"services.py", "utils.py", "helpers.py", "common.py", "base.py", "misc.py"}


def test_contracts_are_kept() -> None:
    command = (
        "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("library", ONLY_IN)
def test_is_used_only_in_its_rooms(library: str) -> None:
    users = {str(path) for path in tree.modules() if tree.imports_any(tree.imports(tree.text(path)), library)}
    elsewhere = {user for user in users if not any(fnmatch(user, room) for room in ONLY_IN[library])}
    assert not elsewhere, f"{library} is imported outside its rooms by {sorted(elsewhere)}"


@pytest.mark.parametrize("room", WITHOUT_DJANGO)
def test_knows_no_django(room: str) -> None:
    inside = [path for path in tree.modules() if fnmatch(str(path), room)]
    assert inside, f"{room} names no file any more"
    for path in inside:
        found = tree.imports(tree.text(path))
        assert not tree.imports_any(
            found, "django", "psycopg", "connections.models", "mapping.models", "syncjobs.models"
        ), path


def test_only_config_reads_the_environment() -> None:
    readers = [
        str(path) for path in tree.modules() if path.parts[0] != "config" and "os.environ" in tree.text(path)
    ]
    assert not readers


def test_rooms_have_names_of_their_own() -> None:
    assert not [str(path) for path in tree.modules() if path.name in NAMELESS]
