"""Every way a link can end, in plain words: what happened, who can mend it, what to do next."""

from dataclasses import dataclass


class Refused(Exception):
    """A link that ends without a connection; `code` is a key of OUTCOMES."""

    def __init__(self, code: str, *, account: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.account = account


@dataclass(frozen=True)
class Words:
    """What the page says."""

    title: str
    cause: str
    cure: str
    fixed_by: str


OUTCOMES: dict[str, Words] = {
    "user_declined": Words(
        "You chose not to connect",
        "Constant Contact was told not to give access. Nothing was changed.",
        "Start again whenever you like.",
        "You",
    ),
    "provider_denied": Words(
        "Constant Contact did not give permission",
        "Constant Contact sent you back without permission. Nothing was changed.",
        "Try again. If it happens twice, ask the owner of the Constant Contact account to connect it.",
        "The account's owner",
    ),
    "state_expired": Words(
        "This connection attempt ran out of time",
        "It was started too long ago, and is no longer valid. Nothing was changed.",
        "Start again, and finish at Constant Contact within ten minutes.",
        "You",
    ),
    "state_used": Words(
        "This connection attempt was used already",
        "Each attempt works once. Coming back by the browser's history, or by a copied address, does not repeat it.",
        "Look at your accounts: if the account is not there, start again.",
        "You",
    ),
    "state_unknown": Words(
        "This connection attempt does not belong here",
        "It was started in another browser, or not by Patchbay. Nothing was changed.",
        "Start again in this browser, from where you pressed Connect.",
        "You",
    ),
    "code_refused": Words(
        "Constant Contact's permission had run out",
        "The permission that came back is valid for five minutes and once. Nothing was changed.",
        "Start again.",
        "You",
    ),
    "application_refused": Words(
        "Constant Contact does not accept this application",
        "Its client id or secret was refused. Nothing was changed.",
        "Ask whoever runs Patchbay to check the Constant Contact application's client id and secret.",
        "Whoever runs Patchbay",
    ),
    "scope_missing": Words(
        "A needed permission was not granted",
        "Patchbay needs to read the account, to work with its contacts, and to stay connected.",
        "Start again and allow all that is asked.",
        "You",
    ),
    "insufficient_role": Words(
        "An owner or manager must connect this account",
        "You signed in to Constant Contact as a campaign creator, who may not work with contacts. Nothing was changed.",
        "Ask the owner of the Constant Contact account to connect it, or to make you an account manager.",
        "The account's owner",
    ),
    "wrong_account": Words(
        "That is another Constant Contact account",
        "You are reconnecting one account, but signed in to another. Nothing was changed; the old link stands.",
        "Sign out at Constant Contact, start again, and sign in to the account that is named here.",
        "You",
    ),
    "link_unknown": Words(
        "This link is not valid",
        "It is not one that Patchbay has made, or it was not copied to its end. Nothing was changed.",
        "Go back to the product that sent you here, and press Connect again.",
        "You",
    ),
    "link_expired": Words(
        "This link has run out of time",
        "Such a link is valid for a short while only. Nothing was changed.",
        "Go back to the product that sent you here, and press Connect again.",
        "You",
    ),
    "link_used": Words(
        "This link was used already",
        "Such a link works once, in the browser that went on with it first. Nothing was changed now.",
        "If your account is not connected there, go back to the product that sent you here and press Connect again.",
        "You",
    ),
    "integration_unknown": Words(
        "There is nothing of that name to connect",
        "The page that sent you here asks for another service than Constant Contact, which is all that is linked here.",
        "Tell whoever runs the product that sent you here: the integration is called constantcontact.",
        "The product that sent you here",
    ),
    "refresh_refused": Words(
        "Constant Contact does not take this refresh token",
        "It is of another application, was used already, or has ended. Nothing was taken.",
        "Bring the newest refresh token of the account and the client id it is of; else let its owner connect anew.",
        "Whoever brings it",
    ),
    "client_unknown": Words(
        "The workspace has no application of this client id",
        "A refresh token works through the application that it was given to, and through no other. Nothing was taken.",
        "Bring that application first, under Settings, Constant Contact application.",
        "An owner or admin",
    ),
    "context_refused": Words(
        "What was to be kept with the account is too large",
        "The product that sent you here keeps notes of its own with the account, and there is no room for more. "
        "Nothing was changed.",
        "Tell whoever runs the product that sent you here: the account's context is full.",
        "The product that sent you here",
    ),
    "no_turn": Words(
        "Too much is going on at the moment",
        "Constant Contact takes a few calls a second, and so many were waiting that yours had no turn in time. "
        "Nothing was changed.",
        "Try again in a minute.",
        "You",
    ),
    "quota_exhausted": Words(
        "Constant Contact is taking no more calls today",
        "What may be asked of Constant Contact in a day is used up or kept for what is more urgent. "
        "Nothing was changed.",
        "Try again after 00:00 UTC.",
        "Nobody needs to",
    ),
    "provider_unavailable": Words(
        "Constant Contact is not answering",
        "The account could not be read to the end, so it is not counted as connected.",
        "Try again in a few minutes.",
        "Nobody needs to",
    ),
    "no_application": Words(
        "This environment has no Constant Contact application yet",
        "Accounts are linked through an application that is registered with Constant Contact, and this environment has "
        "none: no client id and no client secret.",
        "Whoever runs Patchbay registers one and sets CONSTANT_CONTACT_CLIENT_ID and CONSTANT_CONTACT_CLIENT_SECRET; "
        "an owner or admin can also bring the workspace's own. The guide leads through it step by step.",
        "Whoever runs Patchbay, or an owner or admin",
    ),
    "no_simulator": Words(
        "The test environment has no simulator yet",
        "Test speaks to Patchbay's own simulator of Constant Contact and to nothing else, and none is running for it.",
        "Whoever runs Patchbay starts one (manage.py up does), sets SIMULATOR_URL and runs manage.py "
        "ensure_defaults.",
        "Whoever runs Patchbay",
    ),
    "application_misplaced": Words(
        "This application belongs to another environment",
        "The addresses of the Constant Contact application are not those of this environment. Test speaks only to the "
        "simulator, live only to Constant Contact. Nothing was sent.",
        "Ask whoever runs Patchbay to run manage.py doctor, which names the address and the cure.",
        "Whoever runs Patchbay",
    ),
}


def none_to_link_through(environment: str) -> str:
    """The outcome where an environment has no application at all."""
    return "no_application" if environment == "live" else "no_simulator"


# What the public contract calls an end without a connection; every other is a `connection_error`.
_ERROR_TYPES = {
    "link_unknown": "invalid_token",
    "link_expired": "invalid_token",
    "link_used": "invalid_token",
    "integration_unknown": "invalid_integration",
    "insufficient_role": "validation_error",
    "scope_missing": "validation_error",
    "wrong_account": "validation_error",
}


def error_type(outcome: str) -> str:
    """The public name of an end without a connection."""
    return _ERROR_TYPES.get(outcome, "connection_error")
