"""A small language for the shapes of the resources that the product does not use, and what follows from one.

    Schedule = {scheduled_date*:time}        an object; * required in a request, ~ never taken from a request
    Name = {name*:text1-80 tags:[uuid<=50]}  text with its lengths, an array with its count

From a shape come the check of a request body (`record`), the part of a body that is kept (`writable`), and a
plausible whole value that follows from a key (`plausible`), so that every declared property is there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from . import ids
from .checks import Flag, Many, Number, Real, Record, Shape, Text, Uuid
from .clock import DAY, show_date, show_time
from .messages import Json

_MANY = 10_000
_TOKEN = re.compile(r"[{}\[\]]|<=\d+|[A-Za-z_0-9:*-]+|~|=")
_PLAIN: dict[str, Shape] = {
    "int": Number(-(2**63), 2**63 - 1),
    "number": Real(),
    "flag": Flag(),
    "uuid": Uuid(),
    "time": Text(),
    "date": Text(),
    "any": Record({}),
}
_TEXT = re.compile(r"text(?:(\d+)-)?(\d+)?")


@dataclass(slots=True)
class Node:
    """One value: a plain kind, `object` with properties, `array` of an item, or the name of another shape."""

    kind: str
    properties: "dict[str, Node]" = field(default_factory=dict)
    item: "Node | None" = None
    most: int = _MANY
    least_length: int = 0
    most_length: int | None = None
    required: bool = False
    read_only: bool = False


def parse(text: str) -> dict[str, Node]:
    """The shapes of a table by name."""
    tokens = iter(_TOKEN.findall(text))
    return {name: _node(_next(tokens, "=")) for name in tokens}


def _next(tokens: Iterator[str], expected: str) -> Iterator[str]:
    found = next(tokens)
    if found != expected:
        raise ValueError(f"{expected} expected, {found} found")
    return tokens


def _node(tokens: Iterator[str]) -> Node:
    first = next(tokens)
    if first == "{":
        node = Node("object")
        name = next(tokens)
        while name != "}":
            # `name:text80` is one token; `name:` stands before a bracket.
            name, _, kind = name.partition(":")
            child = _plain(kind) if kind else _node(tokens)
            child.required = name.endswith("*")
            node.properties[name.rstrip("*")] = child
            name = next(tokens)
            if name == "~":
                child.read_only, name = True, next(tokens)
        return node
    if first == "[":
        node = Node("array", item=_node(tokens))
        closing = next(tokens)
        if closing.startswith("<="):
            node.most, closing = int(closing[2:]), next(tokens)
        if closing != "]":
            raise ValueError(f"] expected, {closing} found")
        return node
    return _plain(first)


def _plain(kind: str) -> Node:
    match = _TEXT.fullmatch(kind)
    if match is None:
        return Node(kind)
    least, most = match.groups()
    return Node("text", least_length=int(least or 0), most_length=int(most) if most else None)


class Shapes:
    """The shapes of one table, or of several that name one another."""

    def __init__(self, *texts: str) -> None:
        self._nodes: dict[str, Node] = {}
        for text in texts:
            self._nodes.update(parse(text))

    # --- requests --------------------------------------------------------------------------------------

    @cache  # noqa: B019  (one instance for each table, as old as the process)
    def record(self, name: str) -> Record:
        """The check of a request body of this shape."""
        found = self._check(self._nodes[name], (name,))
        if not isinstance(found, Record):
            raise TypeError(f"{name} is not an object")
        return found

    def _check(self, node: Node, above: tuple[str, ...]) -> Shape:
        if node.kind == "object":
            known = {
                name: self._check(child, above)
                for name, child in node.properties.items()
                if not child.read_only
            }
            required = tuple(name for name in known if node.properties[name].required)
            return Record(known, required)
        if node.kind == "array" and node.item is not None:
            return Many(self._check(node.item, above), node.most)
        if node.kind == "text":
            return Text(node.most_length, node.least_length)
        if node.kind in _PLAIN:
            return _PLAIN[node.kind]
        # A shape inside itself is checked one time deep; what lies deeper is taken as it comes.
        if node.kind in above:
            return Record({})
        return self._check(self._nodes[node.kind], (*above, node.kind))

    def writable(self, name: str, body: Json) -> Json:
        """The part of a body that this shape knows and that a caller may write."""
        kept = self._kept(self._nodes[name], body)
        return kept if isinstance(kept, dict) else {}

    def _kept(self, node: Node, value: object) -> object:
        node = self._nodes.get(node.kind, node)
        if node.kind == "object" and isinstance(value, dict) and node.properties:
            return {
                key: self._kept(child, value[key])
                for key, child in node.properties.items()
                if value.get(key) is not None and not child.read_only
            }
        if node.kind == "array" and node.item is not None and isinstance(value, list):
            return [self._kept(node.item, item) for item in value]
        return value

    # --- answers ---------------------------------------------------------------------------------------

    def plausible(self, name: str, *key: object) -> Json:
        """A whole value of this shape that follows from the key."""
        made = self._made(self._nodes[name], name, key, (name,))
        if not isinstance(made, dict):
            raise TypeError(f"{name} is not an object")
        return made

    def _made(self, node: Node, name: str, key: tuple[object, ...], above: tuple[str, ...]) -> object:
        if node.kind == "object":
            return {
                child_name: self._made(child, child_name, (*key, child_name), above)
                for child_name, child in node.properties.items()
            }
        if node.kind == "array" and node.item is not None:
            if node.item.kind in above:
                return []
            return [self._made(node.item, name.removesuffix("s"), (*key, 0), above)]
        if node.kind in above:
            return {}
        if node.kind in self._nodes:
            return self._made(self._nodes[node.kind], name, key, (*above, node.kind))
        return plain_value(node, name, key)


# --- plausible plain values -------------------------------------------------------------------------------

BEGINNING = 1_736_154_000_000
_WORDS = {
    "address_type": "PHYSICAL",
    "city": "Boston",
    "checkin_status": "NOT_CHECKED_IN",
    "country": "United States",
    "country_code": "US",
    "country_name": "United States",
    "currency_code": "USD",
    "currency_type": "USD",
    "device_type": "computer",
    "display_name": "Harbor Books",
    "event_type": "OTHER",
    "first_name": "Ana",
    "last_name": "Adler",
    "location_type": "IN_PERSON",
    "name": "Spring readings",
    "network": "facebook",
    "organization_name": "Harbor Books",
    "payment_status": "PAID",
    "phone_number": "+1 555 0142",
    "postal_code": "02110",
    "registration_status": "REGISTERED",
    "state": "MA",
    "state_code": "MA",
    "state_name": "Massachusetts",
    "status": "ACTIVE",
    "time_unit": "DAYS",
    "time_zone": "US/Eastern",
    "time_zone_type": "US/Eastern",
    "time_zone_abbreviation": "EST",
    "username": "harborbooks",
}


def plain_value(node: Node, name: str, key: tuple[object, ...]) -> object:
    """A plausible text, number, flag or time for a property of this name."""
    number = int.from_bytes(ids.digest("plausible", *key)[:2], "big")
    at = BEGINNING + number % 300 * DAY
    if node.kind == "flag":
        return number % 2 == 0
    if node.kind == "int":
        return 1 + number % 40
    if node.kind == "number":
        return round(1 + number % 400 / 4, 2)
    if node.kind == "time":
        return show_time(at)
    if node.kind == "date":
        return show_date(at)
    if node.kind == "any":
        return {}
    if node.kind == "uuid" or name == "id" or name.endswith(("_id", "_ids", "_key")):
        return ids.uuid("plausible", *key)
    return _text(node, name, at)


def _text(node: Node, name: str, at: int) -> str:
    if name in _WORDS:
        text = _WORDS[name]
    elif name.endswith(("_time", "_date", "_at", "_start", "_end")) or name in ("after", "before"):
        text = show_time(at)
    elif "email" in name:
        text = "hello@harborbooks.example"
    elif name.endswith(("url", "uri", "href", "src", "link")):
        text = f"https://harborbooks.example/{name.replace('_', '-')}"
    else:
        text = name.replace("_", " ").capitalize()
    return text if node.most_length is None else text[: node.most_length]
