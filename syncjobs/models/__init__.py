"""Rows of the upper floor: jobs, steps, uploads, import rows; planned calls; activities; webhooks; signs of life."""

from syncjobs.models.activities import AccountLooks, WatchedActivity
from syncjobs.models.heartbeat import Heartbeat
from syncjobs.models.imports import ImportRow, Upload, UploadChunk
from syncjobs.models.jobs import JobStep, SyncJob
from syncjobs.models.sending import Batch, PlannedStep, ScratchLeave, ScratchList
from syncjobs.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "AccountLooks",
    "Batch",
    "Heartbeat",
    "ImportRow",
    "JobStep",
    "PlannedStep",
    "ScratchLeave",
    "ScratchList",
    "SyncJob",
    "Upload",
    "UploadChunk",
    "WatchedActivity",
    "Webhook",
    "WebhookDelivery",
]
