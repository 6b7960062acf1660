"""Connection strings for other programs."""

from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn, parse_dsn


def without_password(url: str) -> tuple[str, str | None]:
    """Return the connection string without its password, and the password.

    Raises ValueError if libpq does not understand the string. The message does not repeat it.
    """
    try:
        parameters = parse_dsn(url)
    except ProgrammingError:
        raise ValueError("not a PostgreSQL connection string") from None
    password = parameters.pop("password", None)
    return str(make_dsn(**parameters)), password
