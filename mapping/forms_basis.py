"""The form of the basis on which an account writes to new people."""

from django import forms

from mapping.models import ConsentBasis

# Shorter than what is kept and shown, so that a small window shows each whole.
KINDS = [
    ("", "Choose who they are"),
    (ConsentBasis.Kind.CUSTOMERS.value, "Customers or contract partners"),
    (ConsentBasis.Kind.MEMBERS.value, "Members of the organisation"),
    (ConsentBasis.Kind.DONORS.value, "Donors"),
    (ConsentBasis.Kind.OTHER.value, "Others, as the words say"),
]


class BasisForm(forms.Form):
    """Who these people are, and why they may be e-mailed."""

    # Nobody records a basis by leaving the first one of the list where it stands.
    kind = forms.ChoiceField(
        label="Who these people are",
        choices=KINDS,
        error_messages={"required": "Choose who these people are to the account's owner."},
    )
    statement = forms.CharField(
        label="Why they may be e-mailed",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="In your own words, as you would say it to somebody who asks. "
        "Each new person's entry in the consent ledger quotes it, with who recorded it and when.",
        error_messages={"required": "Say why these people may be e-mailed."},
    )
