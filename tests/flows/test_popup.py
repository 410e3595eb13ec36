"""A vendor opens a link in a pop-up: no answer of ours on that way cuts the window from the page that opened it.

One answer with another policy, a redirect too, and the vendor's page has lost the window: it counts as closed while the
customer still reads in it, and the page that it returns to finds no opener.
"""

from tests.flows.test_connect import come_back, consent
from tests.flows.test_link_tokens import browser, caller, go_on, link

__all__ = ["caller"]
POLICY = "Cross-Origin-Opener-Policy"


def test_every_answer_on_the_way_of_a_link_keeps_its_opener(world, caller):
    client, made = browser(), link(caller)
    answers = [
        client.get(f"/connect-account?link_token={made['link_token']}"),
        client.get("/connect-account"),
        client.post("/connect-account", {"link": "another one"}),
    ]
    back = come_back(client, consent(go_on(client), "deny"))
    answers += [back, client.get(back["Location"])]
    answers.append(client.get("/connect-account"))
    answers.append(come_back(client, consent(go_on(client))))
    answers.append(client.get("/connect-account/ended"))
    answers.append(client.get("/connect-account"))
    answers.append(client.get("/connect-account?link_token=unknown"))
    answers.append(client.get("/connect-account?integration=another"))
    answers.append(client.get("/connect/ended/state_unknown/"))
    assert [answer.status_code for answer in answers] == [
        *(303, 200, 200, 303, 400, 200),
        *(303, 200, 400, 400, 400, 400),
    ]
    assert {answer[POLICY] for answer in answers} == {"unsafe-none"}
    client.force_login(world.owner)
    assert client.get(f"/w/{world.tenant.pk}/test/accounts/")[POLICY] == "same-origin", (
        "pages of the app do not"
    )
