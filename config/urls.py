"""All addresses: pages, the API, the admin site, health."""

from django.contrib import admin
from django.urls import include, path

from config import compat, docs, health, reference
from config.api import api, nowhere
from connections.programs import proxy

urlpatterns = [
    # Programs call far more often than people.
    path("api/openapi.json", reference.openapi, name="openapi"),
    path("api/", api.urls),
    path("api/<path:rest>", nowhere),
    path("compat/<path:rest>", compat.passed_on),
    path("v3/<path:rest>", proxy.at_root),
    path("", include("connections.urls")),
    path("", include("mapping.urls")),
    path("", include("syncjobs.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("docs/", docs.index, name="docs"),
    path("docs/<slug:slug>/", docs.page, name="docs-page"),
    path("llms.txt", docs.llms, name="llms"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler429 = "config.errors.too_many_requests"
handler500 = "config.errors.server_error"
