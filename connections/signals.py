"""The one way news travels upward: something changed here. Heard in `syncjobs.receivers`, nowhere else.

`connection_changed` is sent with `connection` and `change`. Outside every transaction: `verified` (account and person
are known and fit; what must be read before it counts as connected is read now) and `linked` (it is connected).
Inside the transaction of the change, for who must hear of it if and only if it is kept: `created`, `updated` (context
and pausing too), `active`, `post_install_error`, `needs_reauth`, `reactivated` (it was
resumed, or a program brought a new grant), `deleted` (before its row goes).

`token_changed` is sent with an API token's `key` and `change`, inside the transaction: `created` or `deleted`.
"""

from django.dispatch import Signal

connection_changed = Signal()
token_changed = Signal()
