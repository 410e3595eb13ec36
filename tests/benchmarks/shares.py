"""Cells, and what their people bear of single calls: nobody more than the calls cost that would do all for them."""

from dataclasses import dataclass, field
from math import ceil

from tests.benchmarks import cells as celling
from tests.benchmarks.carrying import EPS, Carrying
from tests.benchmarks.cells import Cell
from tests.benchmarks.needs import Needs, bits

ENOUGH = 32.0  # from here on a price need not be known exactly


@dataclass
class Share:
    """A cell. `people`: groups that surely need it and bear a part; `times`: calls that each of them needs."""

    cell: Cell
    people: int
    times: int
    # Calls by ids for others are made anyway, with room left: looked-up people cost none more.
    joined: bool = False
    # Only people beyond one call by ids need a call.
    beyond: bool = False
    # What one of a group bears: of a PUT, and of a look-up.
    write: dict[int, float] = field(default_factory=dict)
    look: dict[int, float] = field(default_factory=dict)
    least_price: float = 0.0
    least_write: float = 0.0
    stake: float = 1.0
    rank: int = 1
    gone: int = 0  # groups whose single calls were the cheaper way last time

    @property
    def kind(self) -> str:
        return self.cell.item[0]


class Shares:
    """The cells of a job: of joins and values, of marks that a scratch list may serve, and of all other marks."""

    def __init__(self, needs: Needs) -> None:
        self.needs, self.carrying, self.limits = needs, Carrying(needs), needs.limits
        self.importable = needs.among(lambda group: group.importable)
        self.unknown = needs.among(lambda group: not group.with_ids)
        self.joins = [Share(cell, cell.people, self.carrying.repeats(cell)) for cell in self.join_cells()]
        self.marks: list[Share] = []
        self.others: list[Share] = []
        self.freed = 0  # calls of others that may take everybody off the scratch list besides
        list_ids, tag_ids = self.limits.list_ids, self.limits.tag_ids
        for kind, cap in (("leave", list_ids), ("on", tag_ids), ("off", tag_ids), ("delete", 2)):
            for cell in celling.choose(needs, (kind,), alone=cap == 1):
                self.sort(cell, self.carrying.repeats(cell))
        self.all = [*self.joins, *self.marks, *self.others]
        for share in self.joins + self.others:
            share.stake = share.times
        for mark in self.marks:
            left = [mark.people & ~other.cell.reach for other in self.marks]
            least = min((needs.count(mask) for mask in left if mask), default=10**9)
            mark.stake = 3.0 + min(20.0, needs.count(mark.people) / least)

    def join_cells(self) -> list[Cell]:
        needs = self.needs
        alone, served = self.limits.list_ids == 1, self.carrying.served
        cells = celling.choose(needs, ("join",), alone=alone, cap=served, values=not needs.scratch)
        elsewhere = self.carrying.valued
        for cell in cells:
            elsewhere &= ~cell.reach
        if elsewhere:  # no call that serves one of the cells can carry these people's rows
            size = needs.count(elsewhere)
            cells.append(Cell(("join", ""), elsewhere, self.importable, 1, cheap=False, size=size))
        return cells

    def sort(self, cell: Cell, times: int) -> None:
        """Whether a scratch list may serve a cell of marks, and whom of it."""
        fillable = cell.people & self.importable if self.needs.scratch else 0
        outside, leaves = cell.people & ~fillable, cell.item[0] == "leave"
        known = not cell.people & self.unknown and cell.size <= self.limits.contact_ids
        if cell.cheap or not fillable or (known and not leaves):
            self.others.append(Share(cell, cell.people, times))
            self.freed += times * bool(leaves and self.needs.scratch)
            return
        if outside:
            self.others.append(Share(cell, outside, times))
        # Calls by ids for people outside have room for some whose ids are known.
        surely = fillable & self.unknown if outside else fillable
        if surely:
            self.marks.append(Share(cell, surely, times, joined=bool(outside)))
            return
        self.freed += times * leaves
        if cell.size > self.limits.contact_ids:
            self.others.append(Share(cell, fillable, times, beyond=True))

    # -- prices -------------------------------------------------------------------------------------------------
    def start(self, beta: float) -> None:
        """Prices to begin with: much for what few people hold up."""
        for share in self.all:
            size = self.needs.count(share.people)
            share.write = dict.fromkeys(bits(share.people), 0.0 if share.joined else share.stake / size)
            share.look = {}
        for mark in self.marks:
            size = self.needs.count(mark.people)
            mark.look = dict.fromkeys(bits(mark.people & self.unknown), 1.0 / size)
        self.level(beta)

    def level(self, beta: float) -> None:
        """Makes all that one person bears just what their single calls cost, less what their row weighs."""
        groups, carrying = self.needs.groups, self.carrying
        written: dict[int, float] = {}
        looked: dict[int, float] = {}
        for share in self.all:
            for group, price in share.write.items():
                written[group] = written.get(group, 0.0) + price
            for group, price in share.look.items():
                looked[group] = looked.get(group, 0.0) + price
        room = {}
        for group, price in written.items():
            weight = beta * carrying.row_mass(groups[group].row_bytes)
            room[group] = max(0.0, groups[group].put - (group in looked) - weight) / max(price, EPS)
        for share in self.all:
            share.write = {group: price * room[group] for group, price in share.write.items()}
            share.look = {group: price / max(looked[group], EPS) for group, price in share.look.items()}
            both = [price + share.look.get(group, 0.0) for group, price in share.write.items()]
            share.least_price = min(both, default=0.0)
            share.least_write = min(share.write.values(), default=0.0)

    def nudge(self, beta: float) -> None:
        """Raises prices where single calls were the cheaper way, at the cost of the others."""
        for share in self.all:
            for group in share.write:
                factor = 1.6 if share.gone >> group & 1 else 0.9
                share.write[group] *= factor
                if group in share.look:
                    share.look[group] *= factor
        self.level(beta)

    def price(self, share: Share, mask: int) -> float:
        """What these people of a cell bear at the least if all of them are written singly."""
        if (least := self.needs.count(mask) * share.least_price) >= ENOUGH:
            return least
        both = ((group, share.write[group] + share.look.get(group, 0.0)) for group in bits(mask))
        return sum(price * self.needs.groups[group].count for group, price in both)

    def look_ups(self, share: Share) -> float:
        """What all of a cell bear whose ids are looked up."""
        return sum(price * self.needs.groups[group].count for group, price in share.look.items())

    def choose(self, share: Share, options: list[tuple[float, int]]) -> float:
        """The least of (cost, groups that are written singly)."""
        cost, gone = min(options)
        share.gone |= gone
        return cost

    # -- calls by ids -------------------------------------------------------------------------------------------
    def by_ids(self, share: Share) -> float:
        """Calls by ids for a cell; or one less, and what those bear who are over the last full one."""
        times, ids, size = share.times, self.limits.contact_ids, self.needs.count(share.people)
        calls = ceil(times * size / ids - EPS)
        if calls <= times:
            return times
        over = (times * size - (calls - 1) * ids) / times
        return min(calls, calls - 1 + over * share.least_write)

    def other(self, share: Share) -> float:
        """Calls for a cell that a scratch list does not serve better."""
        if share.beyond:
            over = share.cell.size - self.limits.contact_ids
            return self.choose(share, [(share.times, 0), (over * share.least_price, share.people)])
        calls = share.times if share.cell.cheap else self.by_ids(share)
        return self.choose(share, [(calls, 0), (self.price(share, share.people), share.people)])
