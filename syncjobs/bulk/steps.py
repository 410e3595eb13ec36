"""The stages of a bulk write, in order: its own first, then an import's."""

from collections.abc import Callable
from typing import Final

from syncjobs.bulk import comparing, judging, making, naming, singly, translating
from syncjobs.imports import steps
from syncjobs.queue import Claim

STAGES: Final[dict[str, Callable[[Claim], None]]] = {
    **{name: stage for name, stage in steps.STAGES.items() if name not in {"preparing", "reading"}},
    "naming": naming.name,
    "translating": translating.translate,
    "comparing": comparing.compare,
    "judging": judging.judge,
    "making": making.make,
    "writing": singly.write,
}
