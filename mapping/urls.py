"""Addresses of the mapping."""

from django.urls import path

from mapping.views import account, basis, overview, promotion

_PLACE = "w/<uuid:workspace_id>/<slug:environment>"
_ACCOUNT = f"{_PLACE}/accounts/<uuid:connection_id>"

urlpatterns = [
    path(f"{_PLACE}/mapping/", overview.overview, name="mapping-home"),
    path(f"{_PLACE}/mapping/from-test/", promotion.take_live, name="take-live"),
    path(f"{_ACCOUNT}/mapping/", account.mapping, name="mapping"),
    path(f"{_ACCOUNT}/mapping/fields/", account.declare, name="declare-field"),
    path(f"{_ACCOUNT}/mapping/refresh/", account.refresh, name="refresh-catalog"),
    path(f"{_ACCOUNT}/consent/", basis.consent_basis, name="consent-basis"),
]
