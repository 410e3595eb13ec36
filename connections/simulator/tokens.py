"""RS256 access tokens with the provider's claims, and the key set to check them with.

The key follows from the seed: it is found by search from seeded random numbers, once in a process, so tokens
outlive a restart and a key file is never needed. It protects nothing but a simulator.
"""

import base64
import json
import random
from functools import lru_cache
from math import gcd, lcm

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from . import ids
from .messages import Json

ISSUER = "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8"
AUDIENCE = "https://api.cc.email/v3"
_EXPONENT = 65537
_SMALL = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
_SMALL += [n for n in range(49, 8000, 2) if all(n % p for p in range(3, int(n**0.5) + 1, 2))]


def _prime(numbers: random.Random) -> int:
    """A prime of 1,024 bits, found upwards from a seeded start."""
    start = numbers.getrandbits(1024) | 3 << 1022 | 1
    for step in range(0, 1 << 20, 2):
        candidate = start + step
        if any(candidate % small == 0 for small in _SMALL) or gcd(candidate - 1, _EXPONENT) != 1:
            continue
        # For a random start, four rounds leave a doubt far below that of a broken memory chip.
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)):
            return candidate
    raise AssertionError("no prime in a million candidates: the search itself is broken")


@lru_cache(maxsize=8)
def signing_key(seed: str) -> rsa.RSAPrivateKey:
    """The key of a seed."""
    numbers = random.Random(ids.digest(seed, "signing key"))  # noqa: S311  (repeatable on purpose)
    p, q = _prime(numbers), _prime(numbers)
    d = pow(_EXPONENT, -1, lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_id(seed: str) -> str:
    """The `kid` of a seed's key."""
    return ids.token(seed, "key id")


def sign(seed: str, claims: Json) -> str:
    """A signed token of about a thousand signs."""
    header = {"kid": key_id(seed), "alg": "RS256"}
    parts = [_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
    text = ".".join(parts)
    signature = signing_key(seed).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{_encode(signature)}"


def token_id(seed: str, token: str) -> str | None:
    """The `jti` of a token with a good signature, or None."""
    try:
        text, signature = token.rsplit(".", 1)
        header, payload = (json.loads(_decode(part)) for part in text.split("."))
        if header["alg"] != "RS256" or header["kid"] != key_id(seed):
            return None
        public = signing_key(seed).public_key()
        public.verify(_decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        found = payload["jti"]
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return found if isinstance(found, str) else None


def key_set(seed: str) -> Json:
    """The public keys, as a JWKS."""
    public = signing_key(seed).public_key().public_numbers()
    modulus = _encode(public.n.to_bytes(256, "big"))
    exponent = _encode(public.e.to_bytes(3, "big"))
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": key_id(seed), "e": exponent, "n": modulus}
    return {"keys": [key]}
