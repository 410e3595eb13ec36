"""The checks of every change, as tests: lint, format, types, templates, migrations, a clean production start."""

import base64
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from config import declared, env
from tests.config.deployment import Done
from tests.harness import clean_environment, until
from tests.house import tree

URL = "postgresql://{}:secret@db.example.test/patchbay"
PRODUCTION = {
    "DEPLOYMENT": "production",
    "PUBLIC_URL": "https://patchbay.example.test",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "SECRETS_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "DATABASE_URL": URL.format("patchbay_app"),
    "DATABASE_OWNER_URL": URL.format("patchbay_owner"),
    "DATABASE_OPERATOR_URL": URL.format("patchbay_operator"),
    "BROKER_URL": "redis://broker.example.test:6379/0",
    "EMAIL_URL": "smtps://patchbay:secret@mail.example.test",
    "EMAIL_FROM": "Patchbay <patchbay@example.test>",
}
SOURCES = ["manage.py", *tree.PACKAGES, "tests"]


def assert_passes(*command: str) -> None:
    """A check that has nothing to say."""
    done = subprocess.run(
        [sys.executable, *command], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]


def test_lint() -> None:
    assert_passes("-m", "ruff", "check", *SOURCES)


def test_format() -> None:
    assert_passes("-m", "ruff", "format", "--check", *SOURCES)


def test_types() -> None:
    assert_passes("-m", "mypy")


def test_templates_are_formatted() -> None:
    templates = [
        str(path) for path in tree.files() if path.parts[0] == "templates" and path.suffix == ".html"
    ]
    djade = Path(sys.executable).parent / "djade"  # a program, not a module
    done = subprocess.run(
        [djade, "--check", "--target-version", "5.2", *templates],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- Commands ------------------------------------------------------------------------------------------------

# Asked of one Python that has the libraries loaded (tests/config/forking.py): alone, each would spend seconds on that.
DEPLOY = ("check", "--deploy", "--fail-level", "INFO")
COMMANDS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "migrations": (("makemigrations", "--check", "--dry-run"), {}),
    "production": (DEPLOY, PRODUCTION),
    "test server": (("check", "--deploy"), {**PRODUCTION, "EGRESS_ALLOW": "127.0.0.1:8080"}),
    **{
        name: (("check", "--deploy"), {**PRODUCTION, name: PRODUCTION["DATABASE_URL"]})
        for name in ("DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL")
    },
    "key ring": (("check",), {**PRODUCTION, "SECRETS_KEYS": "k1:dG9vIHNob3J0"}),
    "no key": (("check",), {**PRODUCTION, "SECRET_KEY": ""}),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """How each of COMMANDS ended, by its name."""
    folder = tmp_path_factory.mktemp("commands")
    lines = [
        json.dumps(
            {
                "arguments": arguments,
                "environment": {**(clean_environment() if settings else os.environ), **settings},
                "answer": str(folder / name),
            }
        )
        for name, (arguments, settings) in COMMANDS.items()
    ]
    command = [sys.executable, "-m", "tests.config.forking"]
    subprocess.run(command, cwd=tree.ROOT, input="\n".join(lines), text=True, check=True)
    for name in COMMANDS:
        until((folder / name).exists, 120, name)
    told = {name: json.loads((folder / name).read_text()) for name in COMMANDS}
    return {name: Done(one["status"], one["out"], one["err"]) for name, one in told.items()}


def test_migrations_are_complete(ended: dict[str, Done]) -> None:
    assert ended["migrations"].returncode == 0, ended["migrations"]


def test_production_passes_djangos_deployment_checks(ended: dict[str, Done]) -> None:
    assert ended["production"].returncode == 0, ended["production"]
    assert "no issues" in ended["production"].stdout


def test_production_lets_no_test_server_in(ended: dict[str, Done]) -> None:
    assert ended["test server"].returncode != 0
    assert "patchbay.E005" in ended["test server"].stderr


@pytest.mark.parametrize("argument", ["DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL"])
def test_production_wants_three_roles(ended: dict[str, Done], argument: str) -> None:
    assert ended[argument].returncode != 0
    assert "patchbay.E002" in ended[argument].stderr


def test_production_wants_a_usable_key_ring(ended: dict[str, Done]) -> None:
    done = ended["key ring"]
    assert done.returncode != 0
    assert "patchbay.E001" in done.stderr
    assert "dG9vIHNob3J0" not in done.stdout + done.stderr


def test_a_refusal_ends_the_program_with_one_line_a_fault(ended: dict[str, Done]) -> None:
    done = ended["no key"]
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert "SECRET_KEY" in done.stderr


# --- Settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "too short"),
        ("SECRET_KEY", declared.UNSAFE_KEY),
        ("SECRETS_KEYS", ""),
        ("SECRETS_KEYS", declared.UNSAFE_KEY_RING),
        ("DATABASE_URL", ""),
        ("DATABASE_OWNER_URL", ""),
        ("DATABASE_OPERATOR_URL", ""),
        ("PUBLIC_URL", ""),
        ("PUBLIC_URL", "http://patchbay.example.test"),
        ("PUBLIC_URL", "https://patchbay.example.test/below"),
        ("EMAIL_URL", ""),
        ("EMAIL_URL", "imap://mail.example.test"),
        ("EMAIL_URL", "smtp://patchbay:secret@mail.example.test"),
        ("EMAIL_URL", "smtp://mail.example.test?tls=maybe"),
        ("EMAIL_URL", "smtp://mail.example.test?verify=no"),
        ("EMAIL_FROM", ""),
        ("EMAIL_FROM", "one@example.test, two@example.test"),
        ("CALLS_PER_SECOND", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("EGRESS_ALLOW", "localhost"),
        ("EGRESS_ALLOW", "hooks.example.test:https"),
        ("WEBHOOK_PAUSES", "5 minutes"),
        ("WEBHOOK_PAUSES", "300,5"),
        ("FAILPOINT", "sending.committed:1"),
    ],
)
def test_production_refuses_to_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    give(monkeypatch, {**PRODUCTION, name: value})
    with pytest.raises(env.SettingsError) as refusal:
        env.read()
    said = str(refusal.value).splitlines()
    assert len(said) == 2, said
    assert name in said[1]
    assert PRODUCTION["SECRET_KEY"] not in str(refusal.value)


def test_production_may_do_without_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {**PRODUCTION, "EMAIL_URL": "", "EMAIL_FROM": "", "EMAIL_OFF": "1"})
    assert env.read().EMAIL_OFF


@pytest.mark.parametrize("name", sorted(env.Env.model_fields))
def test_a_setting_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    expected = {**PRODUCTION, "CALLS_PER_SECOND": "7"}
    value = expected.get(name) or plain(env.Env.model_fields[name].default)
    (tmp_path / "value").write_text(f"{value}\n")
    give(monkeypatch, {key: value for key, value in expected.items() if key != name})
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))
    assert plain(getattr(env.read(), name)) == value


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    give(monkeypatch, {key: value for key, value in PRODUCTION.items() if key != "SECRET_KEY"})
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(env.SettingsError, match=r"SECRET_KEY_FILE .*absent"):
        env.read()


def give(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    """Exactly these settings and no others."""
    for name in env.Env.model_fields:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def plain(value: object) -> str:
    """A setting as the environment would hold it."""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value)
