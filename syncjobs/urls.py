"""Addresses of accounts at work: imports and jobs."""

from django.urls import path

from syncjobs.views import accounts, home, imports, jobs, limits, webhooks

_PLACE = "w/<uuid:workspace_id>/<slug:environment>"
_ACCOUNT = f"{_PLACE}/accounts/<uuid:connection_id>"

urlpatterns = [
    path(f"{_PLACE}/", home.home, name="workspace-home"),
    path(f"{_PLACE}/automations/", home.automations, name="automations"),
    path(f"{_PLACE}/developers/limits/", limits.limits_page, name="limits"),
    path(f"{_PLACE}/developers/webhooks/", webhooks.endpoints, name="webhooks"),
    path(f"{_PLACE}/developers/webhooks/<uuid:webhook_id>/", webhooks.endpoint, name="webhook"),
    path(
        f"{_PLACE}/developers/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay/",
        webhooks.send_again,
        name="webhook-replay",
    ),
    path(f"{_PLACE}/accounts/", accounts.connections_list, name="connections"),
    path(f"{_ACCOUNT}/", imports.connection, name="connection"),
    path(f"{_ACCOUNT}/import/", imports.upload, name="upload"),
    path(f"{_ACCOUNT}/import/<uuid:upload_id>/columns/", imports.columns, name="columns"),
    path(f"{_ACCOUNT}/import/<uuid:upload_id>/start/", imports.start, name="start-import"),
    path(f"{_PLACE}/jobs/", jobs.jobs, name="jobs"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/", jobs.job, name="job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/stop/", jobs.stop, name="stop-job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/retry/", jobs.retry, name="retry-job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/rows/", jobs.rows, name="job-rows"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/rows.csv", jobs.download, name="job-rows-csv"),
]
