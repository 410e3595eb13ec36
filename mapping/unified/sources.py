"""Where each field of the unified shapes comes from at the provider; what is missing here is ours, or empty. Pure."""

from collections.abc import Mapping
from typing import Final

# https://developer.constantcontact.com/api_guide/contacts_overview.html
SOURCES: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("marketing-automation", "contacts"): {
        "id": "contact_id",
        "first_name": "first_name",
        "last_name": "last_name",
        "name": "first_name and last_name",
        "email": "email_address.address",
        "phones": "phone_numbers[].phone_number, .kind",
        "addresses": "street_addresses[].street, .city, .state, .country, .postal_code, .kind",
        "lists": "list_memberships[]",
        "tags": "taggings[], and the tag's name",
        "status": "email_address.permission_to_send, and deleted_at",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "custom_fields": "custom_fields[].value, by the field's name",
        "custom_fields_meta": "contact_custom_fields",
        "consent": "email_address: permission_to_send, opt_in_source, opt_in_date, opt_out_source, opt_out_date, "
        "opt_out_reason",
        "remote_data": "the whole contact",
    },
    ("marketing-automation", "lists"): {
        "id": "list_id",
        "name": "name",
        "description": "description",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "remote_data": "the whole list",
    },
    ("marketing-automation", "tags"): {
        "id": "tag_id",
        "name": "name",
        "created_at": "created_at",
        "updated_at": "updated_at",
        "remote_data": "the whole tag",
    },
    ("user-directory", "users"): {
        "id": "encoded_account_id of the account's summary, or of a partner's client account",
        "name": "first_name and last_name of the account's summary; site_owner_name of a client account",
        "last_login_at": "last_login_date of a client account",
        "emails": "contact_email of the account's summary",
        "roles": "account/user/privileges of who authorised the link",
        "remote_data": "the privileges",
    },
    ("user-directory", "roles"): {"id": "the three roles that the provider's pages name"},
}
