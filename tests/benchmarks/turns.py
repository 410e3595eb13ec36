"""What turns of the scratch list cost: imports that fill it for a mark, calls from it, emptyings between them."""

from math import ceil

from tests.benchmarks.carrying import EPS
from tests.benchmarks.fills import EDGE, Fills
from tests.benchmarks.matching import cheapest
from tests.benchmarks.shares import Share


class Turns(Fills):
    """The cells of marks with turns of their own; see `bound`."""

    def marking(self, place: int) -> float:
        """All that serves these marks, beyond making and deleting the list."""
        marks, kept = self.marks, [mark.gone for mark in self.marks]
        inside, outside, went = [], [], []
        for mark in marks:
            mark.gone = 0
            inside.append(self.inside(mark, place))
            went.append(mark.gone)
            outside.append(self.outside(mark))
        best, chosen = 0.0, {}
        for emptied in (1, 0):  # emptyings are counted, or are not
            ends = [emptied * (mark.kind not in ("leave", "delete")) for mark in marks]
            gains = [
                [self.gain(a, b, ends[a]) if a != b else min(0.0, outside[a][0] - inside[a] - ends[a])
                 for b in range(len(marks))]
                for a in range(len(marks))
            ]  # what belongs together stands on one line  # fmt: skip
            gained, pairs = cheapest(gains)
            total = sum(inside) + sum(ends) + gained - emptied * (1 + self.freed)
            if total > best:
                best, chosen = total, pairs
        for at, mark in enumerate(marks):
            mark.gone = kept[at] | (outside[at][1] if chosen.get(at) == at else went[at])
        return best

    def gain(self, a: int, b: int, end: int) -> float:
        """What is spared where one turn follows another without an emptying: who may not stay is written singly."""
        one, other = self.marks[a], self.marks[b]
        if not end or not one.people & other.cell.reach:
            return 0.0
        left = one.people & ~other.cell.reach
        if self.needs.count(left) <= one.beside:
            return min(0.0, EDGE * self.look_ups(one, left) - end)
        return min(0.0, EDGE * self.price(one, left) - end)

    def inside(self, mark: Share, place: int) -> float:
        """Calls from the list and what fills it, where somebody is served so."""
        filled, ids = self.parted(mark, mark.people, place, present=True), self.limits.contact_ids
        last, spared = min(filled, self.last(mark, place)), ceil(ids / self.carrying.cap)
        # People whom calls by ids may serve that are made anyway, or that spare as many imports.
        calls = ceil(filled - last - EPS)
        mark.beside = ids * (mark.joined + (calls if spared > 1 else min(1, calls)))
        if mark.joined:
            filled = max(last, filled - spared)
        # A call by ids spares so many imports at most, and never all.
        return mark.times + last + (filled - last) / spared

    def outside(self, mark: Share) -> tuple[float, int]:
        """All of them written, or served by ids; and who is written."""
        by_ids = self.by_ids(mark) - mark.times * mark.joined + self.look_ups(mark, mark.people)
        return min((self.price(mark, mark.people), mark.people), (by_ids, mark.people & self.unknown))
