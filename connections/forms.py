"""Forms of the ground floor."""

from typing import Any

from django import forms
from django.http import HttpRequest

from connections import accounts
from connections.models import ProviderApp, User


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


class ApplicationForm(forms.Form):
    """A workspace's own Constant Contact application."""

    client_id = forms.CharField(
        label="Client id (API key)",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Kept sealed, never shown again. An application for PKCE has none.",
    )
    flow = forms.ChoiceField(label="How the application was registered", choices=ProviderApp.Flow.choices)
    refresh_tokens = forms.ChoiceField(
        label="Kind of refresh tokens", choices=ProviderApp.RefreshTokens.choices
    )

    def clean_client_id(self) -> str:
        """As it is shown at Constant Contact: no blanks."""
        text = str(self.cleaned_data["client_id"]).strip()
        if not text.isascii() or not text.isprintable() or " " in text:
            raise forms.ValidationError("Copy the client id as Constant Contact shows it, without blanks.")
        return text

    def clean(self) -> dict[str, Any]:
        """Only an application for PKCE goes without a secret."""
        found = super().clean() or {}
        if found.get("flow") == ProviderApp.Flow.CODE and not found.get("client_secret"):
            self.add_error("client_secret", "Enter the client secret.")
        return found
