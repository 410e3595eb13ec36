"""Forms of the ground floor."""

from typing import Any

from allauth.core import context
from django import forms
from django.http import HttpRequest

from connections.models import ProviderApp, User
from connections.people import accounts, invitations


class SignupForm(forms.Form):
    """What sign-up asks besides address and password: the workspace's name. Its owner is who signs up.

    Whoever came by an invitation is not asked: they join the workspace that it is for, as the address it was sent to.
    """

    workspace = forms.CharField(
        label="Name of your workspace",
        max_length=120,
        help_text="Usually your company. You can have more than one.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    field_order = ("email", "workspace", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = invitations.waiting(context.request) if context.request else None
        self.invitation = found if found and found.is_open else None
        if self.invitation:
            del self.fields["workspace"]
            self.fields["email"].initial = self.invitation.invitation.email

    def clean_workspace(self) -> str:
        """A name that can be read."""
        name = " ".join(str(self.cleaned_data["workspace"]).split())
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("Give the workspace a name with at least one letter or digit.")
        return name

    def clean(self) -> dict[str, Any]:
        """An invitation is for one address."""
        found = super().clean() or {}
        if self.invitation and found.get("email") not in {None, self.invitation.invitation.email}:
            self.add_error(
                "email", f"This invitation is for {self.invitation.invitation.email}. Sign up with that."
            )
        return found

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Called by allauth when the person exists."""
        assert isinstance(user, User)
        if self.invitation:
            invitations.join_as_new(self.invitation, request, user)
            return
        accounts.open_workspace(user, self.cleaned_data["workspace"])


class NameForm(forms.Form):
    """What others of a workspace read beside an address."""

    name = forms.CharField(
        label="Your name",
        required=False,
        max_length=150,
        help_text="Shown to the people of your workspaces beside your address. It may stay empty.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean_name(self) -> str:
        """One line that can be read."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if not name.isprintable():
            raise forms.ValidationError("Leave out the signs that cannot be seen.")
        return name


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
