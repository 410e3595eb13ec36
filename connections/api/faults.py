"""Faults: whatever a program did not mean or may not do, each with a code that stands in `codes.CODES`.

    Fault
      AccountMissing     400  no linked account is named
      MissingScope       403  the token was not made for this
      AccountTokenOnly   403  a token of one account, at an address that it does not open
      OtherAccount       403  a token of one account, and another's name

Nothing here knows an endpoint, so that the rooms below them can refuse a call in the same words.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from connections.api.codes import CODES
from connections.scoping import ACCOUNT, ACCOUNT_HEADER


class Fault(Exception):
    """A call that is answered with an error; every field that fails is named with its reason.

    Args:
        code: a key of `CODES`; the answer's `details.reason`, and its entry in the errors guide.
        status: the HTTP status.
        message: what is wrong and what to do, in words.
        failures: each failing field and what it must be.
        details: further parts of the answer's `details`.
        retry_after_seconds: when trying again makes sense.
    """

    def __init__(
        self,
        code: str,
        status: HTTPStatus,
        message: str,
        *,
        failures: Sequence[tuple[str, str]] = (),
        details: Mapping[str, object] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        if code not in CODES:
            raise ValueError(f"{code} has no entry in the errors guide")
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.failures = tuple(failures)
        self.details = dict(details or {})
        self.retry_after_seconds = retry_after_seconds


def refused(*failures: tuple[str, str], message: str = "Some values are not accepted.") -> Fault:
    """400 for fields that cannot be meant, each with what it must be."""
    return Fault("invalid_request", HTTPStatus.BAD_REQUEST, message, failures=failures)


class AccountMissing(Fault):
    """The call does not say which linked account it is about."""

    def __init__(self) -> None:
        super().__init__(
            "account_missing",
            HTTPStatus.BAD_REQUEST,
            f"Name the linked account: {ACCOUNT}=<its id> in the query, or the header {ACCOUNT_HEADER}.",
            failures=[(ACCOUNT, "the id of a linked account")],
        )


class MissingScope(Fault):
    """The token is good, but not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            "missing_scope",
            HTTPStatus.FORBIDDEN,
            f"This token lacks the scope {scope}. Create one that has it, under Developers.",
            details={"missing_scopes": [scope]},
        )


class AccountTokenOnly(Fault):
    """A token of one account, at an address that it does not open."""

    def __init__(self) -> None:
        super().__init__(
            "account_token_only",
            HTTPStatus.FORBIDDEN,
            "A token of one account opens /unified, /proxy, /custom and /integrated-account/me, and nothing else. "
            "Send an API token.",
        )


class OtherAccount(Fault):
    """A token of one account, in a call that names another."""

    def __init__(self) -> None:
        super().__init__(
            "other_account",
            HTTPStatus.FORBIDDEN,
            "This token is of one account, and the call names another. Leave the name out, or send that one's token.",
            failures=[(ACCOUNT, "the token's own account, or nothing")],
        )
