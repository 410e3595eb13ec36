"""What imports carry: the mass of whole rows, and the least that serving a cell by imports costs."""

from math import ceil, inf

from tests.benchmarks.cells import Cell
from tests.benchmarks.needs import Needs

BETAS = (0.0, 0.5, 1.0)  # the prices tried for mass
EPS = 1e-9  # against rounding of floats


class Carrying:
    """Mass is measured so that no import carries more than 1: by bytes or by rows, whichever gives the job more."""

    def __init__(self, needs: Needs) -> None:
        limits = needs.limits
        self.needs = needs
        self.body = limits.body_bytes - limits.overhead
        self.cap = max(limits.csv_rows, limits.json_rows)
        self.served = max(self.cap, limits.contact_ids)  # people whose joins one call may serve
        self.valued = needs.among(lambda group: group.row_bytes > 0)
        by_rows = needs.count(self.valued) / self.cap
        self.by_bytes = self.bytes_of(self.valued) >= by_rows
        self.volume = max(self.bytes_of(self.valued), by_rows)
        self.address = min((group.address_bytes for group in needs.groups), default=0.0) / self.body
        self.heaviest = max((self.row_mass(row) for row, _ in needs.rows), default=0.0)
        widest = max((len(group.allowed) for group in needs.groups), default=0)
        # Where the cap on lists binds, a source of any size may do what imports cannot: see `bound`.
        self.sourced = (needs.scratch or bool(needs.by_list)) and widest + 1 > limits.list_ids

    def bytes_of(self, mask: int) -> float:
        """Bytes of these groups' whole rows, in bodies."""
        return (
            sum(row * self.needs.count(mask & rows) for (row, _), rows in self.needs.rows.items()) / self.body
        )

    def mass(self, mask: int) -> float:
        return self.bytes_of(mask) if self.by_bytes else self.needs.count(mask & self.valued) / self.cap

    def row_mass(self, row: float) -> float:
        return row / self.body if self.by_bytes else bool(row) / self.cap

    def repeats(self, cell: Cell) -> int:
        """Calls that each person of the cell needs, because a call takes only so many lists or tags."""
        limits = self.needs.limits
        return ceil(cell.copies / (limits.list_ids if cell.item[0] in ("join", "leave") else limits.tag_ids))

    def least(self, people: int, reach: int, times: int, room: int, gone: int = 0) -> list[float]:
        """Over x calls that carry others than whole rows too, and w of whole rows alone.

        `gone`: so many of the people, but not all of any group, may be written singly.
        """
        size, plain = self.needs.count(people), self.needs.count(people & ~self.valued)
        if not size:
            return [0.0] * len(BETAS)
        whole, size = size - plain, max(1, size - gone)
        foreign, mixed, rate = self.mass(reach), self.mixed(reach), self.rate(reach)
        sizes = [row / self.body for (row, _), rows in self.needs.rows.items() if rows & people]
        lightest, heaviest = min(sizes, default=0.0), max(sizes, default=0.0)
        a_call = min(self.cap, 1 / lightest) if lightest else 0.0  # whole rows
        best = [inf] * len(BETAS)
        for x in range(bool(plain), max(ceil(size * times / room), 1) + 1):
            left = max(0, size * times - room * x)
            if left > whole * times:
                continue
            volume = left * lightest if x else (self.bytes_of(people) - gone * heaviest) * times
            w = max(ceil(volume - EPS), ceil(left / self.cap), times - x)
            each = min(self.address, 1 / room)  # what of a body somebody by address takes
            # More calls with whole rows alone leave the others more room; what that costs is convex.
            most = max(w, ceil(size * times / a_call)) if x and a_call else w
            turns: list[float] = [w, most]
            if most > w:
                full = (x - x * mixed / rate) / each if rate else 0.0
                gain = 1 + a_call * each * rate
                turns += [
                    (size * times - full) / a_call,
                    foreign - x * mixed,
                    (foreign - (x - size * times * each) * rate) / gain,
                ]
            for more in {min(most, max(w, int(turn) + up)) for turn in turns for up in (0, 1)}:
                held = max(0.0, size * times - more * a_call)
                mass = more + min(x * mixed, max(0.0, x - held * each) * rate)
                for place, beta in enumerate(BETAS):
                    best[place] = min(best[place], more + x - beta * min(foreign, mass))
        return best

    def rate(self, reach: int) -> float:
        """Mass of whole rows in a body of JSON, counted without their addresses."""
        rows = [(row, json) for (row, json), groups in self.needs.rows.items() if groups & reach]
        each = self.address * self.body
        return max(
            (self.row_mass(row) * self.body / max(json - each, EPS) for row, json in rows), default=0.0
        )

    def mixed(self, reach: int) -> float:
        """The most mass of whole rows in a JSON call, where rows by address may ride along."""
        rows = [(row, json) for (row, json), groups in self.needs.rows.items() if groups & reach]
        return max((min(1.0, self.row_mass(row) * self.body / json) for row, json in rows), default=0.0)
