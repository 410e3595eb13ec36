"""Who is linked, and what they may do."""

import httpx

from connections.constantcontact import reading
from connections.constantcontact.shapes import AccountSummary, Privilege


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
