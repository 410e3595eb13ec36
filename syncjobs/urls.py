"""Addresses of accounts at work: imports and jobs."""

from django.urls import path

from syncjobs import views

_PLACE = "w/<uuid:workspace_id>/<slug:environment>"
_ACCOUNT = f"{_PLACE}/accounts/<uuid:connection_id>"

urlpatterns = [
    path(f"{_ACCOUNT}/", views.connection, name="connection"),
    path(f"{_ACCOUNT}/import/", views.upload, name="upload"),
    path(f"{_ACCOUNT}/import/<uuid:upload_id>/columns/", views.columns, name="columns"),
    path(f"{_ACCOUNT}/import/<uuid:upload_id>/start/", views.start, name="start-import"),
    path(f"{_PLACE}/jobs/", views.jobs, name="jobs"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/", views.job, name="job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/stop/", views.stop, name="stop-job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/retry/", views.retry, name="retry-job"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/rows/", views.rows, name="job-rows"),
    path(f"{_PLACE}/jobs/<uuid:job_id>/rows.csv", views.download, name="job-rows-csv"),
]
