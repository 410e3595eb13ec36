"""How the doctor knows its own deployment when it comes in through the front door.

It asks /healthz with a signed, one-time word; only a process with the same SECRET_KEY can read the word and sign the
answer, which says what of the request arrived. A stranger learns nothing: an unsigned question gets no answer here.
"""

from dataclasses import asdict, dataclass
from typing import Final

from django.core import signing
from django.http import HttpRequest

PARAMETER: Final = "doctor"
# A name that no server tells from X-Patchbay-Doctor; a proxy that hands it on would hand on X_Forwarded_For, too.
UNDERSCORED: Final = "X_Patchbay_Doctor"
_ASK: Final = "patchbay.doctor.ask"
_ANSWER: Final = "patchbay.doctor.answer"
MOST_AGE_SECONDS: Final = 60


@dataclass(frozen=True)
class Seen:
    """What of the doctor's request reached the application."""

    word: str
    forwarded: int
    underscored: bool


def question(word: str) -> str:
    """The signed word, for the address."""
    return signing.dumps(word, salt=_ASK)


def answer(request: HttpRequest) -> str:
    """The signed answer to a signed question, empty to any other."""
    try:
        word = signing.loads(request.GET.get(PARAMETER, "")[:500], salt=_ASK, max_age=MOST_AGE_SECONDS)
    except signing.BadSignature:
        return ""
    underscored = f"HTTP_{UNDERSCORED.upper()}" in request.META
    seen = Seen(str(word), int(request.META.get("PATCHBAY_FORWARDED", 0)), underscored)
    return signing.dumps(asdict(seen), salt=_ANSWER)


def read(text: str, word: str) -> Seen | None:
    """What was seen, if the answer is ours and to this word."""
    try:
        seen = Seen(**signing.loads(text, salt=_ANSWER, max_age=MOST_AGE_SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    return seen if seen.word == word else None
