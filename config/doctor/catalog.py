"""Every check, in the order in which findings are told: the ground first."""

from typing import Final

from config.doctor import database, doorbell, machine, mail, provider, web
from config.doctor.findings import Check

CHECKS: Final[tuple[Check, ...]] = (
    *machine.CHECKS,
    *database.CHECKS,
    *doorbell.CHECKS,
    *web.CHECKS,
    *provider.CHECKS,
    *mail.CHECKS,
)
