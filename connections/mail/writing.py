"""What a message says: one text for each kind, from which both parts are made, so that their words cannot differ.

`templates/mail/<kind>.txt` begins with `Subject: ...`; paragraphs follow, an empty line between them. A paragraph of
two lines, a label with a colon and an address of ours, is the thing to do: HTML shows it as a link with its
address below. What people have written (names, browsers) is put on one line and cut before it is filled in, so it
can neither begin a paragraph nor a header, nor put an address of its own under a label.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.template import Context
from django.template.backends.django import Template
from django.template.loader import get_template, render_to_string

LONGEST_SUBJECT: Final = 200
LONGEST_NAME: Final = 200
LONGEST_EMAIL: Final = 254
LONGEST_ADDRESS: Final = 2_000


@dataclass(frozen=True)
class Paragraph:
    """Lines that belong together; with `url` they are a link."""

    lines: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class Written:
    """A message, ready to be sealed and sent."""

    subject: str
    text: str
    html: str

    def pack(self) -> str:
        """Both bodies as one text."""
        return json.dumps({"text": self.text, "html": self.html})


def unpack(subject: str, packed: str) -> Written:
    """The message again."""
    bodies = json.loads(packed)
    return Written(subject, bodies["text"], bodies["html"])


def write(kind: str, context: Mapping[str, object]) -> Written:
    """The message of this kind, filled in."""
    filled = {name: _safe(value) for name, value in context.items()}
    filled["public_url"] = settings.PUBLIC_URL
    first, _, body = _render(f"mail/{kind}.txt", filled).strip().partition("\n")
    label, _, subject = first.partition(": ")
    if label != "Subject":
        raise ValueError(f"templates/mail/{kind}.txt does not begin with `Subject: `")
    paragraphs = [*_paragraphs(body), *_paragraphs(_render("mail/foot.txt", filled))]
    text = "\n\n".join("\n".join(_as_text(one)) for one in paragraphs) + "\n"
    subject = subject.strip()[:LONGEST_SUBJECT]
    html = render_to_string("mail/layout.html", {"subject": subject, "paragraphs": paragraphs})
    return Written(subject, text, "\n".join(line for line in html.splitlines() if line.strip()) + "\n")


def _render(name: str, filled: Mapping[str, object]) -> str:
    """Plain text: nothing is escaped here; the HTML part escapes every line."""
    template = get_template(name)
    assert isinstance(template, Template)
    return template.template.render(Context(dict(filled), autoescape=False))


def _safe(value: object) -> object:
    """What is filled in stays on its line; only addresses of ours may be long, or look like addresses."""
    if not isinstance(value, str):
        return value
    plain = " ".join("".join(map(_visible, value)).split())
    if plain.startswith(f"{settings.PUBLIC_URL}/"):
        return plain[:LONGEST_ADDRESS]
    is_address = "@" in plain and " " not in plain
    return _cut(plain.replace("://", ":"), LONGEST_EMAIL if is_address else LONGEST_NAME)


def _visible(sign: str) -> str:
    """Controls part words; marks that turn the reading direction or hide are left out."""
    category = unicodedata.category(sign)
    return " " if category in {"Cc", "Zl", "Zp"} else "" if category in {"Cf", "Cs", "Co"} else sign


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _paragraphs(body: str) -> list[Paragraph]:
    found = []
    for part in body.split("\n\n"):
        lines = tuple(line.strip() for line in part.splitlines() if line.strip())
        if len(lines) == 2 and lines[0].endswith(":") and lines[1].startswith(f"{settings.PUBLIC_URL}/"):
            found.append(Paragraph((lines[0].removesuffix(":"),), lines[1]))
        elif lines:
            found.append(Paragraph(lines))
    return found


def _as_text(paragraph: Paragraph) -> tuple[str, ...]:
    if paragraph.url:
        return (f"{paragraph.lines[0]}:", paragraph.url)
    return paragraph.lines
