"""Taking imports in: the CSV file and the JSON form, with the silent cut at 4 MB and 40,000 rows.

What a row does to a contact is in `import_rows`.
"""

import json

from . import activities, errors, import_rows, multipart
from .call import Call, csv_values, read_json
from .checks import Many, OneOf, Record, Uuid, problems_of
from .messages import Json, Response
from .routes import route

MOST_LINES = 40_000
_SMS = OneOf(("not_set", "explicit"))
_JSON = Record(
    {
        "import_data": Many(import_rows.ROW, 1_000_000),
        "list_ids": Many(Uuid(), 50, 1),
        "sms_permission_to_send": _SMS,
    },
    required=("import_data", "list_ids"),
)
_LISTS = Record({"list_ids": Many(Uuid(), 50, 1), "sms_permission_to_send": _SMS}, required=("list_ids",))


@route("POST", "/activities/contacts_file_import", privilege="contacts:write")
def import_file(call: Call) -> Response:
    """Queues a CSV file."""
    body = call.request.body
    parts = multipart.read(call.request.headers.get("content-type", ""), body)
    file = parts.get("file")
    if file is None:
        raise errors.invalid("file is missing")
    if not (file.file_name or "").lower().endswith(".csv"):
        raise errors.unsupported("Wrong file format, upload file must be of type .csv")
    fields: Json = {"list_ids": csv_values(_text(parts, "list_ids") or "")}
    if "sms_permission_to_send" in parts:
        fields["sms_permission_to_send"] = _text(parts, "sms_permission_to_send")
    problems = problems_of(_LISTS, fields)
    if problems:
        raise errors.invalid(*problems)
    lists = call.require_lists(fields["list_ids"])
    cap = call.store.switches.number("import_cap_bytes")
    if call.switch("import_cap_counts") == "body":
        cap -= file.start
    text = import_rows.whole_lines(file.content, max(cap, 0)).decode("utf-8", "surrogateescape")
    header, rows = import_rows.read_csv(text)
    if "email" not in header and "sms_number" not in header:
        raise errors.invalid("The file must have the column email or sms_number")
    _check_fields(call, header)
    _check_consent(header, fields)
    order = {"text": text, "list_ids": lists}
    size = min(len(rows) + 1, MOST_LINES)
    return activities.accept(call, "import", order, size=size, file_name=file.file_name)


def _text(parts: dict[str, multipart.Part], name: str) -> str | None:
    return parts[name].content.decode("utf-8", "replace").strip() if name in parts else None


def _check_consent(names: list[str], fields: Json) -> None:
    if fields.get("sms_permission_to_send") == "explicit" and "sms_consent_date" not in names:
        raise errors.invalid("sms_consent_date is missing")


def _check_fields(call: Call, names: list[str]) -> None:
    """Refuses unknown custom fields when the switch says so; otherwise they become an activity error."""
    if call.switch("import_unknown_field") == "refused":
        unknown = import_rows.unknown_fields(call.account, names)
        if unknown:
            raise errors.invalid(*(f"{name} is not a custom field" for name in unknown[:20]))


@route("POST", "/activities/contacts_json_import", privilege="contacts:write")
def import_json(call: Call) -> Response:
    """Queues contacts given as JSON."""
    if call.request.media_type() != "application/json":
        raise errors.unsupported("Content-Type must be application/json.")
    content = call.request.body
    body = read_json(content)
    problems = problems_of(_JSON, body)
    if problems:
        raise errors.invalid(*problems)
    lists = call.require_lists(body["list_ids"])
    rows: list[Json] = body["import_data"]
    cap = call.store.switches.number("import_cap_bytes")
    if len(content) > cap:
        rows = rows[: _rows_within(content[:cap].decode("utf-8", "ignore"))]
    rows = rows[:MOST_LINES]
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_fields(call, names)
    _check_consent(names, body)
    return activities.accept(call, "import", {"rows": rows, "list_ids": lists}, size=len(rows))


def _rows_within(text: str) -> int:
    """How many whole rows of `import_data` stand in the part that survived the cut."""
    reader = json.JSONDecoder()
    key = text.find('"import_data"')
    position = text.find("[", key) + 1
    if key < 0 or position <= 0:
        return 0
    count = 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            _, position = reader.raw_decode(text, position)
        except ValueError:
            return count
        count += 1
