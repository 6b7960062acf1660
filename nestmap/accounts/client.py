"""The client of an attempt: who asks, as far as the throttle and the events are concerned."""

from dataclasses import dataclass, field

from nestmap.accounts.devices import Device
from nestmap.accounts.networks import networks_of
from nestmap.sessions.events import Source


@dataclass(frozen=True, slots=True)
class Client:
    """Where an attempt comes from, and the accounts that this device signed in to before."""

    source: Source = field(default_factory=Source)
    devices: tuple[Device, ...] = ()
    # A command: no network has to be counted for it.
    is_operator: bool = False

    @property
    def ip(self) -> str | None:
        """The address, None when there is none."""
        return self.source.ip

    @property
    def network(self) -> str:
        """The network whose attempts share a queue."""
        return networks_of(self.source.ip)[-1]
