"""Ids and secrets that look random and follow from the seed, so that a run can be repeated and replayed."""

import base64
from collections.abc import Callable
from hashlib import blake2b

# The two upper bits of this sign are fixed in a version 4 UUID.
_VARIANTS = {sign: "89ab"[int(sign, 16) & 3] for sign in "0123456789abcdef"}


def digest(seed: str, *parts: object) -> bytes:
    """Thirty-two bytes that depend on the seed and on all parts."""
    text = "\x1f".join([seed, *map(str, parts)])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def uuid(seed: str, *parts: object) -> str:
    """A version 4 UUID."""
    raw = bytearray(digest(seed, *parts)[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuids(seed: str, *parts: object) -> Callable[[object], str]:
    """`uuid` for many that differ in their last part only; the same ids, several times quicker."""
    start = blake2b(
        "\x1f".join([seed, *map(str, parts), ""]).encode("utf-8", "surrogatepass"), digest_size=32
    )

    def make(last: object) -> str:
        whole = start.copy()
        whole.update(str(last).encode())
        text = whole.hexdigest()
        variant = _VARIANTS[text[16]]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"

    return make


def token(seed: str, *parts: object, length: int = 43) -> str:
    """URL-safe signs, as secrets, codes and refresh tokens have them."""
    return base64.urlsafe_b64encode(digest(seed, *parts)).decode().rstrip("=")[:length]


def fingerprint(secret: str) -> str:
    """What the store keeps of a code or refresh token instead of the thing itself."""
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
