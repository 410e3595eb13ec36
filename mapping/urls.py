"""Addresses of the mapping."""

from django.urls import path

from mapping import views

_ACCOUNT = "w/<uuid:workspace_id>/<slug:environment>/accounts/<uuid:connection_id>"

urlpatterns = [
    path(f"{_ACCOUNT}/mapping/", views.mapping, name="mapping"),
    path(f"{_ACCOUNT}/mapping/fields/", views.declare, name="declare-field"),
    path(f"{_ACCOUNT}/mapping/refresh/", views.refresh, name="refresh-catalog"),
]
