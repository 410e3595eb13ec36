"""A file that is too large stops being read at the limit, and the page can say so instead of failing."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest


class BoundedUploadHandler(FileUploadHandler):
    """Drops a file beyond IMPORT_MAX_BYTES and leaves `upload_too_large` on the request."""

    request: HttpRequest

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Start counting a new file."""
        super().new_file(*args, **kwargs)
        self.seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Pass the chunk on until the limit is crossed."""
        self.seen += len(raw_data)
        if self.seen > settings.ENV.IMPORT_MAX_BYTES:
            self.request.META["PATCHBAY_UPLOAD_TOO_LARGE"] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""
