"""How long a session lives; all times are seconds, as points since the epoch on the database's clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Idle lifetime (rolling), absolute lifetime (from creation), and how often to renew."""

    idle: int = 43200
    absolute: int = 604800
    touch: int = 60

    def ends(self, now: float, created_at: float) -> float:
        """When a session that is renewed now will expire."""
        return min(now + self.idle, created_at + self.absolute)

    def due(self, now: float, created_at: float, expires_at: float) -> bool:
        """Whether renewing now moves the expiry by the touch interval or more.

        A lifetime shorter than the interval is renewed when half of it is over.
        """
        return self.ends(now, created_at) - expires_at >= min(self.touch, self.idle / 2)
