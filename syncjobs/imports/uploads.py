"""Uploaded files: taken in while they stream, kept in PostgreSQL in chunks, read again from any offset."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from connections.models import Connection, User
from connections.scoping import Scope
from mapping.translation import list_names
from syncjobs.imports.readers import FileFacts, Intake, Limits, records
from syncjobs.models import Upload, UploadChunk

CHUNK_BYTES = 1_048_576
# Rows that are looked through for the names of app lists before an import starts; a name that shows up only
# later makes its rows rejects with a reason.
LIST_SCAN_ROWS = 200_000
MOST_LIST_NAMES = 200


def limits() -> Limits:
    """How much of a file is taken, by the settings."""
    return Limits(
        max_bytes=settings.ENV.IMPORT_MAX_BYTES,
        max_columns=settings.ENV.IMPORT_MAX_COLUMNS,
        max_header_chars=200,
    )


def store(scope: Scope, connection: Connection, file: "UploadedFile[bytes]", encoding: str) -> Upload:
    """Take a file in: all of it, or nothing. Inside the scope.

    Raises:
        readers.FileProblem: the file cannot be taken, with the line and the cure.
    """
    return store_stream(scope.user, connection, file.name or "upload.csv", file.chunks(CHUNK_BYTES), encoding)


def store_stream(
    user: User | None, connection: Connection, name: str, stream: Iterable[bytes], encoding: str
) -> Upload:
    """As `store`, from any stream of bytes."""
    intake = Intake(encoding, limits())
    upload = Upload(
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        connection=connection,
        file_name=PurePath(name.replace("\\", "/").replace("\x00", "")).name[-200:] or "upload.csv",
        size=0,
        sha256="",
        facts={},
        uploaded_by=user,
    )
    upload.save()
    offset = 0
    pending = bytearray()
    for piece in stream:
        pending += intake.feed(piece)
        while len(pending) >= CHUNK_BYTES:
            offset += _keep(upload, offset, bytes(pending[:CHUNK_BYTES]))
            del pending[:CHUNK_BYTES]
    rest, facts = intake.finish()
    _keep(upload, offset, bytes(pending) + rest)
    upload.size, upload.sha256, upload.facts = facts.size, facts.sha256, facts.to_json()
    upload.save(update_fields=["size", "sha256", "facts"])
    return upload


def _keep(upload: Upload, offset: int, content: bytes) -> int:
    UploadChunk.objects.create(
        tenant_id=upload.tenant_id,
        environment_id=upload.environment_id,
        upload=upload,
        offset=offset,
        content=content,
    )
    return len(content)


def facts(upload: Upload) -> FileFacts:
    """What is known of the file."""
    return FileFacts.from_json(upload.facts)


def chunks_from(upload: Upload) -> Callable[[int], Iterator[bytes]]:
    """The stored bytes from an offset on, a chunk at a time. Inside the scope."""

    def read(offset: int) -> Iterator[bytes]:
        starts = list(
            UploadChunk.objects.filter(upload=upload).order_by("offset").values_list("offset", flat=True)
        )
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            if following is not None and following <= offset:
                continue
            content = bytes(
                UploadChunk.objects.values_list("content", flat=True).get(upload=upload, offset=start)
            )
            yield content[max(0, offset - start) :]

    return read


def named(upload: Upload, positions: Iterable[int]) -> list[str]:
    """The app lists or tags that the columns at these positions name, in the order they come. Inside the scope."""
    wanted = list(positions)
    if not wanted:
        return []
    known = facts(upload)
    found: dict[str, str] = {}
    for number, record in enumerate(records(chunks_from(upload), known.layout, known.first, limits())):
        if number >= LIST_SCAN_ROWS or len(found) >= MOST_LIST_NAMES:
            break
        for position in wanted if record.values is not None else []:
            for name in list_names((record.values or [])[position]):
                found.setdefault(name.casefold(), name[:255])
    return list(found.values())
