"""Cells, and what their people bear of single calls: nobody more than the calls cost that would do all for them."""

from dataclasses import dataclass, field, replace
from math import ceil

from tests.benchmarks import cells as celling
from tests.benchmarks.carrying import EPS, Carrying
from tests.benchmarks.cells import Cell
from tests.benchmarks.needs import Needs, bits

ENOUGH = 32.0  # from here on a price need not be known exactly


@dataclass(eq=False)
class Share:
    """A cell. `people`: groups that surely need it and bear a part; `times`: calls that each of them needs."""

    cell: Cell
    people: int
    times: int
    # Calls by ids for others are made anyway, with room left: looked-up people cost none more.
    joined: bool = False
    # Only people beyond one call by ids need a call.
    beyond: bool = False
    # A call of any sort serves all of them.
    once: bool = False
    # What one of a group bears: of a PUT, and of a look-up.
    write: dict[int, float] = field(default_factory=dict)
    look: dict[int, float] = field(default_factory=dict)
    least_price: float = 0.0
    least_write: float = 0.0
    stake: float = 1.0
    rank: int = 1
    beside: int = 0  # people whom calls by ids may serve at no further cost
    gone: int = 0  # groups whose single calls were the cheaper way last time

    @property
    def kind(self) -> str:
        return self.cell.item[0]


class Shares:
    """The cells of a job: of joins and values, of marks that a scratch list may serve, and of all other marks."""

    def __init__(self, needs: Needs, *, rising: bool, beyond: bool) -> None:
        self.needs, self.carrying, self.limits = needs, Carrying(needs), needs.limits
        self.importable = needs.among(lambda group: group.importable)
        self.unknown = needs.among(lambda group: not group.with_ids)
        self.marks: list[Share] = []  # with turns of their own
        self.others: list[Share] = []
        self.freed = 0  # calls of others that may take everybody off the scratch list besides
        self.sort_marks(rising=rising)
        marked = 0
        for mark in self.marks:
            marked |= mark.cell.reach * beyond
        self.joins = [
            Share(cell, cell.people, self.carrying.repeats(cell)) for cell in self.join_cells(marked)
        ]
        self.all = [*self.joins, *self.marks, *self.others]
        for share in self.joins + self.others:
            share.stake = share.times
        for mark in self.marks:
            left = [mark.people & ~other.cell.reach for other in self.marks]
            least = min((needs.count(mask) for mask in left if mask), default=10**9)
            mark.stake = 3.0 + min(20.0, needs.count(mark.people) / least)

    def sort_marks(self, *, rising: bool) -> None:
        """Cells of marks, and which of them have turns of their own."""
        needs, list_ids, tag_ids = self.needs, self.limits.list_ids, self.limits.tag_ids
        fillable: list[tuple[Cell, Cell]] = []
        for kind, cap in (("leave", list_ids), ("on", tag_ids), ("off", tag_ids), ("delete", 2)):
            cells = celling.choose(needs, (kind,), alone=cap == 1)
            if not needs.scratch:
                cells = self.by_crowd(kind, cells)
            for cell in cells:
                fillable += self.sort(cell)
        turning = {
            cell.item: cell
            for cell in celling.turning(needs, [listed for _, listed in fillable], rising=rising)
        }
        for cell, listed in fillable:
            times, joined = self.carrying.repeats(cell), listed.people != cell.people
            if cell.item in turning:
                self.marks.append(Share(cell, turning[cell.item].people, times, joined=joined))
            else:
                self.rest(cell, listed.people, times, joined=joined)

    def by_crowd(self, kind: str, cells: list[Cell]) -> list[Cell]:
        """The cells, or everybody who wants anything of this kind as one: whichever takes more calls by ids."""
        people = 0
        for (other, name), wants in self.needs.wants.items():
            people |= wants & ~self.needs.by_list.get((other, name), 0) if other == kind else 0
        ids, size = self.limits.contact_ids, self.needs.count(people)
        calls = sum(
            1 if cell.cheap else ceil(self.carrying.repeats(cell) * cell.size / ids) for cell in cells
        )
        return cells if ceil(size / ids) <= calls else [Cell((kind, ""), people, people, 1, False, size)]

    def join_cells(self, marked: int) -> list[Cell]:
        """Cells of joins and values; `marked`: people of whom none are counted on, as imports for marks reach them."""
        needs = self.needs
        alone, served = self.limits.list_ids == 1, self.carrying.served
        cells = celling.choose(
            needs, ("join",), alone=alone, cap=served, values=not needs.scratch, but=marked
        )
        elsewhere = self.carrying.valued & ~marked
        for cell in cells:
            elsewhere &= ~cell.reach
        if elsewhere:  # no call that serves one of the cells can carry these people's rows
            size = needs.count(elsewhere)
            cells.append(Cell(("join", ""), elsewhere, self.importable, 1, cheap=False, size=size))
        return cells

    def sort(self, cell: Cell) -> list[tuple[Cell, Cell]]:
        """Cells of marks that a scratch list may serve, with the part of it; the others are counted at once."""
        times = self.carrying.repeats(cell)
        fillable = cell.people & self.importable if self.needs.scratch else 0
        outside, leaves = cell.people & ~fillable, cell.item[0] == "leave"
        known = not cell.people & self.unknown and cell.size <= self.limits.contact_ids
        if cell.cheap or not fillable or known:
            self.others.append(Share(cell, cell.people, times, once=cell.cheap))
            self.freed += times * bool(leaves and self.needs.scratch)
            return []
        if outside:
            self.others.append(Share(cell, outside, times))
        return [(cell, replace(cell, people=fillable, size=self.needs.count(fillable)))]

    def rest(self, cell: Cell, people: int, times: int, *, joined: bool) -> None:
        """A cell that has no turn of its own: its calls alone count."""
        self.freed += times * (cell.item[0] == "leave")
        # Calls by ids for people outside have room for some whose ids are known.
        surely = people & self.unknown if joined else people
        if surely:
            self.others.append(Share(cell, surely, times, joined=joined, once=True))
        elif cell.size > self.limits.contact_ids:
            self.others.append(Share(cell, people, times, beyond=True))

    # -- prices -------------------------------------------------------------------------------------------------
    def start(self, beta: float) -> None:
        """Prices to begin with: much for what few people hold up."""
        for share in self.all:
            size = self.needs.count(share.people)
            share.write = dict.fromkeys(bits(share.people), share.stake / size)
            looked = share.people & self.unknown if share in self.marks or share.joined else 0
            share.look = dict.fromkeys(bits(looked), 1.0 / size)
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

    def look_ups(self, share: Share, mask: int) -> float:
        """What these people of a cell bear whose ids are looked up."""
        looked = ((group, price) for group, price in share.look.items() if mask >> group & 1)
        return sum(price * self.needs.groups[group].count for group, price in looked)

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
        calls = share.times if share.once else self.by_ids(share)
        options = [(calls, 0), (self.price(share, share.people), share.people)]
        if share.joined:
            options.append((self.look_ups(share, share.people), share.people))
        return self.choose(share, options)
