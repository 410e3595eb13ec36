"""What must never reach a log, an error text or a repr.

Owns `Secret` (a value that refuses to be shown), `path_of` (an address without its query values) and `scrub`
(a text of the provider's without tokens and addresses). Types are the first line of defence, scrubbing the
second.
"""

import hmac
import logging
import re
from typing import Final, NoReturn, final

import httpx

from connections.constantcontact import signs

MASK: Final = "[masked]"
LONGEST_TEXT: Final = 300

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^\s@<>\"'(),;:=&?/]+(?:@|%40)[^\s@<>\"'(),;:&/]+")
_JWT = re.compile(r"eyJ[\w-]+(?:\.[\w-]*)*")
_CREDENTIAL = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_WORD = re.compile(r"[A-Za-z0-9_~=-]{16,}")
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_.,-]{1,64}")
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@final
class Secret:
    """A value that is only given by `reveal()`: printing, formatting and pickling never show it."""

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The value itself: call it at the last moment, in the line that uses it."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A secret does not change; make a new one.")

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is not pickled; seal it first.")


def revealed(value: Secret | str) -> str:
    """The plain text of what may come as a secret or as a string."""
    return value.reveal() if isinstance(value, Secret) else value


def path_of(url: httpx.URL) -> str:
    """Path and sorted parameter names of an address: ids stay, values and odd segments go."""
    path = "/".join(_plain_segment(part) for part in url.raw_path.split(b"?")[0].decode("ascii").split("/"))
    names = sorted({name if _PLAIN_NAME.fullmatch(name) else MASK for name in url.params})
    return f"{path}?{'&'.join(names)}" if names else path


def _plain_segment(part: str) -> str:
    if not part or (_PLAIN_SEGMENT.fullmatch(part) and scrub(part) == part):
        return part
    return MASK


def scrub(text: str) -> str:
    """A short text without credentials and e-mail addresses; UUIDs stay, they are how a fault is traced."""
    # Cut first, generously, so that a huge text costs nothing; cut again after masking.
    text = _CREDENTIAL.sub(MASK, signs.fit(text[: LONGEST_TEXT * 4]))
    text = _JWT.sub(MASK, text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _WORD.sub(_mask_word, text)
    return " ".join(text.split())[:LONGEST_TEXT]


def without_credentials(text: str) -> str:
    """A whole answer for whoever asked, without what it might echo of our authorization."""
    return _JWT.sub(MASK, _CREDENTIAL.sub(MASK, text))


def _mask_word(found: re.Match[str]) -> str:
    word = found.group()
    # Random tokens of this length always hold a digit or a capital; words of a sentence or an error key do
    # not.
    if _UUID.fullmatch(word) or not any(letter.isdigit() or letter.isupper() for letter in word):
        return word
    return MASK


class _NoAddresses(logging.Filter):
    """Drops httpx's own line per call: it shows the whole query, addresses and cursors included."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("HTTP Request")


_NO_ADDRESSES: Final = _NoAddresses()


def silence_httpx() -> None:
    """Our call log replaces httpx's; safe to call any number of times."""
    logging.getLogger("httpx").addFilter(_NO_ADDRESSES)
