"""Which addresses of customers anything is sent to: the form of a URL, and which IP addresses are public. Pure.

Whatever has two spellings is refused rather than understood, so that nobody behind us understands it differently.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

PORTS: Final = (443, 8443)
LONGEST_URL: Final = 2_000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# https://www.iana.org/assignments/iana-ipv4-special-registry, and what clouds keep for themselves.
_CLOSED_4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own service for its machines, on an address that looks public
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry: public is 2000::/3 without these.
_OPEN_6: Final = ipaddress.IPv6Network("2000::/3")
_CLOSED_6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Names that lead to this machine or its neighbours wherever they are looked up.
_NEAR: Final = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "home.arpa",
    "corp",
    "onion",
)

_URL = re.compile(r"(https?)://([^/?#]+)((?:/[^?#]*)?(?:\?[^#]*)?)", re.I)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9][0-9]{0,4}))?", re.I)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[^!-~]|[\\\"<>^`{|}]")


class Refused(ValueError):
    """An address that nothing is sent to; the text says why, and what would be taken."""


@dataclass(frozen=True)
class Target:
    """Where to: checked in its form, its name not looked up yet."""

    scheme: str
    host: str
    port: int
    path: str
    is_allowed: bool

    @property
    def url(self) -> str:
        """The address in its one spelling."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        usual = 443 if self.scheme == "https" else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


def parse(url: str, allowed: Collection[tuple[str, int]]) -> Target:
    """An address in its form; no name is looked up.

    Args:
        url: as a customer wrote it.
        allowed: (host, port) of servers for which nothing more is asked.

    Raises:
        Refused: it is none that anything is sent to.
    """
    if len(url) > LONGEST_URL:
        raise Refused(f"is longer than {LONGEST_URL:,} characters")
    if _UNSAFE.search(url):
        raise Refused("holds a sign that no address has; write names of other scripts in punycode")
    whole = _URL.fullmatch(url)
    if whole is None:
        raise Refused("must be an address such as https://hooks.example.com/patchbay, without a fragment (#)")
    scheme, path = whole[1].lower(), whole[3] if whole[3].startswith("/") else f"/{whole[3]}"
    parts = _AUTHORITY.fullmatch(whole[2])
    if parts is None:
        raise Refused("must name a host and nothing else there: no user, no password, no escapes")
    host = parts[1].lower().strip("[]")
    port = int(parts[2] or (443 if scheme == "https" else 80))
    target = Target(scheme, host, port, path, (host, port) in allowed)
    if not target.is_allowed:
        _check(target, is_bracketed=parts[1].startswith("["))
    return target


def is_public(text: str) -> bool:
    """Whether an address is one of the whole internet's; one that carries an IPv4 address is judged by that."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address in _MAPPED or address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        else:
            return address in _OPEN_6 and not _is_in(address, _CLOSED_6) and address.is_global
    return not _is_in(address, _CLOSED_4) and address.is_global


def _is_in(address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _check(target: Target, *, is_bracketed: bool) -> None:
    """Scheme, port and host of an address that nobody has allowed by name."""
    if target.scheme != "https":
        raise Refused("must begin with https://")
    if target.port not in PORTS:
        raise Refused(f"must use the port {' or '.join(str(port) for port in PORTS)}")
    labels = target.host.split(".")
    if is_bracketed or _NUMBER.fullmatch(labels[-1]):
        try:
            _ = ipaddress.IPv6Address(target.host) if is_bracketed else ipaddress.IPv4Address(target.host)
        except ValueError:
            raise Refused("must spell an IP address in the usual way, or name a host") from None
        if not is_public(target.host):
            raise Refused("must not lead to a private or reserved address")
        return
    if len(labels) < 2 or len(target.host) > 253 or not all(_LABEL.fullmatch(one) for one in labels):
        raise Refused("must name a host in full, such as hooks.example.com")
    if any(target.host == near or target.host.endswith(f".{near}") for near in _NEAR):
        raise Refused("must not lead to a private or reserved address")
