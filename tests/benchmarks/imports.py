"""P2, P3 and P4: how many provider calls an import takes, whether each row is explained, and how much memory it takes.

The simulator's journal counts the calls from the job's start on, polls and look-ups included; lists, tags and custom
fields stand in the account before, as they do from the second import on. Beside each stands a naive arm, which makes
one call a contact (and another for each tag): counted on a sample, and multiplied.
"""

import io
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests import plugin
from tests.benchmarks.linked import FIELDS, SAMPLE, SETTINGS, Account


@dataclass(frozen=True)
class Shape:
    """Who is imported: how many, onto which of how many lists, with which of how many tags."""

    people: int
    lists: int = 1
    tags: int = 0
    lists_each: tuple[int, ...] = (1,)
    tags_each: tuple[int, ...] = (0,)

    def columns(self) -> list[str]:
        """The file's columns."""
        return ["Email", "First", "Last", *(f"Field {number}" for number in range(FIELDS)), "Lists", "Tags"]

    def rows(self) -> Iterator[str]:
        """The file's lines, the same every time."""
        chance = random.Random(self.people)  # sample data
        lists, tags = range(self.lists), range(self.tags)
        for number in range(self.people):
            cells = [f"person{number:07}@people.example", f"First {number % 997}", f"Last {number % 9973}"]
            cells += [f"value {chance.randrange(10**9):09}" for _ in range(FIELDS)]
            cells.append(
                ";".join(f"List {one}" for one in chance.sample(lists, chance.choice(self.lists_each)))
            )
            cells.append(";".join(f"Tag {one}" for one in chance.sample(tags, chance.choice(self.tags_each))))
            yield ",".join(cells) + "\r\n"

    def chunks(self) -> Iterator[bytes]:
        """The file, a mebibyte or so at a time."""
        out = io.StringIO()
        out.write(",".join(self.columns()) + "\r\n")
        for row in self.rows():
            out.write(row)
            if out.tell() > 1_000_000:
                yield out.getvalue().encode()
                out.seek(0)
                out.truncate()
        yield out.getvalue().encode()


# The peak of a million against that of a tenth of them.
MOST_GROWTH = 1.10
P2 = Shape(100_000)
P3 = Shape(1_000_000, lists=5)
P4 = Shape(100_000, lists=20, tags=10, lists_each=(1, 2, 2, 3), tags_each=(0, 1, 1, 2))


SHORT = 0.05


def p2(short: bool) -> Iterator[dict[str, Any]]:
    """100,000 contacts with 10 custom fields onto one list: at most 10 calls."""
    yield from _figures("P2", scaled(P2, 0.05 if short else 1.0), most=10)


def p3(short: bool) -> Iterator[dict[str, Any]]:
    """A million, each on one of five lists: at most 90 calls, and as much memory as a tenth of them takes."""
    scale = 0.02 if short else 1.0
    with services():
        small = _measured("P3-tenth", scaled(P3, scale / 10), most=90)
        yield small
        large = _measured("P3", scaled(P3, scale), most=90)
    ratio = round(large["peak_bytes"] / small["peak_bytes"], 3)
    # A few thousand people do not fill a step, and say nothing about growth.
    holds = large["holds"] and (short or ratio <= MOST_GROWTH)
    yield {**large, "peak_ratio": ratio, "peak_ratio_most": MOST_GROWTH, "holds": holds}
    yield _naive("P3", large)


def p4(short: bool) -> Iterator[dict[str, Any]]:
    """100,000 on two of 20 lists on average, with one of 10 tags on average: at most 120 calls."""
    yield from _figures("P4", scaled(P4, 0.05 if short else 1.0), most=120)


def _figures(name: str, shape: Shape, *, most: int) -> Iterator[dict[str, Any]]:
    with services():
        ours = _measured(name, shape, most=most)
    yield ours
    yield _naive(name, ours)


def _naive(name: str, ours: dict[str, Any]) -> dict[str, Any]:
    """The other arm, from what was counted in the same run."""
    calls = ours["naive_calls"]
    return {
        "id": name,
        "arm": "naive",
        "calls": calls,
        "counted_on": SAMPLE,
        "times_ours": round(calls / ours["calls"]),
        "holds": None,
    }


@contextmanager
def services() -> Iterator[None]:
    """A database of the tests, unless this process has one already."""
    if plugin.CLUSTER is not None:
        yield
        return
    plugin.set_up()
    try:
        yield
    finally:
        plugin.take_down()


def scaled(shape: Shape, scale: float) -> Shape:
    """The same for so large a part of the people."""
    return Shape(int(shape.people * scale), shape.lists, shape.tags, shape.lists_each, shape.tags_each)


def _measured(name: str, shape: Shape, *, most: int) -> dict[str, Any]:
    """One import, and what the naive arm would have taken for it."""
    with simulator() as url:
        account = Account(url)
        return {**measured(name, account, shape, most=most), "naive_calls": account.naive(shape)}


def measured(name: str, account: Account, shape: Shape, *, most: int) -> dict[str, Any]:
    """One import into an account that is not set up yet."""
    from tests.faults.killing import nursery

    account.set_up(shape)
    since = account.seq()
    began = time.monotonic()
    with nursery(account.simulator.url, SETTINGS) as workers:
        job_id = account.start(shape)
        said = workers.work(seconds=3_000.0)
    took = time.monotonic() - began
    paths = account.calls(since)
    explained = account.explained(job_id)
    whole = explained["unexplained"] == 0 and explained["there"] == shape.people
    return {
        "id": name,
        "arm": "ours",
        "holds": len(paths) <= most and whole,
        "people": shape.people,
        "calls": len(paths),
        "most": most,
        "posts": sum(path.startswith("/v3/activities/") for method, path in paths if method == "POST"),
        **explained,
        "seconds": round(took, 1),
        "cpu_seconds": round(said["cpu_seconds"], 1),
        "peak_bytes": said["peak_bytes"],
    }


@contextmanager
def simulator() -> Iterator[str]:
    """The origin of a simulator with a process of its own."""
    command = [sys.executable, "-m", "connections.simulator", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(20)
