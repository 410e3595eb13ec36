"""The client on the simulator, in one process, through the whole way out; the time is the simulator's."""

import httpx

from connections.constantcontact.auth import BearerAuth
from connections.constantcontact.client import Client, build_http
from connections.constantcontact.redaction import Secret
from connections.constantcontact.transport import CallRecord, RetryPolicy, stack
from connections.simulator.wsgi import application
from tests.constantcontact.stage import Clock, Ledger
from tests.simulator.rig import ACME, Rig


class Provider:
    """A simulator with a linked client of ours, and all that it asked for."""

    def __init__(self, account: str = ACME, **rigging) -> None:
        self.rig = Rig(**rigging)
        self.caller = self.rig.sign_in(account)
        self.ledger, self.clock = Ledger(), Clock()
        self.records: list[CallRecord] = []
        self.http = self.linked(self.caller.headers["Authorization"].removeprefix("Bearer "))
        self.client = Client(self.http)

    def linked(self, token: str) -> httpx.Client:
        """A client of ours with some token."""
        way = stack(
            Wire(self.rig),
            admit=self.ledger.admit,
            record=self.records.append,
            retry=RetryPolicy(),
            sleep=self.sleep,
            monotonic=self.clock,
        )
        return build_http("http://simulator", way, BearerAuth(lambda stale: Secret(token)))

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.rig.wait(seconds)

    def finished(self, activity):
        """The same activity when its time is over."""
        self.rig.wait(60)
        found = self.client.activities.get(activity.activity_id)
        assert found.is_finished
        return found

    @property
    def answers(self) -> list[int | None]:
        return [record.status for record in self.records]


class Wire(httpx.BaseTransport):
    """The simulator, with its lost and stalled answers as a socket would show them."""

    def __init__(self, rig: Rig) -> None:
        self.inner = httpx.WSGITransport(app=application(rig.simulator))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        try:
            return self.inner.handle_request(request)
        except TimeoutError as fault:
            raise httpx.ReadTimeout(str(fault)) from fault
        except ConnectionError as fault:
            raise httpx.RemoteProtocolError(str(fault)) from fault
