"""Forms of settings, team and API tokens."""

from typing import Any, Final

from django import forms

from connections import roles
from connections.people import team
from connections.programs import keys

NAME_LENGTH: Final = 120
RESTRICTED, EVERYTHING = "restricted", keys.EVERYTHING
EXPIRIES: Final = (("90", "90 days"), ("30", "30 days"), ("365", "365 days"), ("", "Never"))
OVERLAPS: Final = (("7", "In 7 days"), ("1", "Tomorrow"), ("30", "In 30 days"), ("0", "At once"))


def readable_name(value: object, what: str) -> str:
    """A name in one line with something to read in it.

    Raises:
        ValidationError: it has no letter and no digit, or a sign that cannot be shown.
    """
    name = " ".join(str(value).split())
    if not name.isprintable() or not any(sign.isalnum() for sign in name):
        raise forms.ValidationError(f"Give {what} a name with at least one letter or digit.")
    return name


def _role_choices() -> list[tuple[str, str]]:
    return [(value, f"{label}: {roles.ROLES[value]}") for value, label in team.GIVEN_ROLES]


class WorkspaceNameForm(forms.Form):
    """What the workspace is called."""

    name = forms.CharField(
        label="Name of the workspace",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={
            "required": "Enter a name.",
            "max_length": f"Use at most {NAME_LENGTH} signs; this has %(show_value)d.",
        },
    )

    def clean_name(self) -> str:
        """A name that can be read."""
        return readable_name(self.cleaned_data["name"], "the workspace")


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Enter the address of the person.",
            "invalid": "Enter one e-mail address, such as ada@example.com.",
            "max_length": "An e-mail address has at most 254 signs; this has %(show_value)d.",
        },
    )
    role = forms.ChoiceField(
        label="Role",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a role.", "invalid_choice": "Choose one of the roles below."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _role_choices()  # type: ignore[attr-defined]  # a ChoiceField

    def clean_email(self) -> str:
        """Addresses are kept in one spelling."""
        return str(self.cleaned_data["email"]).strip().lower()


class RoleForm(forms.Form):
    """What somebody is to be."""

    role = forms.ChoiceField(
        label="Role",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a role.", "invalid_choice": "Choose one of the roles below."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _role_choices()  # type: ignore[attr-defined]  # a ChoiceField


class OwnershipForm(forms.Form):
    """What becomes of who gives, and the workspace's name as proof that it is meant."""

    own_role = forms.ChoiceField(
        label="What you become",
        widget=forms.RadioSelect,
        choices=[
            ("admin", "Admin: ownership moves from you to them"),
            ("owner", "Owner: the workspace has you both"),
        ],
        error_messages={"required": "Choose what you become.", "invalid_choice": "Choose one of the two."},
    )
    name = forms.CharField(
        label="Name of the workspace",
        max_length=NAME_LENGTH,
        help_text="Type it as it stands above, to confirm.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Type the workspace's name to confirm.",
            "max_length": f"Use at most {NAME_LENGTH} signs; this has %(show_value)d.",
        },
    )

    def __init__(self, *args: Any, workspace_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace_name = workspace_name

    def clean_name(self) -> str:
        """Compared without case and without the number of blanks."""
        typed = " ".join(str(self.cleaned_data["name"]).split())
        if typed.casefold() != " ".join(self.workspace_name.split()).casefold():
            raise forms.ValidationError("This is not the workspace's name.")
        return typed


class TokenForm(forms.Form):
    """A token's name, what it may do, and until when."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Where it is used, such as “Billing service”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Give the token a name.",
            "max_length": "Use at most 80 signs; this has %(show_value)d.",
        },
    )
    kind = forms.ChoiceField(
        label="What it may do",
        widget=forms.RadioSelect,
        initial=RESTRICTED,
        choices=[(RESTRICTED, "Only what is ticked below"), (EVERYTHING, "Everything the API can do")],
        help_text="A token stands for your program, not for you: it does whatever its scopes name, whoever made it, "
        "also what your own role may not do here.",
        error_messages={"required": "Choose what the token may do."},
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, f"{words} ({name})") for name, words in keys.SCOPES.items()],
        # Reading is what most begin with; to change and delete is ticked by hand.
        initial=[name for name in keys.SCOPES if name.endswith(":read")],
        error_messages={"invalid_choice": "%(value)s is no scope of a token."},
    )
    expiry = forms.ChoiceField(label="Ends after", required=False, choices=EXPIRIES, initial="90")

    def clean_name(self) -> str:
        """A name that can be read."""
        return readable_name(self.cleaned_data["name"], "the token")

    def clean(self) -> dict[str, Any]:
        """A restricted token may do at least something."""
        found = super().clean() or {}
        if found.get("kind") == RESTRICTED and not found.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", "Tick at least one, or choose everything.")
        return found

    @property
    def chosen(self) -> list[str]:
        """The scopes of the token that is to be made."""
        everything = self.cleaned_data["kind"] == EVERYTHING
        return [EVERYTHING] if everything else list(self.cleaned_data["scopes"])


class RotateForm(forms.Form):
    """How long the token that is replaced goes on."""

    overlap = forms.ChoiceField(
        label="The token in use now ends",
        choices=OVERLAPS,
        help_text="Until then both are good. Change your programs over in that time.",
    )
