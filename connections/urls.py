"""Addresses of the ground floor."""

from django.urls import path

from connections import views

urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.help_page, name="help"),
    path("oauth/callback/<uuid:app_id>/", views.callback, name="callback"),
    path("connect/ended/<slug:outcome>/", views.connect_unknown, name="connect-unknown"),
    path("w/<uuid:workspace_id>/<slug:environment>/accounts/", views.connections_list, name="connections"),
    path("w/<uuid:workspace_id>/<slug:environment>/application/", views.application, name="application"),
    path("w/<uuid:workspace_id>/<slug:environment>/accounts/connect/", views.connect, name="connect"),
    path(
        "w/<uuid:workspace_id>/<slug:environment>/accounts/connect/<slug:outcome>/",
        views.connect_ended,
        name="connect-ended",
    ),
]
