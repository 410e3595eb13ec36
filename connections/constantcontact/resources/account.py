"""Who is linked, and what they may do."""

from typing import Literal

import httpx

from connections.constantcontact import pages, reading
from connections.constantcontact.shapes import AccountEmail, AccountSummary, PhysicalAddress, Privilege

Confirmed = Literal["CONFIRMED", "UNCONFIRMED"]
Role = Literal["CONTACT", "BILLING", "JOURNALING", "REPLY_TO", "OTHER"]


class Account:
    """The account behind the token."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/account_services_overview.html
    def summary(self) -> AccountSummary:
        """Needs the scope account_read and the privilege account:read."""
        return reading.read(self._http.get("/v3/account/summary"), AccountSummary.parse)

    # https://v3.developer.constantcontact.com/api_guide/account_get_privileges.html
    def privileges(self) -> tuple[Privilege, ...]:
        """What the user behind the token may do; needs no scope or privilege: it tells why others fail."""
        response = self._http.get("/v3/account/user/privileges")
        return reading.read(
            response, lambda value: tuple(map(Privilege.parse, reading.elements(value, "the privileges")))
        )

    # https://developer.constantcontact.com/api_guide/account_services_overview.html
    def emails(
        self, *, confirm_status: Confirmed | None = None, role_code: Role | None = None
    ) -> tuple[AccountEmail, ...]:
        """The account's own addresses, by one filter at most; needs account_read and account:read."""
        if confirm_status and role_code:
            raise ValueError("The provider takes one filter at a time.")
        href = pages.href("/v3/account/emails", confirm_status=confirm_status, role_code=role_code)
        return reading.read(
            self._http.get(href),
            lambda value: tuple(map(AccountEmail.parse, reading.elements(value, "the addresses"))),
        )

    # https://developer.constantcontact.com/api_guide/account_services_overview.html
    def physical_address(self) -> PhysicalAddress:
        """The address at the foot of every mail; NotFound where none was given yet."""
        return reading.read(self._http.get("/v3/account/summary/physical_address"), PhysicalAddress.parse)
