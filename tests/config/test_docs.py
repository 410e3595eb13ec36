"""The help in the product: every page is there, public, small, linked both ways, and says what this deployment is."""

import re

import pytest
from django.conf import settings
from django.test import Client

from config import docs
from connections import provisioning
from connections.constantcontact.redaction import Secret
from connections.links import linking, outcomes
from syncjobs import runner
from syncjobs.imports import progress
from tests.house import tree

MOST_BYTES = 60_000
SLUGS = [page.slug for page in docs.PAGES]


@pytest.fixture
def reader(database: None) -> Client:
    """Somebody who is not signed in."""
    return Client(HTTP_HOST="patchbay.localhost:8000")


def read(reader: Client, path: str) -> str:
    answer = reader.get(path)
    assert answer.status_code == 200, path
    assert len(answer.content) < MOST_BYTES
    return answer.content.decode()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_is_public_small_and_linked(reader: Client, slug: str) -> None:
    text = read(reader, f"/docs/{slug}/")
    assert text.count("<h1") == 1
    headings = re.findall(r"<h2([^>]*)>(.*?)</h2>", text, re.S)
    assert headings
    for attributes, inside in headings:
        (name,) = re.findall(r'id="([\w-]+)"', attributes)
        assert inside.startswith(f'<a href="#{name}">')
    names = re.findall(r'\sid="([^"]+)"', text)
    assert len(names) == len(set(names)), "an address within the page leads to one place"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_link_leads_somewhere(reader: Client, slug: str) -> None:
    for address in set(re.findall(r'<a [^>]*href="(/docs/[^"]*)"', read(reader, f"/docs/{slug}/"))):
        path, _, fragment = address.partition("#")
        assert not fragment or f'id="{fragment}"' in read(reader, path), address


def test_the_pages_follow_one_another(reader: Client) -> None:
    assert re.findall(r'<li><a href="/docs/([\w-]+)/"', read(reader, "/docs/")) == SLUGS
    walked, slug = [], SLUGS[0]
    while slug:
        walked.append(slug)
        following = re.search(r'rel="next" href="/docs/([\w-]+)/"', read(reader, f"/docs/{slug}/"))
        slug = following.group(1) if following else ""
    assert walked == SLUGS


def test_no_page_is_without_its_template_and_none_without_its_page() -> None:
    written = {path.stem for path in tree.files() if path.parts[:2] == ("templates", "docs")}
    assert written - {"index", "page"} == set(SLUGS)


def test_an_unknown_page_is_not_there(reader: Client) -> None:
    assert reader.get("/docs/nothing/").status_code == 404
    assert reader.post("/docs/connect/").status_code == 405


def test_the_former_address_leads_here(reader: Client) -> None:
    answer = reader.get("/help/")
    assert (answer.status_code, answer["Location"]) == (302, "/docs/")


def test_every_message_is_explained(reader: Client) -> None:
    text = read(reader, "/docs/troubleshooting/")
    for code in outcomes.OUTCOMES:
        assert f'id="{code}"' in text
    for code in progress.REASONS:
        assert f'id="row-{code}"' in text


def test_every_address_of_the_guide_is_one_of_the_api(reader: Client) -> None:
    paths = reader.get("/api/openapi.json").json()["paths"]
    known = {re.sub(r"\{\w+\}", "{id}", path) for path in paths}
    assert {address for address, _, _ in docs.ADDRESSES} <= known


def test_every_wait_is_explained(reader: Client) -> None:
    """A page of a job says why it waits, and Troubleshooting sends whoever asks to this page."""
    text = read(reader, "/docs/limits/")
    waits = {reaction.reason for _, reaction in runner.REACTIONS if reaction.action == "wait"}
    for reason in {*waits, *runner._WAITS}:
        assert f'id="wait-{reason}"' in text, reason


def test_every_setting_is_explained(reader: Client) -> None:
    text = read(reader, "/docs/operators/")
    for name in type(settings.ENV).model_fields:
        assert f"<code>{name}</code>" in text


def test_the_redirect_uri_is_known_before_the_client_id(reader: Client) -> None:
    """It has to be entered first; storing the application afterwards must not change it."""
    shown = re.search(r'<code id="redirect-uri">(.*?)</code>', read(reader, "/docs/go-live/"))
    assert shown is not None
    assert shown.group(1).startswith(f"{settings.PUBLIC_URL}/oauth/callback/")
    application = provisioning._of_settings()
    row = provisioning.ensure_application(application)
    assert linking.redirect_uri(row) == shown.group(1) == provisioning.live_redirect_uri()
    assert provisioning.ensure_application(application).pk == row.pk


def test_the_page_shows_no_secret(reader: Client, settings_of: object) -> None:
    assert callable(settings_of)
    settings_of(
        CONSTANT_CONTACT_CLIENT_SECRET=Secret("marker-of-a-secret"),
        CONSTANT_CONTACT_CLIENT_ID="marker-of-an-id",
    )
    text = read(reader, "/docs/go-live/") + read(reader, "/docs/operators/")
    assert "marker-of" not in text
