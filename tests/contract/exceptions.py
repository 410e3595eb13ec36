"""Where the simulator keeps to the guide, the forum or sense against the description, each with its reason."""

_NOT_BEGUN = "a job that was just accepted has neither begun nor ended"
_NOT_DELETED = "what was just written is not deleted"
_NO_FILE = "only an export has a file to link to, as the guide shows"
_ONLY_ASKED = "the count comes when it is asked for, which this operation has no parameter for"
_NOT_SENT = "only the sign-up form takes these details of an SMS consent"
_REMOVED_CHOICE = "a choice that was taken away is no longer listed; no source shows one"
_JOBS = (
    *("postContactsExport", "postContactDelete", "contactsCSVImport", "bulkImportContactsJSON"),
    *("postListRemoveContact", "postListAddContact", "postListDelete", "postTagRemoveContact"),
    *("postTagAddContact", "postTagDelete", "postCustomFieldDelete"),
)
_CONSENT = ".sms_channel.sms_channel_consents[]"

# (operation, path of the property): why no answer carries it.
ABSENT: dict[tuple[str, str], str] = {
    **{(job, name): _NOT_BEGUN for job in _JOBS for name in (".started_at", ".completed_at")},
    **{
        (job, name): _NO_FILE
        for job in ("postTagRemoveContact", "postTagAddContact", "postTagDelete")
        for name in ("._links.results", "._links.results.href")
    },
    ("bulkImportContactsJSON", ".source_file_name"): "an import of JSON has no file",
    **{
        (name, ".deleted_at"): _NOT_DELETED
        for name in ("putContact", "createContact", "putList", "createList")
    },
    **{
        (name, f"{_CONSENT}.{part}"): _NOT_SENT
        for name in ("putContact", "createContact")
        for part in ("advertised_frequency", "advertised_interval")
    },
    ("createContact", ".email_address.opt_out_reason"): "the description takes a reason in a PUT only",
    **{
        (name, ".choices[].deleted_at"): _REMOVED_CHOICE
        for name in ("getCustomField", "putCustomField", "postCustomFields")
    },
    ("getCustomFields", ".custom_fields[].choices[].deleted_at"): _REMOVED_CHOICE,
    ("putTag", ".contacts_count"): _ONLY_ASKED,
    ("postTag", ".contacts_count"): _ONLY_ASKED,
    ("deleteTag", ".activity_errors[].message"): "a job that was just accepted has no errors",
    ("getTags", "._links.next.next"): "a link within a link is a slip: the sample beside it has none",
    ("getTags", "._links.next.next.href"): "a link within a link is a slip: the sample beside it has none",
}
# Operation: the status that it has instead of the documented one; 209 is surely a typing error.
OTHER_STATUS: dict[str, int] = {"listAutomations": 200}
# Paths of the reports, whose last page has a null in place of the next link, as the guide says.
NULL_LINKS = "/reports/"


def explain(table: dict[tuple[str, str], str]) -> str:
    """The exceptions for a reader, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for (operation, place), reason in table.items():
        reasons.setdefault(reason, []).append(f"{operation} {place}")
    return "\n".join(f"  {len(places):3} {reason}: {', '.join(places)}" for reason, places in reasons.items())


# (operation, limit): why it is not enforced as the description has it. What holds in its place is in INSTEAD.
_NONE_AT_ALL = "a maximum of 0 items is a slip; the guide and the sibling operations have 500, 100 or 50"
_IGNORED = "the guide says that a limit out of range is ignored"
LIMITS: dict[tuple[str, str], str] = {
    ("postListRemoveContact", "source.list_ids maxItems"): _NONE_AT_ALL,
    ("postListRemoveContact", "source.contact_ids maxItems"): _NONE_AT_ALL,
    ("postListRemoveContact", "source.tag_ids maxItems"): _NONE_AT_ALL,
    ("postListRemoveContact", "list_ids maxItems"): _NONE_AT_ALL,
    ("postListAddContact", "source.tag_ids maxItems"): _NONE_AT_ALL,
    ("postCustomFieldDelete", "custom_field_ids maxItems"): _NONE_AT_ALL,
    ("getPartnerSiteOwners", "query limit minimum"): _IGNORED,
    ("getPartnerSiteOwners", "query limit maximum"): _IGNORED,
    (
        "bulkImportContactsJSON",
        "import_data.[].email maxLength",
    ): "80 elsewhere; the switch import_email_length has both",
    (
        "bulkImportContactsJSON",
        "import_data.[].cf:custom_field_name maxLength",
    ): "the name stands for the name of a field",
}
# The number that is enforced where the description's is not taken.
INSTEAD: dict[tuple[str, str], int] = {
    ("postListRemoveContact", "source.list_ids maxItems"): 50,
    ("postListRemoveContact", "source.contact_ids maxItems"): 500,
    ("postListRemoveContact", "source.tag_ids maxItems"): 50,
    ("postListRemoveContact", "list_ids maxItems"): 50,
    ("postListAddContact", "source.tag_ids maxItems"): 50,
    ("postCustomFieldDelete", "custom_field_ids maxItems"): 100,
    ("bulkImportContactsJSON", "import_data.[].email maxLength"): 80,
}
