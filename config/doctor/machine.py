"""The settings and the machine: Django's own checks, the key ring against what is sealed, disks, static files."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from config.doctor.findings import Check, Look
from connections import rotation, vault

GIBIBYTE: Final = 2**30
LEAST_SHARE: Final = 0.10
LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1", "patchbay.localhost"})
# These have checks of their own here, which say more.
ELSEWHERE: Final = frozenset({"patchbay.E001", "patchbay.E002"})
SAMPLES: Final = 3


def deployment(look: Look) -> None:
    """What the world can reach runs as production."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if settings.PRODUCTION:
        return
    if host in LOCAL or host.endswith(".localhost"):
        look.note("DEPLOYMENT is development: what only a real deployment needs is not looked at.")
        return
    look.fault(
        f"DEPLOYMENT is development, and PUBLIC_URL names {host}, which others can reach.",
        "Set DEPLOYMENT=production; it refuses to start without real secrets.",
    )


def deployment_checks(look: Look) -> None:
    """`manage.py check --deploy`."""
    found = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    for message in found:
        if message.level < checks.WARNING or message.id in ELSEWHERE or message.is_silenced():
            continue
        look.fault(
            f"{message.msg} ({message.id})",
            message.hint or "Correct the setting that the message names.",
            stops=message.level >= checks.ERROR,
        )


def key_ring(look: Look) -> None:
    """The ring can be read, and opens what is sealed: all by key id, and some of each for real."""
    try:
        ring = vault.parse_ring(settings.ENV.SECRETS_KEYS.get_secret_value())
    except ImproperlyConfigured as error:
        look.fault(
            str(error), "Write each entry as id:base64 of 32 bytes, comma-separated, the newest first."
        )
        return
    missing, closed = set(), set()
    for sealed in rotation.SEALED:
        rows = sealed.model._default_manager.using(rotation.OPERATOR).exclude(**{sealed.column: ""})
        known: dict[str, int] = {}
        for key, text in rows.order_by("-pk").values_list("pk", sealed.column).iterator(chunk_size=2_000):
            key_id = str(text).split(".", 2)[1] if str(text).count(".") >= 2 else "?"
            if key_id not in ring:
                missing.add(key_id)
                continue
            known[key_id] = known.get(key_id, 0) + 1
            if known[key_id] <= SAMPLES and not _opens(sealed, key, text):
                closed.add(key_id)
    look.note(f"Keys on the ring: {', '.join(ring)}.")
    if missing:
        look.fault(
            f"Secrets are sealed by {', '.join(sorted(missing))}, which SECRETS_KEYS does not have.",
            "Put these keys back at the end of SECRETS_KEYS, run manage.py rotate_keys, and only then take them off.",
        )
    if closed:
        look.fault(
            f"The key {', '.join(sorted(closed))} of SECRETS_KEYS does not open what was sealed under that id.",
            "Put the key back that it was: an id must never get another key. Without it every account is linked again.",
        )


def _opens(sealed: rotation.Sealed, key: Any, text: str) -> bool:  # Any: a primary key
    row = sealed.model._default_manager.using(rotation.OPERATOR).filter(pk=key).first()
    if row is None or getattr(row, sealed.column) != text:
        return True  # changed beside us, by a process that could
    try:
        vault.open_sealed(text, sealed.place(row))
    except vault.CannotOpen:
        return False
    return True


def data_folder(look: Look) -> None:
    """The data folder is there and has room."""
    folder = Path(settings.ENV.PATCHBAY_DATA)
    if not folder.is_dir():
        if settings.PRODUCTION:
            look.fault(
                f"The data folder {folder} does not exist.",
                "Make it, or correct PATCHBAY_DATA, and run manage.py collectstatic --no-input.",
            )
        return
    usage = shutil.disk_usage(folder)
    look.note(f"{usage.free / GIBIBYTE:.1f} GiB free at {folder}.")
    if usage.free < GIBIBYTE and usage.free < usage.total * LEAST_SHARE:
        look.fault(
            f"Only {usage.free / 2**20:.0f} MiB are free at {folder}.",
            "Make room, or move PATCHBAY_DATA to a larger disk.",
            stops=False,
        )


def temporary_folder(look: Look) -> None:
    """An upload can be taken in."""
    wanted = os.environ.get("TMPDIR")
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir())
    if wanted and Path(wanted).resolve() != folder.resolve():
        look.fault(
            f"TMPDIR names {wanted}, which cannot be written; {folder} is used in its place.",
            "Make that folder and let Patchbay's account write there, or correct TMPDIR.",
        )
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        look.fault(
            f"Nothing can be written in {folder}: {error.strerror}.",
            "Let Patchbay's account write there; imports are kept there while they arrive.",
        )
        return
    free, most = shutil.disk_usage(folder).free, settings.ENV.IMPORT_MAX_BYTES
    if free < most:
        look.fault(
            f"{folder} has {free / 2**20:,.0f} MiB free, and one import may bring {most / 2**20:,.0f} MiB.",
            "Make room, point TMPDIR at a larger disk, or lower IMPORT_MAX_BYTES.",
        )


def static_files(look: Look) -> None:
    """Styles and scripts of this version are collected."""
    if not settings.PRODUCTION:
        return
    cure = "Run manage.py collectstatic --no-input with the same PATCHBAY_DATA, then restart the web server."
    collected: dict[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    if not collected:
        look.fault(f"No static files are collected in {settings.STATIC_ROOT}.", cure)
        return
    old = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            there = Path(str(settings.STATIC_ROOT)) / path
            changed_at = storage.get_modified_time(path).timestamp()
            if path not in collected or not there.is_file() or changed_at > there.stat().st_mtime:
                old.append(path)
    if old:
        look.fault(f"{len(old)} static files are not those of this version, such as {old[0]}.", cure)


CHECKS = (
    Check("deployment", "What others can reach runs as production.", deployment),
    Check("deployment checks", "manage.py check --deploy finds nothing.", deployment_checks),
    Check(
        "key ring",
        "SECRETS_KEYS opens everything that is sealed.",
        key_ring,
        needs=("deployment checks", "migrations", "tables"),
    ),
    Check("data folder", "It is there and has room.", data_folder),
    Check("temporary folder", "It can take an upload in.", temporary_folder),
    Check("static files", "Those of this version are collected.", static_files, needs=("data folder",)),
)
