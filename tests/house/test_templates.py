"""Templates keep the strict Content Security Policy possible, and the files that browsers load stay small."""

import gzip
import re
from pathlib import Path

import django_htmx
import pytest

from tests.house import tree

TEMPLATES = [path for path in tree.files() if path.parts[0] == "templates" and path.suffix == ".html"]
FORBIDDEN = {
    "a style attribute": r"<[a-z][^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an event attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
    "an hx-on attribute": r"\shx-on[:\s=-]",
    "a javascript: address": r"javascript:",
    "trust in a value": r"\|\s*safe\b|\bautoescape\s+off",
    "something from elsewhere": r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//",
}
COMMENTS = r"\{#.*?#\}|\{% comment.*?endcomment %\}"
# Django's own forms bring markup in their help texts (the rules for a password); they are code, not input.
TRUSTED = "{{ field.help_text|safe }}"
# The HTML part of messages is no page: no policy is sent with it, and mail programs load no stylesheet.
STYLED = {Path("templates/mail/layout.html")}
# Kilobytes after gzip: all of the scripts together, and the one stylesheet.
MOST_JS, MOST_CSS = 25, 20


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 30


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str) -> None:
    # Tags of the template language may hold a `>`; they go first.
    bare = {
        path: re.sub(COMMENTS, "", tree.text(path).replace(TRUSTED, ""), flags=re.S) for path in TEMPLATES
    }
    found = {path for path, text in bare.items() if re.search(FORBIDDEN[what], without_tags(what, text))}
    assert not found - (STYLED if what == "a style attribute" else set())


def without_tags(what: str, text: str) -> str:
    """The text as a browser may get it; a filter is only seen with its tags."""
    return text if what == "trust in a value" else re.sub(r"\{[%{].*?[%}]\}", "x", text, flags=re.S)


def test_every_form_that_posts_carries_the_token() -> None:
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", tree.text(path), re.S):
            if re.search(r"method=[\"']?post", form[: form.find(">")], re.I):
                assert "csrf_token" in form, path


def test_python_writes_no_markup_that_is_trusted() -> None:
    assert not [
        str(path) for path in tree.modules() if re.search(r"\bmark_safe\(|\bSafeString\(", tree.text(path))
    ]


def test_scripts_and_styles_are_small() -> None:
    static = [path for path in tree.files() if path.parts[0] == "static"]
    htmx = [
        *Path(django_htmx.__file__).parent.glob("static/**/htmx-2*.min.js"),
        Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js",
    ]
    htmx_file = next(path for path in htmx if path.is_file())
    scripts = [tree.ROOT / path for path in static if path.suffix == ".js"] + [htmx_file]
    styles = [tree.ROOT / path for path in static if path.suffix == ".css"]
    assert kilobytes(scripts) <= MOST_JS
    assert kilobytes(styles) <= MOST_CSS
    assert not [path for path in static if path.suffix in {".woff", ".woff2", ".ttf", ".otf"}]


def kilobytes(paths: list[Path]) -> float:
    """Their size on the wire."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths) / 1_000


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a style attribute", '<p class="a" style="color: red">'),
        ("an inline script", "<script>go()</script>"),
        ("an event attribute", '<a href="x" onclick="go()">'),
        ("an hx-on attribute", '<a hx-on:click="go()">'),
        ("trust in a value", "{{ name|safe }}"),
        ("something from elsewhere", '<script src="https://cdn.example/x.js"></script>'),
    ],
)
def test_what_is_forbidden_is_found(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], without_tags(what, text))
