"""The four steps from nothing to the first contact that can be seen at Constant Contact, in words with one link each.

Pure. A step is done by what is there, not by being ticked off; what a role may not do is shown without its link.
"""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from connections.scoping import Scope
from syncjobs.overview import SetUp

GOING_LIVE: Final = "/docs/go-live/"


@dataclass(frozen=True)
class Step:
    """One step; without a label there is nothing for this person to do about it."""

    title: str
    is_done: bool
    text: str
    label: str = ""
    url: str = ""


def steps(scope: Scope, found: SetUp) -> list[Step]:
    """All four, in the order they are best taken."""
    return [_try_it(scope, found), _go_live(scope, found), _check(scope, found), _import(scope, found)]


def _try_it(scope: Scope, found: SetUp) -> Step:
    title = "Try it with a test account"
    if found.tried:
        return Step(title, True, "A test account is connected.")
    if found.real:
        return Step(title, True, "Passed over: a real account is connected.")
    text = "The test environment comes with a simulated Constant Contact, so nothing can go wrong there."
    if not found.can_link_test:
        return Step(
            title, False, "The test environment has no simulator yet. Whoever runs Patchbay starts one."
        )
    if not scope.may("connect"):
        return Step(title, False, f"{text} An owner, admin or marketer can connect one.")
    label = "Connect an account" if scope.environment == "test" else "Connect a test account"
    return Step(title, False, text, label, reverse("connect", args=[scope.tenant_id, "test"]))


def _go_live(scope: Scope, found: SetUp) -> Step:
    title = "Connect a real account"
    if found.real:
        return Step(title, True, "A real account is connected, in the live environment.")
    if not found.can_link_live:
        text = "Live needs a Constant Contact application, and none is set up yet."
        return Step(title, False, text, "How to go live", GOING_LIVE)
    text = "The live environment speaks to the real service."
    if not scope.may("connect"):
        return Step(title, False, f"{text} An owner, admin or marketer can connect one.")
    label = "Connect an account" if scope.environment == "live" else "Connect a real account"
    return Step(title, False, text, label, reverse("connect", args=[scope.tenant_id, "live"]))


def _check(scope: Scope, found: SetUp) -> Step:
    title = "Check the mapping"
    if found.mapped:
        return Step(title, True, "The e-mail address of your app's people has its place.")
    if found.first is None:
        return Step(
            title, False, "Which field of your app fills which field there. It begins with an account."
        )
    text = "Which field of your app fills which field there. The first file you bring in suggests most of it."
    return Step(title, False, text, "See the mapping", reverse("mapping-home", args=_place(scope)))


def _import(scope: Scope, found: SetUp) -> Step:
    title = "Run the first import"
    if found.arrived:
        return Step(title, True, "People have arrived at Constant Contact.")
    if found.first is None:
        return Step(
            title, False, "Bring people in and see them there. It needs an account of this environment."
        )
    text = "Bring people in and see them there. This step is done when the first one has arrived."
    if not scope.may("import"):
        return Step(title, False, f"{text} An owner, admin or marketer can import.")
    if found.is_only_one:
        url = reverse("upload", args=[*_place(scope), found.first])
    else:
        url = reverse("connections", args=_place(scope))
    return Step(title, False, text, "Import people", url)


def _place(scope: Scope) -> list[object]:
    return [scope.tenant_id, scope.environment]
