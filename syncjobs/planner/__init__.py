"""The fewest provider calls for a set of changes to one account. Pure; no Django.

`wanted` says what is wanted, `steps` what a plan is made of, `plan` finds one, `quote` says what it costs.
"""

from syncjobs.planner.choosing import plan
from syncjobs.planner.quoting import Quote, Terms, quote
from syncjobs.planner.steps import EVERY_LIST, IMPORTS, SCRATCH, SINGLES, Cargo, Kind, Plan, Refusal, Step
from syncjobs.planner.wanted import Limits, People, Wanted

__all__ = [
    "EVERY_LIST",
    "IMPORTS",
    "SCRATCH",
    "SINGLES",
    "Cargo",
    "Kind",
    "Limits",
    "People",
    "Plan",
    "Quote",
    "Refusal",
    "Step",
    "Terms",
    "Wanted",
    "plan",
    "quote",
]
