"""Links are followed lazily, once each, and never off the provider's own path."""

from dataclasses import asdict
from itertools import islice

import httpx
import pytest

from connections.constantcontact import errors, pages, paths
from tests.constantcontact.stage import Stage, answer

DATE = "Mon, 23 Nov 2026 08:00:00 GMT"


def page(number, next_href=None, **links):
    document = {"lists": [{"list_id": f"l{number}", "name": f"List {number}"}]}
    if next_href is not None:
        document["_links"] = {"next": {"href": next_href}}
    return answer(200, document | links, date=DATE)


ATTACKS = [
    "https://evil.test/v3/contacts?cursor=x",
    "http:/v3/contacts",
    "//evil.test/v3/contacts",
    "/\\evil.test/v3/",
    "\\\\evil.test/v3/contacts",
    "/v3",
    "/v3//evil.test/x",
    "/v2/contacts",
    "v3/contacts",
    "/v3/../oauth2/token",
    "/v3/./contacts",
    "/v3/.../contacts",
    "/v3/%2e%2e/admin",
    "/v3/..%2fadmin",
    "/v3/contacts%2f..%2f..",
    "/v3/contacts%5c..",
    "/v3/contacts;x=/../",
    "/v3/user@evil.test/",
    "/v3/contacts#fragment",
    "/v3/contacts?cursor=x#fragment",
    "/v3/contacts?cursor=a b",
    "/v3/contacts?cursor=a\r\nHost: evil.test",
    "/v3/contacts?cursor=%0d%0aHost:%20evil.test",
    "/v3/contacts?cursor=%00",
    "/v3/contacts?cursor=%zz",
    "/v3/contacts\t",
    "/v3/contacts?cursor=\u2028",
    "/v3/c\u043entacts",
    " /v3/contacts",
    "/V3/contacts",
    "/v3/contacts?cursor=" + "x" * 9_000,
    "javascript:/v3/x",
    "",
]


@pytest.mark.parametrize("href", ATTACKS)
def test_a_link_off_the_path_is_not_followed(href):
    with pytest.raises(paths.UnsafePath):
        paths.checked_href(href)
    stage = Stage(page(1, href))
    with pytest.raises(errors.WrongShape):
        list(stage.client.lists.pages())
    assert len(stage.wire.requests) == 1


@pytest.mark.parametrize("href", [7, True, ["/v3/contacts"], {"href": "/v3/contacts"}])
def test_a_link_that_is_no_text_is_not_followed(href):
    with pytest.raises(errors.WrongShape):
        Stage(page(1, href)).client.lists.all()


@pytest.mark.parametrize(
    "href",
    [
        "/v3/contacts?cursor=bGltaXQ9NTAmbmV4dD0z%3D%3D",
        "/v3/contacts?cursor=a+b/c==&limit=5",
        "/v3/contact_lists?limit=50&include_count=true",
        "/v3/reports/stats/email_campaigns/a-1,b-2?x[]=1",
    ],
)
def test_a_link_on_the_path_is_sent_as_it_is(href):
    assert paths.checked_href(href) == href
    stage = Stage(page(1, href), page(2))
    list(stage.client.lists.pages())
    assert stage.wire.requests[1].url.raw_path.decode() == href
    assert stage.wire.requests[1].url.host == "api.example.test"


@pytest.mark.parametrize(
    "links", [{}, {"_links": None}, {"_links": {}}, {"_links": {"next": None}}, {"_links": {"next": {}}}]
)
def test_an_absent_or_null_link_is_the_end(links):
    stage = Stage(page(1, **links))
    assert [item.list_id for item in stage.client.lists.all()] == ["l1"]
    assert Stage(page(1, _links={"next": {"href": None}})).client.lists.all()


def test_pages_are_fetched_when_they_are_asked_for_and_can_be_gone_on_from():
    stage = Stage(page(1, "/v3/contact_lists?cursor=b"), page(2, "/v3/contact_lists?cursor=c"), page(3))
    walk = stage.client.lists.pages(limit=1)
    assert stage.wire.requests == []
    first = next(walk)
    assert len(stage.wire.requests) == 1
    assert first.next_href == "/v3/contact_lists?cursor=b"
    assert first.answered_at.isoformat() == "2026-11-23T08:00:00+00:00"
    again = [page.items[0].list_id for page in stage.client.lists.pages(start=first.next_href)]
    assert again == ["l2", "l3"]


@pytest.mark.parametrize("circle", [["a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_circle_is_noticed(circle):
    script = [page(i, f"/v3/contact_lists?cursor={cursor}") for i, cursor in enumerate(circle)]
    stage = Stage(*script)
    with pytest.raises(errors.WrongShape, match="circle"):
        list(islice(stage.client.lists.pages(), 20))
    assert len(stage.wire.requests) <= len(circle) + 1


def test_an_empty_page_with_a_link_is_not_the_end():
    empty = answer(200, {"lists": [], "_links": {"next": {"href": "/v3/contact_lists?cursor=b"}}})
    assert len(Stage(empty, page(2)).client.lists.all()) == 1


def test_a_page_without_its_items_is_not_an_empty_page():
    for document in ({}, {"lists": None}, {"lists": {}}, [], None, "x", {"contacts": []}):
        with pytest.raises(errors.WrongShape):
            Stage(answer(200, document)).client.lists.all()


def test_one_bad_item_spoils_its_page():
    document = {"lists": [{"list_id": "l1", "name": "fine"}, {"list_id": "l2"}]}
    with pytest.raises(errors.WrongShape, match="name is missing"):
        Stage(answer(200, document)).client.lists.all()


def test_parameters_are_joined_and_encoded():
    assert pages.href("/v3/x") == "/v3/x"
    href = pages.href("/v3/x", a=None, b=(), c=("1", "2"), d=True, email="a+b@example.org")
    assert httpx.URL(href).params.multi_items() == [("c", "1,2"), ("d", "true"), ("email", "a+b@example.org")]
    assert "a%2Bb%40example.org" in href
    assert paths.checked_href(href) == href


@pytest.mark.parametrize("id_", ["", "..", "a/b", "a?b", "a b", "a%2fb", "a" * 65, "ana@example.org"])
def test_an_id_is_one_plain_segment(id_):
    stage = Stage(answer(200, {}))
    for call in (stage.client.lists.get, stage.client.activities.get, stage.client.contacts.get):
        with pytest.raises(paths.UnsafePath):
            call(id_)
    assert stage.wire.requests == []


def gone_in_a_circle(lead, round_):
    """How many links are followed before the circle is noticed; the trail is kept as JSON between two steps."""
    trail, gone = pages.Trail(), 0
    while gone < 10_000:
        number = gone if gone < lead else lead + (gone - lead) % round_
        try:
            trail = pages.Trail(**asdict(trail)).after(f"/v3/contacts?cursor={number}")
        except errors.WrongShape:
            return gone
        gone += 1
    raise AssertionError("the circle was never noticed")


@pytest.mark.parametrize("lead", [0, 1, 5, 40])
@pytest.mark.parametrize("round_", [1, 2, 3, 17])
def test_a_circle_is_noticed_between_steps_too(lead, round_):
    assert lead + round_ <= gone_in_a_circle(lead, round_) <= 4 * (lead + round_) + 2


def test_a_long_walk_is_no_circle():
    trail = pages.Trail()
    for number in range(5_000):
        trail = trail.after(f"/v3/contacts?cursor={number}")
    assert len(str(asdict(trail))) < 80
