"""Forms of the ground floor."""

from typing import Any

from django import forms
from django.http import HttpRequest

from connections import accounts
from connections.models import User


class SignupForm(forms.Form):
    """What sign-up asks besides address and password: the workspace's name. Its owner is who signs up."""

    workspace = forms.CharField(
        label="Name of your workspace",
        max_length=120,
        help_text="Usually your company. You can have more than one.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    field_order = ("email", "workspace", "password1")

    def clean_workspace(self) -> str:
        """A name that can be read."""
        name = " ".join(str(self.cleaned_data["workspace"]).split())
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("Give the workspace a name with at least one letter or digit.")
        return name

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Called by allauth when the person exists."""
        assert isinstance(user, User)
        accounts.open_workspace(user, self.cleaned_data["workspace"])


class ConnectForm(forms.Form):
    """What the pre-screen may carry: the vendor's own id for the customer."""

    customer_ref = forms.CharField(
        label="Your reference for this customer",
        required=False,
        max_length=200,
        help_text="Your own id for the customer whose account this is. It may stay empty.",
    )
