"""Every point that the provider's published sources leave open or answer in two ways, as a named switch.

The default is the answer that the sources make most likely. Tests turn a switch to hold a client to the
other answer too. A switch is read where the behaviour lives, by its name in this one table.

What is inferred from a standard that leaves no second answer has no switch: an unknown token is revoked with a 200
(RFC 7009), a device's early poll is `authorization_pending` (RFC 8628), a wrong redirect address is never redirected
to (RFC 6749).
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
    Switch(
        "device_refresh_token",
        ("issued", "absent"),
        "Device flow: the guide says no refresh token, staff say yes.",
    ),
    Switch("revoke_ends", ("grant", "token"), "Whether revoking one token ends the grant is unknown."),
    Switch("token_calls_per_second", (1, 0), "One call a second by staff's word; 0 takes the limit away."),
    Switch("login_page_opener_policy", ("absent", "same-origin"), "May cut the pop-up from its opener."),
    Switch("state_required", ("yes", "no"), "The platform rejects a request without a state; inferred."),
    Switch("invalid_client_status", (401, 400), "A wrong client or secret: by the platform's custom only."),
    Switch("invalid_grant_status", (400, 401), "The text of the refusal was captured, its status was not."),
    Switch(
        "token_limit_body",
        ("platform", "gateway"),
        "The body of the token endpoint's 429 was never recorded: the platform's own, or the gateway's.",
    ),
    Switch(
        "token_claims",
        ("platform", "required"),
        "Verifiers need six claims; the platform's usual others are inferred.",
    ),
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
    Switch(
        "endpoint_calls_per_second",
        (0, 1),
        "Some endpoints have limits of their own, with no number; 0: none.",
    ),
    Switch("queue_full_key", ("named", "absent"), "The error_key of the third 429 is published nowhere."),
    Switch(
        "error_keys",
        ("contacts", "own"),
        "Keys outside contacts, reports and sign-in are published nowhere: one family, or one for each resource.",
    ),
    # Shapes
    Switch("time_form", ("seconds", "milliseconds", "offset"), "Captures and samples differ."),
    Switch("last_page_link", ("absent", "null"), "The last page has no next link; segments show a null."),
    Switch("null_properties", ("omitted", "null"), "Absent core values are left out in captured answers."),
    Switch("malformed_id", (404, 400), "The guide's sample has a not_found key and no status."),
    Switch("unknown_query_parameter", ("ignored", "refused"), "Not documented."),
    Switch("unknown_body_property", ("ignored", "refused"), "Not documented."),
    Switch("cursor_life_seconds", (0, 3600), "How long a cursor lives is not documented; 0: for ever."),
    Switch(
        "country_case",
        ("lower", "upper"),
        "A captured account has its country in lower case, samples in upper.",
    ),
    Switch("lists_limit", (1000, 500), "The largest page of lists: 1,000 by the schema, 500 by the text."),
    Switch("list_put_omitted", ("reset", "kept"), "A list's PUT presumably replaces it whole."),
    Switch("tag_delete_unknown", (404, 406), "406 is described as not found, on this one operation."),
    Switch(
        "activity_after_retention",
        ("not_found", "found"),
        "The collection has ten days; one job alone is open.",
    ),
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
    Switch("put_present_lists", ("replaced", "merged"), "The whole new set, as in V1; V3 does not say it."),
    Switch("put_present_taggings", ("replaced", "merged"), "Not stated for a present array."),
    Switch("put_present_notes", ("replaced", "merged"), "Not stated for a present array."),
    Switch("unknown_field_value", ("refused", "ignored"), "A value for a custom field that does not exist."),
    Switch(
        "put_opt_out_source",
        ("update_source", "Account"),
        "Who opted out, when a PUT says unsubscribed: its update_source, by inference.",
    ),
    Switch(
        "edits_within_a_second",
        ("accepted", "conflict"),
        "409 stands for simultaneous calls on one contact; how near they must be is open.",
    ),
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
    Switch(
        "imports_move_updated_at", ("yes", "no"), "Whether a change by import moves it is not documented."
    ),
    Switch("fields_move_updated_at", ("no", "yes"), "Whether the end of a custom field moves its people's."),
    Switch(
        "confirming_moves_updated_at", ("no", "yes"), "An opt-in by mail may move the address's time alone."
    ),
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
    Switch(
        "contacts_order", ("oldest_first", "newest_first"), "The order of the collection is not documented."
    ),
    Switch(
        "new_subscriber_word",
        ("new_subscriber", "new_subscribers"),
        "The vocabulary has one, the text the other.",
    ),
    Switch("create_source_shown", ("as_written", "Landing Page"), "One capture has a third value."),
    Switch("segment_first_answer", (202, 200), "The contacts of a segment may be ready at once."),
    Switch("delete_lag_seconds", (0, 60), "How soon a deletion shows in the collection is not documented."),
    Switch("sign_up_resubscribes", ("yes", "no"), "Implied for people who opted out, and not spelled out."),
    Switch("sign_up_unknown_list", (400, 404), "404 is listed for the form, perhaps for an unknown list."),
    Switch("sign_up_email_length", (50, 80), "50 in this one schema, 80 elsewhere."),
    Switch("sign_up_most_values", (25, 50), "50 custom fields in this one schema, 25 elsewhere."),
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
    # The account's own automations
    Switch(
        "import_starts_paths", ("yes", "no"), "A path starts on any way of joining; imports are inferred."
    ),
    Switch("tag_starts_automations", ("no", "yes"), "No source names a tag as a start."),
    Switch(
        "sign_up_counts_as", ("Contact", "Account"), "A welcome needs the source Contact; inferred for forms."
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
    Switch(
        "import_choices",
        ("labels", "ids"),
        "How an import names the choice of a select; labels are inferred.",
    ),
    Switch(
        "import_error_texts",
        ("by_line", "by_address", "counts_only"),
        "The wording of activity_errors, and whether a row can be told by it, is published nowhere.",
    ),
    # Everything else
    Switch("automations_status", (200, 209), "The list of automations documents 209, surely a typing error."),
    # Exports
    Switch("export_contact_id", ("absent", "present"), "Columns of the file are not documented."),
    Switch("export_tags", ("absent", "present"), "Columns of the file are not documented."),
    Switch("export_custom_fields", ("present", "absent"), "Columns of the file are not documented."),
    Switch("export_list_separator", ("; ", ", ", "|"), "How several lists stand in one cell."),
    Switch(
        "export_includes_removed", ("no", "yes"), "Whether an export without status has deleted contacts."
    ),
    Switch(
        "export_link",
        ("contact_exports", "contacts_exports"),
        "A capture has one path, the sample the other.",
    ),
    Switch("export_life_days", (10, 1), "How long the file stays is not documented."),
    Switch("export_before_completion", (404, 202), "The file asked for before it is ready."),
)
