"""A whole Patchbay that sends mail: by the bell, by the clock what was put off, by the next worker after a kill."""

import re

import httpx
import pytest

from tests.harness import Patchbay, until
from tests.long import LONG_ONLY
from tests.mailserver import MailServer
from tests.prepared import open_place

pytestmark = pytest.mark.slow


def ask_for_a_password(url, address):
    with httpx.Client(base_url=url, follow_redirects=True, headers={"Referer": url}) as browser:
        page = browser.get("/accounts/password/reset/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        answer = browser.post(
            "/accounts/password/reset/", data={"email": address, "csrfmiddlewaretoken": token}
        )
        assert answer.status_code == 200
        return browser.get("/mail/awaited/").text


@LONG_ONLY
def test_messages_go_by_bell_by_clock_and_after_a_kill():
    sender = "Patchbay <patchbay@sender.test>"
    with (
        MailServer() as server,
        open_place(EMAIL_URL=server.url, EMAIL_FROM=sender) as place,
        Patchbay(place.data, "--no-demo", settings=place.settings) as patchbay,
    ):
        url = patchbay.ready["url"]
        assert "/outbox/" not in patchbay.output
        assert httpx.get(f"{url}/outbox/").status_code == 404

        ask_for_a_password(url, "bell@people.test")
        until(lambda: len(server.messages) == 1, 20, "the message")

        # The server asks to come back later: the clock, not a bell, brings the message then.
        server.answers["RCPT"] = "450 4.2.0 greylisted"
        assert "On its way" in ask_for_a_password(url, "clock@people.test")
        with patchbay.operator() as database:

            def tried():
                row = database.execute(
                    "SELECT state, reason FROM connections_message WHERE attempts = 1"
                ).fetchall()
                return {"state": "queued", "reason": "later"} in row

            until(tried, 20, "the first try")
            server.answers.clear()
            database.execute("UPDATE connections_message SET not_before = now() WHERE state = 'queued'")
        until(lambda: len(server.messages) == 2, 20, "the second try")

        # A dead worker costs delay: the row waits for the next one.
        patchbay.kill_group("worker")
        ask_for_a_password(url, "killed@people.test")
        until(lambda: len(server.messages) == 3, 40, "the message, by the next worker")
        assert {one["To"] for one in server.messages} == {
            f"{name}@people.test" for name in ("bell", "clock", "killed")
        }
        assert patchbay.stop() == 0
