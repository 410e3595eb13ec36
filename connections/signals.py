"""The one way news travels upward: a connection changed. Heard in `syncjobs.receivers`, nowhere else.

`connection_changed` is sent with `connection` and `change`: `verified` (account and person are known and fit;
what must be read before it counts as connected is read now), `linked` (it is connected), `needs_reauth`.
"""

from django.dispatch import Signal

connection_changed = Signal()
