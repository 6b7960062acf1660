"""The lifetimes of a session. They are compared with the database's clock; see sql/sessions/migrations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetimes in seconds.

    ``idle`` counts from the last renewal, ``absolute`` from the sign-in of a
    user or, in a visitor's session, from the creation. A session in use is renewed at most once in ``touch`` seconds.
    """

    idle: int = 43200
    absolute: int = 604800
    touch: int = 60
