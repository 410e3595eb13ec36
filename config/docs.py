"""The help that stands in the product: one list of pages, each a template, with previous and next.

Public, and shows nothing of a workspace. What changes with the code (roles, reasons, limits, settings, the redirect
URI) is read from it, so that a page cannot fall behind.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from config import reference
from connections import pages, provisioning, roles
from connections.api import codes
from connections.links import outcomes
from connections.mail import delivery
from connections.models import ProviderApp
from syncjobs import webhookevents, webhookguide, webhooksending
from syncjobs.imports import progress


@dataclass(frozen=True)
class Page:
    """One page of help; its template is `docs/<slug>.html`."""

    slug: str
    title: str
    summary: str

    @property
    def url(self) -> str:
        """Its address."""
        return reverse("docs-page", args=[self.slug])


PAGES: Final = (
    Page("getting-started", "Getting started", "From signing up to the first people in a contact list."),
    Page("connect", "Connect an account", "What happens between the button and a linked account."),
    Page("test-and-live", "Test and live", "Two environments that never meet."),
    Page("import", "Import people", "A file, its columns, the lists, and what became of every row."),
    Page("limits", "Why does it wait?", "The limits of Constant Contact, and how they are shared."),
    Page("programs", "For programs", "The API: a first call, addresses, filters, limits."),
    Page("api", "Reference of the API", "Every call, what it takes and what it needs."),
    Page("webhooks", "Webhooks", "Your server hears what happens: events, signatures, retries."),
    Page(
        "moving",
        "Moving here",
        "From another unified API: what works unchanged, what differs, what to reconnect.",
    ),
    Page("errors", "Errors of the API", "Every code: the cause, who can mend it, and what to do."),
    Page("roles", "People and roles", "Who may do what, invitations, and ownership."),
    Page("mail", "Mail", "Which messages Patchbay sends, and where they go."),
    Page("privacy", "Privacy and consent", "Who may be e-mailed, what is kept, and for how long."),
    Page("go-live", "Go live", "From the demo to the first real account, step by step."),
    Page("troubleshooting", "Troubleshooting", "Every message, what it means and what to do."),
    Page("operators", "For operators", "Running Patchbay: health, keys, backup, upgrades, settings."),
)

TEN_PEOPLE: Final = "Email,First name,Last name\n" + "\n".join(
    f"you+{number:02}@your-domain.example,Test,Person {number}" for number in range(1, 11)
)
TEST_AND_LIVE: Final = (
    ("Speaks to", "the simulator only", "Constant Contact only"),
    ("People reached", "none", "real ones"),
    ("Tokens begin with", "pb_test_", "pb_live_"),
    ("Needs an application", "no", "yes, with a client id of your own"),
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All pages of help."""
    return render(
        request, "docs/index.html", {"pages": PAGES, **pages.plain("Help"), "help_url": reverse("docs")}
    )


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One page."""
    number = next((place for place, one in enumerate(PAGES) if one.slug == slug), None)
    if number is None:
        raise Http404("No such page of help.")
    found = PAGES[number]
    context = {
        **pages.plain(found.title),
        "help_url": reverse("docs"),
        "crumbs": [{"label": "Help", "url": reverse("docs")}],
        "page": found,
        "place_in_help": f"Page {number + 1} of {len(PAGES)}",
        "previous": PAGES[number - 1] if number else None,
        "next": PAGES[number + 1] if number + 1 < len(PAGES) else None,
        **FACTS.get(slug, dict)(),
    }
    return render(request, f"docs/{slug}.html", context)


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """What a reading program needs to begin: where things are, in a few lines of Markdown."""

    def link(title: str, path: str, words: str) -> str:
        return f"- [{title}]({settings.PUBLIC_URL}{path}): {words}"

    lines = [
        "# Patchbay",
        "",
        "> Links Constant Contact accounts and keeps contacts, lists and tags in step with a product of yours.",
        "",
        "Calls carry `Authorization: Bearer pb_test_...` and name a linked account by `integrated_account_id`. Every",
        "success is `{result, next_cursor, prev_cursor, result_count, is_partial_response, meta}`; every error has a",
        "code in `details.reason`.",
        "",
        "## API",
        "",
        link("OpenAPI 3.1", reverse("openapi"), "every call, its parameters and answers"),
        *(
            link(
                f"{one.method} {one.path}",
                f"{reverse('docs-page', args=['api'])}#{one.anchor}",
                one.summary,
            )
            for group in reference.groups().values()
            for one in group
        ),
        "",
        "## Guides",
        "",
        *(link(page.title, page.url, page.summary) for page in PAGES),
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def _redirect_uri() -> str:
    """What this deployment's application must be registered with; empty while the database does not answer."""
    try:
        return provisioning.live_redirect_uri()
    except DatabaseError:
        return ""


def _go_live() -> dict[str, Any]:
    variables = [
        f"PUBLIC_URL={settings.PUBLIC_URL}",
        "CONSTANT_CONTACT_CLIENT_ID=the API key of your application",
        "CONSTANT_CONTACT_CLIENT_SECRET=its client secret",
        f"CONSTANT_CONTACT_REFRESH_TOKENS={settings.ENV.CONSTANT_CONTACT_REFRESH_TOKENS}",
        f"CONSTANT_CONTACT_FLOW={settings.ENV.CONSTANT_CONTACT_FLOW}",
    ]
    return {
        "redirect_uri": _redirect_uri(),
        "scopes": ProviderApp().scopes.split(),
        "variables": "\n".join(variables),
        "commands": "python3 manage.py ensure_defaults\npython3 manage.py doctor",
        "ten_people": TEN_PEOPLE,
        "is_local": not settings.SECURE,
    }


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, Any]:
    """What parts/table.html takes."""
    return {
        "columns": [{"label": label} for label in columns],
        "rows": [[{"value": value} for value in row] for row in rows],
    }


def _roles() -> dict[str, Any]:
    rows = (
        [sentence, *("yes" if roles.may(role, action) else "no" for role in roles.ROLES)]
        for action, sentence in roles.SENTENCES.items()
    )
    table = _table(["May", *(role.capitalize() for role in roles.ROLES)], rows)
    return {"roles": roles.ROLES, "invitation_days": settings.ENV.INVITATION_DAYS, **table}


def _limits() -> dict[str, Any]:
    env = settings.ENV
    return {
        "per_second": env.CALLS_PER_SECOND,
        "per_day": env.CALLS_PER_DAY,
        "per_account": env.ACCOUNT_CALLS_PER_DAY,
        "batch_people": env.IMPORT_BATCH_ROWS,
        "file_megabytes": env.IMPORT_MAX_BYTES // 1_000_000,
    }


def _operators() -> dict[str, Any]:
    described = [
        (name, (one.description or "").replace("`", ""))
        for name, one in type(settings.ENV).model_fields.items()
    ]
    return {
        "settings": described,
        "rotate": "SECRETS_KEYS=new:...,old:...\npython3 manage.py rotate_keys\nSECRETS_KEYS=new:...",
        "new_key": 'python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"',
        "backup": 'pg_dump --format=custom --file=patchbay.dump "$DATABASE_OPERATOR_URL"',
        "upgrade": "python3 manage.py migrate --database owner\npython3 manage.py collectstatic --no-input\n"
        "python3 manage.py ensure_defaults\npython3 manage.py doctor",
    }


ADDRESSES: Final = (
    ("/api/integrated-account", "linked accounts", "list, get, take over, change, give a new grant, remove"),
    ("/api/integrated-account/{id}/capabilities", "what can be done with an account", "get"),
    ("/api/integrated-account/{id}/consent-basis", "on what basis it writes to new people", "get, record"),
    ("/api/integrated-account/{id}/mirror", "our copy of an account", "read anew"),
    ("/api/link-token", "links for customers", "create"),
    ("/api/integrated-account/token", "tokens of one account", "create"),
    ("/api/api-token", "API tokens", "list"),
    (
        "/api/unified/marketing-automation/contacts",
        "contacts",
        "list, get, create, change, upsert, bulk, delete",
    ),
    ("/api/unified/marketing-automation/lists", "contact lists", "list, get, create, change, delete"),
    ("/api/unified/marketing-automation/tags", "tags", "list, get, create, change, delete"),
    ("/api/unified/user-directory/users", "known users", "list, get"),
    ("/api/unified/user-directory/roles", "roles", "list, get"),
    ("/api/jobs", "jobs, their counts and rows", "list, get, cancel, retry"),
    ("/api/quota", "calls of the day", "get"),
    ("/api/webhook", "webhooks", "list, get, create, change, delete"),
    ("/api/webhook/{id}/deliveries", "what was sent there", "list; send again, one or a range"),
    ("/api/log", "what was called", "list"),
)


MANY: Final = '{"contacts": [{"email": "ann@people.example", "first_name": "Ann"}], "dry_run": true}'
BATCH: Final = """{"args": {"most": 1}, "resources": [
    {"resource": "marketing-automation/lists", "name": "lists", "query": {"limit": "{{args.most}}"}},
    {"resource": "marketing-automation/contacts", "name": "people", "depends_on": ["lists"],
     "query": {"lists[id]": "{{resources.lists.id}}", "limit": "{{args.most}}"}}]}"""


def _programs() -> dict[str, Any]:
    curl = 'curl -sS -H "Authorization: Bearer $PATCHBAY_TOKEN"'
    contacts = f"{settings.PUBLIC_URL}/api/unified/marketing-automation/contacts"
    first = "\n".join(
        (
            f"{curl} {settings.PUBLIC_URL}/api/ping",
            f'{curl} "{contacts}?limit=5&integrated_account_id=$PATCHBAY_ACCOUNT"',
        )
    )
    json = f"{curl} -H 'Content-Type: application/json' \\\n "
    return {
        "first_call": first,
        "make_link": f'{json} {settings.PUBLIC_URL}/api/link-token -d \'{{"tenant_id": "customer-1"}}\'',
        "write_many": f"{json} \"{contacts}/bulk?integrated_account_id=$PATCHBAY_ACCOUNT\" \\\n  -d '{MANY}'",
        "batch": f'{json} "{settings.PUBLIC_URL}/api/batch-request?integrated_account_id=$PATCHBAY_ACCOUNT" \\\n'
        f"  -d '{BATCH}'",
        "link_minutes": settings.ENV.LINK_TOKEN_SECONDS // 60,
        "per_window": settings.ENV.API_TOKEN_CALLS_PER_WINDOW,
        "account_per_window": settings.ENV.ACCOUNT_CALLS_PER_WINDOW,
        "most_bytes": settings.ENV.PROXY_MAX_BYTES,
        "idempotency_hours": settings.ENV.IDEMPOTENCY_HOURS,
        "log_days": settings.ENV.REQUEST_LOG_DAYS,
        "bulk_rows": settings.ENV.BULK_ROWS,
        **_table(["Address", "What", "May be"], ADDRESSES),
    }


def _webhooks() -> dict[str, Any]:
    return {**webhookguide.facts(), **_table(["Event", "Means"], webhookevents.EVENTS.items())}


def _moving() -> dict[str, Any]:
    command = 'curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n '
    body = '{"tenant_id": "customer-1", "refresh_token": "...", "context": {}}'
    return {
        "base_url": f"{settings.PUBLIC_URL}/compat",
        "own_url": f"{settings.PUBLIC_URL}/api",
        "one": f"TOKEN=pb_live_...\n{command} {settings.PUBLIC_URL}/api/integrated-account \\\n  -d '{body}'",
        "many": "python3 manage.py import_connections accounts.csv --workspace ID --environment live",
        "file": 'tenant_id,refresh_token,client_id,context\ncustomer-1,...,your-client-id,"{""plan"": ""gold""}"',
        **_table(["What", "There", "Here"], MOVED),
    }


MOVED: Final = (
    ("Address of the pre-screen", "on another host than the API", "/connect-account, on the same host"),
    ("Life of a link token", "7 days", "10 minutes, or expires_in seconds up to 7 days"),
    ("context", "merged at the top level", "merged at every depth; null removes"),
    ("A reconnect", "forgets the context unless asked", "keeps it unless asked: persist_previous_context"),
    ("redirect_uri", "any address", "one of the return addresses that the workspace allows"),
    ("Deleting a contact", "not offered", "offered"),
    (
        "Filters that Constant Contact lacks",
        "passed over",
        "named in ignored_filters; refused with strict=true",
    ),
    (
        "Overrides, static gates, workflows, JSONata, region",
        "offered",
        "not here; fields of theirs are named in meta",
    ),
)


def _privacy() -> dict[str, Any]:
    return {
        "upload_days": settings.ENV.UPLOAD_DAYS,
        "audit_days": settings.ENV.AUDIT_DETAIL_DAYS,
        "log_days": settings.ENV.REQUEST_LOG_DAYS,
        "idempotency_hours": settings.ENV.IDEMPOTENCY_HOURS,
        "webhook_days": webhooksending.KEPT_DAYS,
        "text_days": delivery.BODY_DAYS,
        "message_days": delivery.ROW_DAYS,
    }


FACTS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "go-live": _go_live,
    "connect": lambda: {"link_minutes": settings.ENV.LINK_STATE_SECONDS // 60},
    "roles": _roles,
    "test-and-live": lambda: _table(["What", "Test", "Live"], TEST_AND_LIVE),
    "limits": _limits,
    "import": _limits,
    "privacy": _privacy,
    "programs": _programs,
    "moving": _moving,
    "api": lambda: {"groups": list(reference.groups().items())},
    "webhooks": _webhooks,
    "errors": lambda: {"codes": sorted(codes.CODES.items())},
    "operators": _operators,
    "troubleshooting": lambda: {"outcomes": outcomes.OUTCOMES, "reasons": progress.REASONS},
}
