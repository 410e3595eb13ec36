"""Every point that the provider's published sources leave open or answer in two ways, as a named switch.

The default is the answer that the sources make most likely. Tests turn a switch to hold a client to the
other answer too. A switch is read where the behaviour lives, by its name in this one table.
"""

from dataclasses import dataclass

Answer = str | int


@dataclass(frozen=True, slots=True)
class Switch:
    """One open point: its possible answers, the first being the default, and why it is open."""

    name: str
    answers: tuple[Answer, ...]
    why: str

    @property
    def default(self) -> Answer:
        return self.answers[0]


TABLE = (
    # Authorization
    Switch(
        "pkce_on_code_app",
        ("refused", "accepted"),
        "A code-flow app that also sends PKCE: one maintained client does, another developer records a 400.",
    ),
    Switch(
        "refresh_reuse",
        ("kills_grant", "refused_only"),
        "A rotated refresh token comes again: staff say that all earlier ones of the grant expire.",
    ),
    Switch(
        "refresh_grace_seconds", (0, 30), "No grace after a rotation is documented; the platform has one."
    ),
    Switch(
        "old_access_token_after_refresh",
        ("valid", "dead"),
        "A self-contained token most likely lives until it expires; no source says so.",
    ),
    Switch("revoke_ends", ("grant", "token"), "Whether revoking one token ends the grant is unknown."),
    Switch("token_calls_per_second", (1, 0), "One call a second by staff's word; 0 takes the limit away."),
    Switch("login_page_opener_policy", ("absent", "same-origin"), "May cut the pop-up from its opener."),
    # Gateway and limits
    Switch(
        "missing_authorization",
        ("unauthorized", "forbidden"),
        "No Authorization header: 401 by the description, a flat 403 by one prober.",
    ),
    Switch(
        "missing_scope_text",
        ("insufficient_scope", "insufficient_privileges"),
        "The text of the 403 for a missing scope is published nowhere.",
    ),
    Switch(
        "unknown_path",
        ("forbidden", "not_found"),
        "What the gateway says to a path below /v3 that does not exist was never recorded.",
    ),
    Switch(
        "limiter",
        ("sliding", "fixed", "bucket"),
        "Four calls a second: over which second, and with which burst, is not published.",
    ),
    Switch("bucket_capacity", (4, 1), "The burst of the token bucket is not published."),
    Switch("rejected_calls_count", ("no", "yes"), "Whether a 429 costs daily quota is unknown."),
    Switch("failed_calls_count", ("yes", "no"), "Whether other 4xx and 5xx answers cost quota is unknown."),
    Switch("token_calls_count", ("no", "yes"), "Whether token calls cost the daily quota is unknown."),
    # Shapes
    Switch("time_form", ("seconds", "milliseconds", "offset"), "Captures and samples differ."),
    Switch("last_page_link", ("absent", "null"), "The last page has no next link; segments show a null."),
    Switch("null_properties", ("omitted", "null"), "Absent core values are left out in captured answers."),
    Switch("malformed_id", (404, 400), "The guide's sample has a not_found key and no status."),
    Switch("unknown_query_parameter", ("ignored", "refused"), "Not documented."),
    Switch("unknown_body_property", ("ignored", "refused"), "Not documented."),
    # Contacts
    Switch(
        "conflict_message",
        ("validation_failed", "short", "without_id"),
        "Three texts of the 409 for an address already in use have been seen.",
    ),
    Switch("default_permission", ("implicit", "not_set"), "POST without permission_to_send."),
    Switch(
        "put_omitted_subresources",
        ("kept", "nulled"),
        "The description keeps what a PUT leaves out, forum staff say that it is lost.",
    ),
    Switch("put_omitted_email", ("kept", "refused"), "The address is most likely a sub-resource."),
    Switch("put_present_custom_fields", ("replaced", "merged"), "Not stated for a present array."),
    Switch(
        "put_account_re_adds_opted_out",
        ("refused", "ignored"),
        "V2 answered 400; V3's answer is published nowhere.",
    ),
    Switch("delete_again", (404, 204), "A second DELETE."),
    Switch("delete_moves_updated_at", ("yes", "no"), "Nothing documents it."),
    Switch("deleted_keeps_details", ("yes", "no"), "The FAQ says that the information is not deleted."),
    Switch("lists_move_updated_at", ("yes", "no"), "V1 said so; V3 says nothing."),
    Switch("tags_move_updated_at", ("yes", "no"), "Not documented."),
    Switch("unsubscribe_clears_lists", ("yes", "no"), "Whether an opted-out contact stays on its lists."),
    Switch(
        "status_active",
        ("permission", "not_unsubscribed"),
        "Explicit and implicit only, or everything that is neither deleted nor unsubscribed.",
    ),
    Switch(
        "window_bounds", ("inclusive", "exclusive"), "updated_after and its siblings: bound included or not."
    ),
    Switch(
        "index_lag_seconds", (0, 60, 120, 180), "One public client waits two minutes for the search index."
    ),
    Switch("sign_up_email_length", (50, 80), "50 in this one schema, 80 elsewhere."),
    # Custom fields, tags
    Switch(
        "field_name_case", ("lower", "kept"), "Observed in lower case; the sample keeps the label's case."
    ),
    Switch(
        "typed_fields",
        ("accepted", "refused"),
        "Before autumn 2025 only string and date; may differ by plan.",
    ),
    Switch("typed_values", ("checked", "unchecked"), "Formats of typed values are not documented."),
    Switch("contact_choice_ids", ("padded", "plain"), "Samples show six digits; the type says integer."),
    Switch(
        "tags_read_privilege",
        ("contacts:read", "contacts:lists:read"),
        "The description and the guide name different privileges.",
    ),
    # Imports
    Switch("import_cap_bytes", (4_000_000, 4_194_304), "'4 MB' is either."),
    Switch("import_cap_counts", ("body", "file"), "Whether the multipart wrapping counts."),
    Switch("import_email_length", (80, 50), "50 in the JSON schema, 80 elsewhere."),
    Switch("import_unknown_field", ("ignored", "refused"), "A cf: name that does not exist."),
    Switch("import_blank_values", ("ignored", "cleared"), "V2 ignored blanks unless told; V3 says nothing."),
    Switch("import_revives_deleted", ("yes", "no"), "A deleted contact in an import."),
    Switch(
        "import_duplicates",
        ("last_row", "merged"),
        "Two rows with one address: the last alone, or one over the other.",
    ),
    Switch(
        "import_updates_unsubscribed",
        ("yes", "no"),
        "An unsubscribed person is counted and kept off the lists; whether the other columns apply is open.",
    ),
    Switch("import_file_name", ("echoed", "absent"), "source_file_name for files that came over the API."),
    Switch("tag_delete_errors", ("strings", "objects"), "This one activity types its errors as objects."),
    # Exports
    Switch("export_contact_id", ("absent", "present"), "Columns of the file are not documented."),
    Switch("export_tags", ("absent", "present"), "Columns of the file are not documented."),
    Switch("export_custom_fields", ("present", "absent"), "Columns of the file are not documented."),
    Switch("export_list_separator", ("; ", ", ", "|"), "How several lists stand in one cell."),
    Switch(
        "export_includes_removed", ("no", "yes"), "Whether an export without status has deleted contacts."
    ),
    Switch("export_before_completion", (404, 202), "The file asked for before it is ready."),
)

BY_NAME = {switch.name: switch for switch in TABLE}


class Switches(dict[str, Answer]):
    """The current answer of every switch."""

    def __init__(self) -> None:
        super().__init__({switch.name: switch.default for switch in TABLE})

    def number(self, name: str) -> int:
        return int(self[name])


def faults_in(changes: object) -> list[str]:
    """What is wrong with a wish to turn switches: unknown names and answers."""
    if not isinstance(changes, dict):
        return ["an object of switch names and answers is expected"]
    problems = []
    for name, answer in changes.items():
        switch = BY_NAME.get(name)
        if switch is None:
            problems.append(f"there is no switch {name!r}")
        elif isinstance(answer, bool) or answer not in switch.answers:
            problems.append(f"{name} is one of {', '.join(map(repr, switch.answers))}")
    return problems
