"""How the bytes of an upload become UTF-8: its mark, its content, or a guess to offer.

A byte order mark is proof and always wins. Without one a file is UTF-8 or it is refused: a guess is offered
to the person with a preview, and never taken silently, since a wrong one would damage names beyond repair.
Files that are no text at all (spreadsheets, archives, PDF) are known by their content, never by their name.
"""

import codecs
import re
import typing

import charset_normalizer

from syncjobs.imports.readers_problems import SAVE_AS_CSV, FileProblem, not_text

# What a person may choose, and what may be suggested. Python knows stranger codecs, some of which are no
# text encodings at all; only these are ever looked up.
ENCODINGS: typing.Final[typing.Mapping[str, str]] = {
    "utf-8": "UTF-8",
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "mac_roman": "Western European (older Macs)",
    "cp850": "Western European (DOS)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp932": "Japanese (Shift JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (Windows-949)",
    "utf-16-le": "UTF-16, little-endian",
    "utf-16-be": "UTF-16, big-endian",
}
AUTO: typing.Final = "auto"
UTF8_REJECT: typing.Final = "utf-8-reject"

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"PK\x03\x04", "a spreadsheet (Excel, Numbers or OpenDocument) or a ZIP archive", SAVE_AS_CSV),
    (b"PK\x05\x06", "an empty ZIP archive", SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the older kind (.xls)", SAVE_AS_CSV),
    (b"%PDF-", "a PDF document", f"Go back to the spreadsheet it was made from. {SAVE_AS_CSV}"),
    (b"{\\rtf", "a formatted text document (RTF)", f"Go back to the table it was made from. {SAVE_AS_CSV}"),
    (b"\x1f\x8b", "a compressed file (gzip)", "Unpack it, and upload the CSV file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a compressed file (7-Zip)", "Unpack it, and upload the CSV file inside."),
    (b"Rar!\x1a\x07", "a compressed file (RAR)", "Unpack it, and upload the CSV file inside."),
    (b"\x89PNG\r\n", "a picture", SAVE_AS_CSV),
    (b"\xff\xd8\xff", "a picture", SAVE_AS_CSV),
    (b"GIF8", "a picture", SAVE_AS_CSV),
    (b"SQLite format 3\x00", "a database file", "Export the table as CSV in UTF-8, and upload that file."),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_LOOK = 4_096


def find_encoding(head: bytes, asked: str) -> tuple[str, int]:
    """The codec to read the file with, and the length of its byte order mark; refuses what is no text."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, len(mark)
    _refuse_known_kinds(head)
    if asked not in (AUTO, UTF8_REJECT):
        return asked, 0
    unmarked = _utf16_without_mark(head[:_LOOK])
    if unmarked is None:
        _refuse_binary(head[:_LOOK])
    return unmarked or "utf-8", 0


def _refuse_known_kinds(head: bytes) -> None:
    for signature, what, cure in _SIGNATURES:
        if head.startswith(signature):
            raise not_text(what, cure)
    if head[:_LOOK].lstrip().lower().startswith(_MARKUP):
        raise not_text("a web page or XML document")


def _refuse_binary(look: bytes) -> None:
    """A stray NUL is the problem of its row; one byte in ten being no text is the problem of the file."""
    controls = len(look) - len(look.translate(None, _CONTROLS))
    if controls >= 16 and controls * 10 > len(look):
        raise not_text("a binary file")


def _utf16_without_mark(look: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL in every second byte; some exports leave out the mark that says so."""
    pairs = len(look) // 2
    if pairs < 4:
        return None
    even, odd = look[::2].count(0), look[1::2].count(0)
    if odd * 10 > pairs * 6 and even * 10 < pairs:
        return "utf-16-le"
    if even * 10 > pairs * 6 and odd * 10 < pairs:
        return "utf-16-be"
    return None


# -- the offer ---------------------------------------------------------------------------------------------

_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "mac_roman", "cp850")
_SINGLE_AND_MULTIBYTE = [name for name in ENCODINGS if not name.startswith("utf")]
# None of these is the second byte of a character in any of the encodings above.
_CELL_ENDS = re.compile(rb'[,;\t\r\n"]+')
_PUNCTUATION = frozenset("’‘“”‚„–—…«»\u00a0")
_SYMBOLS = frozenset("€£§°®™©·½¼¾²ºª")


def suggest_encoding(sample: bytes, refused: str) -> str | None:
    """The likeliest encoding of text that is not what it was taken for; None where nothing fits."""
    candidates = [name for name in _SINGLE_AND_MULTIBYTE if name != refused]
    sample = _telling_cells(sample)
    best = charset_normalizer.from_bytes(sample, cp_isolation=candidates).best()
    if best is not None and best.encoding not in _LATIN:
        return best.encoding
    # Among the Latin ones statistics on short names are a toss-up (cp1252 text comes back as cp1250 and the
    # other way round), so these are ranked by how many bytes turn into letters; the commoner one wins a tie.
    scored = [
        (_lettering(text), name) for name in _LATIN if name != refused and (text := _decoded(sample, name))
    ]
    if scored:
        return max(scored, key=lambda pair: pair[0])[1]
    return best.encoding if best is not None else None


def _telling_cells(sample: bytes) -> bytes:
    """Only the cells beyond ASCII, which all others would drown; repeated where they are too few to judge."""
    cells = [cell for cell in _CELL_ENDS.split(sample) if not cell.isascii()]
    telling = b"\n".join(cells)[:4_096] + b"\n"
    return telling if len(telling) > 512 else telling * 8


def _decoded(sample: bytes, codec: str) -> str | None:
    try:
        return sample.decode(codec)
    except UnicodeDecodeError:
        return None


def _lettering(text: str) -> int:
    """Letters and ordinary signs beyond ASCII count for, symbols in the middle of words against."""
    score = 0
    for sign, following in zip(text, text[1:] + " ", strict=True):
        if sign > "\x7f":
            ordinary = sign in _PUNCTUATION or (sign in _SYMBOLS and not following.isalpha())
            score += 1 if ordinary or (sign.isalpha() and sign not in _SYMBOLS) else -1
    return score


def wrong_encoding(*, line: int, before: bytes, after: bytes, codec: str) -> FileProblem:
    """The refusal of a file at its first undecodable byte: what is before it on its line, and from it on."""
    wide = codec.startswith(("utf-16", "utf-32"))
    suggestion = None if wide else suggest_encoding(before + after, codec)
    preview = _preview(before, after, suggestion) if suggestion else None
    said = f"is not text in {ENCODINGS.get(codec, codec.upper())}: byte 0x{after[0]:02X} has no meaning there"
    if suggestion:
        cure = (
            f"It may be {ENCODINGS[suggestion]}: line {line} would then read “{preview}”. "
            "If that looks right, choose this encoding; if not, save the file as “CSV UTF-8” and try again."
        )
    else:
        cure = SAVE_AS_CSV
    return FileProblem(
        "wrong_encoding",
        f"Line {line} {said}.",
        cure,
        line=line,
        suggested_encoding=suggestion,
        preview=preview,
    )


def _preview(before: bytes, after: bytes, codec: str) -> str:
    """The line in question as the suggestion reads it, cut for a page and without control characters."""
    rest_of_line = (after.splitlines() or [b""])[0]
    text = (before[-400:] + rest_of_line[:400]).decode(codec, "replace")
    shown = "".join(sign if sign.isprintable() else " " for sign in text).strip()
    if len(shown) <= 200:
        return shown
    middle = len(before[-400:].decode(codec, "replace"))
    start = max(0, min(middle - 100, len(shown) - 200))
    return ("…" if start else "") + shown[start : start + 200] + ("…" if start + 200 < len(shown) else "")
