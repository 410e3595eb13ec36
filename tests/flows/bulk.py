"""A program that writes many contacts at once, and what the simulator heard of it."""

import json

from tests.flows.programs import Program, bytes_of

BULK = "/api/unified/marketing-automation/contacts/bulk"
ENVELOPE = {"result", "next_cursor", "prev_cursor", "result_count", "is_partial_response", "meta"}


class Sender(Program):
    """A program that writes many contacts and waits for the end."""

    def __init__(self, world, person):
        super().__init__(world, person.connection)
        self.person = person

    def start(self, rows, **more):
        answer = self.ask("POST", BULK, {"contacts": rows, **more})
        assert answer.status_code == 202, answer.content
        return answer.json()["result"]

    def job(self, job_id):
        answer = self.ask("GET", f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.content
        assert set(answer.json()) == ENVELOPE
        return answer.json()["result"]

    def write(self, rows, **more):
        return self.end(self.start(rows, **more))

    def end(self, job):
        self.person.finish(job["id"])
        found = self.job(job["id"])
        counts = dict(found["counts"])
        if found["state"] == "done":
            assert counts.pop("accepted") == sum(counts.values())
        return found

    def rows(self, job, query=""):
        answer = self.ask("GET", f"/api/jobs/{job['id']}/rows{query}")
        assert answer.status_code == 200, answer.content
        return {one["line"]: one for one in answer.json()["result"]}

    def provider(self, method, path, body=None):
        """The provider itself, through the 1-to-1 route."""
        answer = self.ask(method, f"/v3/{path}", body)
        assert answer.status_code < 300, bytes_of(answer)
        return json.loads(bytes_of(answer) or b"null")

    def list(self, name):
        return self.provider("POST", "contact_lists", {"name": name})["list_id"]

    def tag(self, name):
        return self.provider("POST", "contact_tags", {"name": name})["tag_id"]

    def contact(self, name, **more):
        email = {"address": f"{name}@people.example", "permission_to_send": "implicit"}
        body = {"email_address": email, "create_source": "Account", **more}
        return self.provider("POST", "contacts", body)

    def read(self, contact_id):
        included = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"
        return self.provider("GET", f"contacts/{contact_id}?include={included}")


def people(number, name="person", **more):
    return [
        {"email": f"{name}{one}@people.example", "first_name": f"P{one}", **more} for one in range(number)
    ]


def changing(simulator):
    """Calls that change something there, by method and path."""
    return [
        (one["method"], one["path"].partition("?")[0]) for one in simulator.calls() if one["method"] != "GET"
    ]


def changing_since(simulator, before):
    return [
        (one["method"], one["path"].partition("?")[0])
        for one in simulator.calls()[before:]
        if one["method"] != "GET"
    ]
