"""Turning the key ring: every sealed column opened and sealed anew, row by row, resumable at any point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import models, transaction

from connections import gateway, tokens, vault
from connections.links import bringing, granting
from connections.mail import delivery
from connections.models import ConnectionToken, IdempotentReply, LinkState, Message, ProviderApp
from connections.people import secondfactor
from connections.programs import idempotency

OPERATOR = "operator"


@dataclass
class Report:
    """What a turn did; `stuck` names rows whose key is missing."""

    resealed: int = 0
    current: int = 0
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sealed:
    """A column that holds sealed texts, and where each belongs."""

    model: type[models.Model]
    column: str
    place: Callable[[Any], vault.Place]  # Any: a row of the model


# The floor above adds its own when it starts (`also`).
SEALED = [
    Sealed(ProviderApp, "client_secret_sealed", gateway.secret_place),
    Sealed(ProviderApp, "partner_key_sealed", gateway.partner_place),
    Sealed(ConnectionToken, "access_sealed", lambda row: tokens.place(row, "access")),
    Sealed(ConnectionToken, "refresh_sealed", lambda row: tokens.place(row, "refresh")),
    Sealed(Message, "body_sealed", lambda row: delivery.place(row.pk)),
    Sealed(IdempotentReply, "content_sealed", idempotency.place),
    Sealed(LinkState, "verifier_sealed", granting.verifier_place),
    Sealed(LinkState, "grant_sealed", bringing.grant_place),
]


def also(*columns: Sealed) -> None:
    """Columns of another floor that hold sealed texts, too; once is enough."""
    SEALED.extend(one for one in columns if one not in SEALED)


def rotate() -> Report:
    """Seal everything by the newest key, as the operators' role, a row a transaction."""
    report = Report()
    for sealed in SEALED:
        for key in _keys(sealed):
            _reseal(sealed, key, report)
    for key in Authenticator.objects.using(OPERATOR).order_by("pk").values_list("pk", flat=True):
        _reseal_factor(key, report)
    return report


def _reseal_factor(key: int, report: Report) -> None:
    """A second factor keeps its secret among other things, in the data that allauth writes."""
    with transaction.atomic(using=OPERATOR):
        row = Authenticator.objects.using(OPERATOR).select_for_update().filter(pk=key).first()
        texts = {name: row.data[name] for name in secondfactor.SEALED if name in row.data} if row else {}
        if row is None or all(vault.is_current(text) for text in texts.values()):
            report.current += len(texts)
            return
        try:
            for name, text in texts.items():
                secret = vault.open_sealed(text, secondfactor.PLACE)
                row.data[name] = vault.seal(secret, secondfactor.PLACE)
        except vault.CannotOpen as error:
            report.stuck.append(f"{Authenticator._meta.label} {key}: {error}")
            return
        row.save(using=OPERATOR, update_fields=["data"])
        report.resealed += len(texts)


def _keys(sealed: Sealed) -> Iterator[Any]:
    rows = sealed.model._default_manager.using(OPERATOR).order_by("pk")
    return iter(list(rows.values_list("pk", flat=True)))


def _reseal(sealed: Sealed, key: Any, report: Report) -> None:
    with transaction.atomic(using=OPERATOR):
        row = sealed.model._default_manager.using(OPERATOR).select_for_update().filter(pk=key).first()
        if row is None:
            return
        text = getattr(row, sealed.column)
        if vault.is_current(text):
            report.current += 1
            return
        try:
            secret = vault.open_sealed(text, sealed.place(row))
        except vault.CannotOpen as error:
            report.stuck.append(f"{sealed.model._meta.label} {key}: {error}")
            return
        # Never save the whole row: a token may be refreshed beside us, and only this column is ours.
        sealed.model._default_manager.using(OPERATOR).filter(pk=key).update(
            **{sealed.column: vault.seal(secret, sealed.place(row))}
        )
        report.resealed += 1
