"""The client of a sign-in attempt, for the throttle and the events."""

from dataclasses import dataclass, field

from nestmap.accounts.devices import Device
from nestmap.accounts.networks import networks_of
from nestmap.sessions.events import Source


@dataclass(frozen=True, slots=True)
class SignInClient:
    """The source of an attempt, and the accounts that its device is known for."""

    source: Source = field(default_factory=Source)
    devices: tuple[Device, ...] = ()
    # A command: no network is counted for it.
    is_operator: bool = False

    @property
    def ip(self) -> str | None:
        """The address, or None."""
        return self.source.ip

    @property
    def network(self) -> str:
        """The network whose attempts share a queue."""
        return networks_of(self.source.ip)[-1]
