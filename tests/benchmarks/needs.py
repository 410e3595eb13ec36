"""A job as the bound sees it: what surely costs a call of its own, and who else wants what, as masks over groups."""

from collections.abc import Callable
from dataclasses import dataclass, field

from syncjobs.planner.wanted import Limits, People, Wanted

Item = tuple[str, str]  # (kind, list or tag): "join", "leave", "on", "off", "delete"
JSON_ADDRESS_FRAME = 13  # bytes that JSON puts round an address


@dataclass(frozen=True)
class Group:
    """People left to the planner's choice. `put`: calls that write one of them singly."""

    count: int
    put: int
    with_ids: bool
    importable: bool
    row_bytes: float  # of a whole row in its smaller form; 0 where no value travels
    json_bytes: float
    address_bytes: float  # of an address row as JSON
    items: tuple[Item, ...]
    allowed: frozenset[str]


@dataclass
class Needs:
    """`wants` maps an item to its groups, `allowed` a list to the groups whose rows may go onto it."""

    limits: Limits
    scratch: bool
    fixed: int = 0
    groups: list[Group] = field(default_factory=list)
    wants: dict[Item, int] = field(default_factory=dict)
    allowed: dict[str, int] = field(default_factory=dict)
    by_list: dict[Item, int] = field(
        default_factory=dict
    )  # groups that some closed list could serve with this item

    planes: list[int] = field(default_factory=list)  # groups whose count has this bit
    rows: dict[tuple[float, float], int] = field(
        default_factory=dict
    )  # (smaller form, JSON): groups with such rows

    counted: dict[int, int] = field(default_factory=dict)  # people in these groups, once asked for

    def count(self, mask: int) -> int:
        """People in these groups."""
        if mask not in self.counted:
            self.counted[mask] = sum(
                (mask & plane).bit_count() << place for place, plane in enumerate(self.planes)
            )
        return self.counted[mask]

    def among(self, fact: Callable[[Group], bool]) -> int:
        """The groups of which this is so."""
        return sum(1 << place for place, group in enumerate(self.groups) if fact(group))


def read(wanted: Wanted) -> Needs:
    """The job's needs: single calls that nothing can spare are counted in `fixed`, and their people dropped."""
    needs = Needs(wanted.limits, wanted.scratch_allowed)
    serving = closed_servers(wanted)
    for people in wanted.people:
        add(needs, people, serving, wanted)
    for place, group in enumerate(needs.groups):
        for bit in range(group.count.bit_length()):
            if bit == len(needs.planes):
                needs.planes.append(0)
            needs.planes[bit] |= (group.count >> bit & 1) << place
        if group.row_bytes:
            row = (group.row_bytes, group.json_bytes)
            needs.rows[row] = needs.rows.get(row, 0) | 1 << place
    return needs


def closed_servers(wanted: Wanted) -> dict[str, tuple[frozenset[Item], bool]]:
    """For each closed list with members: what all of them want, and whether somebody now on it leaves it."""
    serving = {}
    for name in wanted.closed_lists:
        members = [one for one in wanted.people if name in (one.joins | one.on) - one.leaves]
        if members:
            leaving = any(name in one.on & one.leaves for one in wanted.people)
            serving[name] = (frozenset.intersection(*(all_items(one) for one in members)), leaving)
    return serving


def all_items(people: People) -> frozenset[Item]:
    joins = {("join", name) for name in people.joins | people.on}
    return frozenset(joins | source_items(people))


def source_items(people: People) -> set[Item]:
    """What is served from a source: leaving lists, tags on and off, being deleted."""
    pairs = [("leave", people.leaves), ("on", people.tags_on), ("off", people.tags_off)]
    items = {(kind, name) for kind, named in pairs for name in named}
    return items | ({("delete", "")} if people.deletes else set())


def add(
    needs: Needs, people: People, serving: dict[str, tuple[frozenset[Item], bool]], wanted: Wanted
) -> None:
    single = 1 if people.with_ids else 2
    if people.clears or people.opts_out:
        needs.fixed += people.count * max(2 * people.clears, single * people.opts_out)
        return
    needs.fixed += people.count * people.signed_up
    values = people.csv_bytes > 0 and not people.signed_up
    importable = people.listable and not people.signed_up
    allowed = people.joins | people.on
    if values and not (importable and (allowed or wanted.scratch_allowed) and not people.deletes):
        needs.fixed += (
            people.count * single
        )  # no import can carry them: each is written singly, with all the rest
        if not people.deletes:
            return
    joins = set() if people.signed_up else {("join", name) for name in people.joins}
    servers = closed_for(people, serving)
    items = sorted(joins | source_items(people))
    if people.deletes:
        items = [("delete", "")]
    with_ids = people.with_ids
    if not with_ids and any(must_look_up(item, servers, importable, wanted) for item in items):
        needs.fixed += people.count
        with_ids = True
    place(needs, people, with_ids, importable, values, items, servers)


def closed_for(people: People, serving: dict[str, tuple[frozenset[Item], bool]]) -> frozenset[Item]:
    """Items that a closed list with these people on it could serve, whatever their number."""
    servers: set[Item] = set()
    for name in (people.joins | people.on) - people.leaves:
        if name in serving:
            items, leaving = serving[name]
            held = leaving or name in people.on  # else an import onto this list does as well (see `bound`)
            servers |= {item for item in items if item[0] != "join" or (held and item[1] != name)}
    return frozenset(servers)


def must_look_up(item: Item, servers: frozenset[Item], importable: bool, wanted: Wanted) -> bool:
    if item in servers or (item[0] == "join" and importable):
        return False
    return not (importable and wanted.scratch_allowed)


def place(
    needs: Needs, people: People, with_ids: bool, importable: bool, values: bool, items: list[Item],
    servers: frozenset[Item],
) -> None:  # what belongs together stands on one line  # fmt: skip
    bit = 1 << len(needs.groups)
    count, values = people.count, values and not people.deletes
    json = people.json_bytes / count if values else 0.0
    smaller = min(people.csv_bytes / count, json) if people.csv_can else json
    address = people.address_bytes / count + JSON_ADDRESS_FRAME
    allowed = (people.joins | people.on) if importable and not people.deletes else frozenset()
    put = (10**9) if people.deletes else (1 if with_ids else 2)
    group = Group(
        count, put, with_ids, importable, smaller if values else 0.0, json, address, tuple(items), allowed
    )
    needs.groups.append(group)
    for item in items:
        needs.wants[item] = needs.wants.get(item, 0) | bit
        if item in servers:
            needs.by_list[item] = needs.by_list.get(item, 0) | bit
    for name in people.joins | people.on:
        needs.allowed[name] = needs.allowed.get(name, 0) | bit


def bits(mask: int) -> list[int]:
    """The groups of a mask."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
