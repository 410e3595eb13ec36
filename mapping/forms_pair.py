"""The form of the page that takes a set-up from test to live."""

from collections.abc import Sequence

from django import forms

from connections.models import Connection


class PairForm(forms.Form):
    """Which account's set-up in test is taken to which account in live."""

    test_account = forms.ChoiceField(label="Account in test", help_text="Its set-up is taken; it keeps it.")
    live_account = forms.ChoiceField(
        label="Account in live that stands for it", help_text="Its mapping is added to and changed."
    )

    def __init__(
        self, test: Sequence[Connection], live: Sequence[Connection], initial: dict[str, str]
    ) -> None:
        super().__init__(initial=initial)
        for name, rows in (("test_account", test), ("live_account", live)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", "Choose an account"), *((str(row.pk), _named(row)) for row in rows)]


def _named(row: Connection) -> str:
    return f"{row} ({row.customer_ref})" if row.customer_ref else str(row)
