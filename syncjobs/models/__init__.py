"""Rows of the upper floor: jobs and their steps; uploads and import rows; planned calls; activities; signs of life."""

from syncjobs.models.activities import AccountLooks, WatchedActivity
from syncjobs.models.heartbeat import Heartbeat
from syncjobs.models.imports import ImportRow, Upload, UploadChunk
from syncjobs.models.jobs import JobStep, SyncJob
from syncjobs.models.sending import Batch, PlannedStep, ScratchLeave, ScratchList

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
]
