"""Addresses of the ground floor."""

from django.urls import path

from connections.views import (
    audit,
    calls,
    confirming,
    connecting,
    developers,
    invitations,
    links,
    me,
    outbox,
    returns,
    settings,
    team,
    workspace,
    workspaces,
)

PLACE = "w/<uuid:workspace_id>/<slug:environment>/"
TEAM = f"{PLACE}settings/team/"
TOKEN = f"{PLACE}developers/tokens/<uuid:key_id>/"

urlpatterns = [
    path("", workspace.home, name="home"),
    path("help/", workspace.help_page, name="help"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<uuid:message_id>/", outbox.outbox_message, name="outbox-message"),
    path("mail/awaited/", outbox.awaited, name="mail-awaited"),
    path("workspaces/", workspaces.choose, name="workspaces"),
    path("workspaces/new/", workspaces.new, name="workspace-new"),
    path("invitations/open/", invitations.answer, name="invitation-open"),
    path("invitations/<str:token>/", invitations.arrive, name="invitation"),
    path("me/", me.me, name="me"),
    path("me/sessions/<int:session_id>/end/", me.end_session, name="session-end"),
    path("accounts/sessions/", me.where, name="usersessions_list"),
    path("me/kept/<uuid:kept_id>/", me.kept_form, name="kept-form"),
    path("accounts/confirm-email/<str:key>/", confirming.confirm_email, name="account_confirm_email"),
    path("oauth/callback/<uuid:app_id>/", links.callback, name="callback"),
    path("connect-account", connecting.connect_account, name="connect-account"),
    path("connect-account/ended", connecting.connect_account_ended, name="connect-account-ended"),
    path("connect/ended/<slug:outcome>/", links.connect_unknown, name="connect-unknown"),
    path(f"{PLACE}developers/", developers.home, name="developers"),
    path(f"{PLACE}developers/returns/", returns.addresses, name="return-addresses"),
    path(f"{PLACE}developers/tokens/new/", developers.new, name="token-new"),
    path(f"{PLACE}developers/calls/", calls.calls, name="calls"),
    path(f"{PLACE}developers/calls/<uuid:call_id>/", calls.call, name="call"),
    path(TOKEN, developers.token, name="token"),
    path(f"{TOKEN}revoke/", developers.revoke, name="token-revoke"),
    path(f"{TOKEN}rotate/", developers.rotate, name="token-rotate"),
    path(f"{PLACE}settings/", settings.home, name="settings-home"),
    path(f"{PLACE}settings/audit/", audit.events, name="audit"),
    path(f"{PLACE}settings/audit.csv", audit.export_csv, name="audit-csv"),
    path(f"{PLACE}settings/audit.jsonl", audit.export_json, name="audit-jsonl"),
    path(f"{PLACE}settings/roles/", team.what_roles_can_do, name="roles"),
    path(TEAM, team.everybody, name="team"),
    path(f"{TEAM}leave/", team.leave, name="team-leave"),
    path(f"{TEAM}invitations/<uuid:invitation_id>/", team.link, name="invitation-link"),
    path(f"{TEAM}invitations/<uuid:invitation_id>/resend/", team.resend, name="invitation-resend"),
    path(f"{TEAM}invitations/<uuid:invitation_id>/revoke/", team.revoke, name="invitation-revoke"),
    path(f"{TEAM}<uuid:member_id>/", team.member, name="member"),
    path(f"{TEAM}<uuid:member_id>/remove/", team.remove, name="member-remove"),
    path(f"{TEAM}<uuid:member_id>/ownership/", team.ownership, name="ownership"),
    path(f"{PLACE}application/", workspace.application, name="application"),
    path(f"{PLACE}accounts/connect/", links.connect, name="connect"),
    path(f"{PLACE}accounts/connect/<slug:outcome>/", links.connect_ended, name="connect-ended"),
]
