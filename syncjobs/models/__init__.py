"""Rows of the upper floor: jobs and their steps; uploads, import rows and batches."""

from syncjobs.models.imports import Batch, ImportRow, KnownContact, Upload, UploadChunk
from syncjobs.models.jobs import JobStep, SyncJob

__all__ = ["Batch", "ImportRow", "JobStep", "KnownContact", "SyncJob", "Upload", "UploadChunk"]
