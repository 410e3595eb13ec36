"""What operators' pages share: they read every workspace's rows, show named columns, change almost nothing.

Promises: rows are read and written through the operators' role only; a column is shown only if a page names
it (sealed and hashed ones are not even loaded); facts are read-only, and what may be edited is named in
`editable`; a list takes as many queries for a hundred rows as for one, and counts to `MOST_COUNTED` at most.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import display_for_value, flatten_fieldsets
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.forms import Field, Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from connections.models import Environment, Tenant

if TYPE_CHECKING:
    Rows = models.QuerySet[Any]  # Any: whichever model the page is for
    Pages = admin.ModelAdmin[Any]
    Table = admin.TabularInline[Any, Any]
    Pager = Paginator[Any]
else:
    Rows, Pages, Table, Pager = models.QuerySet, admin.ModelAdmin, admin.TabularInline, Paginator

OPERATOR = "operator"
MOST_COUNTED = 10_000


class BoundedPaginator(Pager):
    """Counts no further than `MOST_COUNTED`: of millions of rows, a full count would be the slowest part."""

    @cached_property
    def count(self) -> int:
        """The number of rows, or the bound."""
        return cast(Rows, self.object_list)[:MOST_COUNTED].count()


class OperatorPages(Pages):
    """List and detail of one model. A page names its `fieldsets`; what is `editable` may be changed."""

    editable: ClassVar[tuple[str, ...]] = ()
    may_add: ClassVar[bool] = False
    joined: ClassVar[tuple[str, ...]] = ()
    unloaded: ClassVar[tuple[str, ...]] = ()
    id_search: ClassVar[tuple[str, ...]] = ("id",)

    actions: Sequence[str] | None = None
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    def get_queryset(self, request: HttpRequest) -> Rows:
        """All workspaces' rows with what they name, without the columns that nobody is to see."""
        rows: Rows = super().get_queryset(request).using(OPERATOR)
        return (rows.select_related(*self.joined) if self.joined else rows).defer(*self.unloaded)

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """An id finds by id alone, through indexes; anything else is looked for in `search_fields`."""
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        found = models.Q.create([(name, wanted) for name in self.id_search], connector=models.Q.OR)
        return queryset.filter(found), False

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """Everything that is shown, except what may be edited."""
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [str(name) for name in shown if name not in self.editable]

    def formfield_for_foreignkey(
        self,
        db_field: "models.ForeignKey[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,  # whatever the field's form takes
    ) -> "ModelChoiceField[Any] | None":
        """Choices are all rows, as the operators' role sees them."""
        kwargs["using"] = OPERATOR
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self,
        db_field: "models.Field[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,  # whatever the field's form takes
    ) -> "Field | None":
        """A choice of a row is a plain select; no pop-ups that add or change rows beside it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for side_door in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, side_door):
                setattr(field.widget, side_door, False)
        return field

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A change is kept only together with its line in the operators' history."""
        with transaction.atomic(using=OPERATOR):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Form, change: bool) -> None:
        """Write only what was changed: the other columns may have moved on since the page was opened."""
        if change:
            obj.save(using=OPERATOR, update_fields=form.changed_data)
        else:
            obj.save(using=OPERATOR, force_insert=True)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every operator sees every page."""
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Every operator."""
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Only where something may be edited at all."""
        return bool(self.editable) and self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come into being through the product, except where a page says otherwise."""
        return self.may_add and self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nothing is deleted here."""
        return False


class FactsTable(Table):
    """Rows below a row, to be read."""

    extra = 0
    can_delete = False
    show_change_link = False
    unloaded: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> Rows:
        """As the page itself reads."""
        return super().get_queryset(request).using(OPERATOR).defer(*self.unloaded)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """All of them."""
        return [str(name) for name in self.fields or ()]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever sees the page."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """No."""
        return False


class OneOf(admin.SimpleListFilter):
    """A filter with a fixed list of values. Django's own would read the whole table for the values in it."""

    choices_of: ClassVar[dict[str, tuple[str, models.Q]]] = {}

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """The choices, in the order they were given."""
        return [(key, words) for key, (words, _) in self.choices_of.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Rows of the choice; an unknown one is no choice."""
        chosen = self.choices_of.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen[1])


class ByEnvironment(OneOf):
    """Test or live."""

    title = "environment"
    parameter_name = "environment"
    choices_of = {kind: (label, models.Q(environment__kind=kind)) for kind, label in Environment.Kind.choices}


class BelowTenant(Protocol):
    """A row that belongs to a workspace."""

    @property
    def tenant(self) -> Tenant:
        """Which."""


class BelowEnvironment(Protocol):
    """A row that belongs to an environment."""

    @property
    def environment(self) -> Environment:
        """Which."""


class InWorkspace:
    """A column with the workspace, as people call a tenant."""

    @admin.display(description="workspace", ordering="tenant__name")
    def workspace(self, row: BelowTenant) -> SafeString:
        """Its name, leading to its page."""
        address = reverse("admin:connections_tenant_change", args=[row.tenant.pk])
        return format_html('<a href="{}">{}</a>', address, row.tenant)


class InEnvironment(InWorkspace):
    """A column that says test or live in words, for pages of rows below an environment."""

    @admin.display(description="environment", ordering="environment__kind")
    def environment_word(self, row: BelowEnvironment) -> SafeString:
        """Test or Live."""
        return kind_word(row.environment.kind)


def kind_word(kind: str) -> SafeString:
    """The environment's word in its badge."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, Environment.Kind(kind).label)


def state_word(word: str, tone: str) -> SafeString:
    """A state's word in its colour."""
    return format_html('<span class="state tone-{}">{}</span>', tone, word)


def fact(value: object) -> str:
    """A computed value as the stock pages show a column's: dates in the usual form, a dash for nothing."""
    return str(display_for_value(value, "–"))


def found_in(page: str, row_id: UUID, words: str) -> SafeString:
    """A link to another list, searched for this id."""
    return format_html(
        '<a href="{}?{}">{}</a>', reverse(f"admin:{page}_changelist"), urlencode({"q": str(row_id)}), words
    )


def count_of(rows: Rows, by: str) -> Coalesce:
    """How many of these rows belong to the outer row, in the list's own query."""
    counted = (
        rows.filter(**{by: models.OuterRef("pk")}).order_by().values(by).annotate(found=models.Count("pk"))
    )
    return Coalesce(models.Subquery(counted.values("found")), 0)
