"""Watching an answer on its way out: how long it was, and its bytes where somebody wants to keep them."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpResponseBase

# How many bytes went out; the bytes, None where they are too many to keep; whether all of them went out.
Ended = Callable[[int, bytes | None, bool], None]


class _Watched:
    """A body on its way; tells once how it ended, also if nobody began to read it."""

    def __init__(self, inner: Iterable[bytes], most: int, ended: Ended) -> None:
        self._inner, self._most, self._ended = inner, most, ended
        self._kept: bytearray | None = bytearray()
        self._size = 0
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            self._size += len(chunk)
            if self._kept is not None:
                self._kept += chunk
                if len(self._kept) > self._most:
                    self._kept = None
            yield chunk
        self._end(is_whole=True)

    def close(self) -> None:
        self._end(is_whole=False)

    def _end(self, *, is_whole: bool) -> None:
        if self._is_open:
            self._is_open = False
            self._ended(self._size, None if self._kept is None else bytes(self._kept), is_whole)


def watch(response: HttpResponseBase, most: int, ended: Ended) -> None:
    """Call `ended` once the answer's body has gone out, at once where it is whole; at most `most` bytes are kept."""
    content = getattr(response, "streaming_content", None)
    if response.streaming and content is not None:
        response.streaming_content = _Watched(content, most, ended)  # type: ignore[attr-defined]  # it is a stream
        return
    whole: bytes = getattr(response, "content", b"")
    ended(len(whole), whole if len(whole) <= most else None, True)
