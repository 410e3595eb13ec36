"""The operators' site: Django's stock admin, entered by the product's own sign-in.

Promises: no second form takes a password here, so the limits of the one sign-in hold for operators too; in production
nobody comes in whose sign-in asks for a password alone; and only pages that say themselves what they show
(`OperatorPages`) are part of it, whatever a package registers.
"""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from connections.models import User
from connections.people import secondfactor

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

View = Callable[..., HttpResponseBase]


class OperatorSite(AdminSite):
    """What operators see of the whole deployment."""

    site_header = "Patchbay operators"
    site_title = "Patchbay operators"
    index_title = "Everything in this deployment"
    site_url = "/"
    empty_value_display = "–"
    # The lists are wide, and the way to any page is one step from home.
    enable_nav_sidebar = False

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[ModelAdmin[Any]] | None" = None,  # Any: every model's pages
        **options: object,
    ) -> None:
        """Take our own pages; leave out those of packages, which show and change rows by their own rules."""
        # Not at the top: the pages register themselves while this module may still be loading.
        from connections.admin.pages import OperatorPages

        if admin_class is not None and issubclass(admin_class, OperatorPages):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # same, spelled shorter
        """Send strangers to the sign-in at once, and tell people who are signed in but no operators."""
        guarded = super().admin_view(view, cacheable)

        def enter(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not self.has_permission(request):
                return self._turn_away(request, request.get_full_path())
            if not _is_guarded(request):
                messages.warning(
                    request, "Operators need a second factor. Add one here, then go to /admin/ again."
                )
                return redirect("mfa_index")
            return guarded(request, *args, **kwargs)

        return update_wrapper(enter, guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """No form here: on to the product's sign-in, and back."""
        index = resolve_url("admin:index")
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
            wanted = index
        return redirect(wanted) if self.has_permission(request) else self._turn_away(request, wanted)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # a page of its own elsewhere
        """The product's sign-out, which asks first."""
        return redirect("account_logout")

    def password_change(  # type: ignore[override]  # a page of its own elsewhere
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The product's own page."""
        return redirect("account_change_password")

    def password_change_done(  # type: ignore[override]  # the same
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The same page; there is nothing else to see."""
        return redirect("account_change_password")

    def _turn_away(self, request: HttpRequest, wanted: str) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied("This part is for the operators of this Patchbay.")
        return redirect_to_login(wanted, resolve_url("account_login"))


def _is_guarded(request: HttpRequest) -> bool:
    """In production an operator's sign-in asks for a second factor."""
    if settings.ENV.DEPLOYMENT != "production":
        return True
    return isinstance(request.user, User) and secondfactor.is_on(request.user)
