"""A partner's view of its customers' accounts; another host key and another token than an account's own calls.

The http client it is given carries both: the partner's token, good for an hour and without a refresh, and the
application's id as `x-api-key`.
"""

from collections.abc import Iterator
from typing import Final, Literal

import httpx

from connections.constantcontact import pages, paths
from connections.constantcontact.pages import Extra, Page
from connections.constantcontact.shapes import PartnerAccount

PATH: Final = "/v3/partner/accounts"
LEAST: Final = 10
MOST: Final = 50


class Partner:
    """`/partner/accounts`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/partners_accts_get.html
    def page(self, href: str) -> Page[PartnerAccount]:
        """One page by its link."""
        response = self._http.get(paths.checked_href(href))
        return pages.read_page(response, "site_owner_list", PartnerAccount.parse)

    # https://developer.constantcontact.com/api_guide/partners_accts_get.html
    def pages(
        self,
        *,
        account_type: Literal["all", "managed", "unmanaged"] = "all",
        limit: int = MOST,
        start: str | None = None,
        extra: Extra = (),
    ) -> Iterator[Page[PartnerAccount]]:
        """Page by page, from the first or from a kept link; a limit out of range is the nearest in it.

        `extra` goes to the provider as it is.
        """
        first = start or pages.href(PATH, limit=max(LEAST, min(limit, MOST)), account_type=account_type)
        return pages.walk(self.page, pages.with_query(first, extra))
