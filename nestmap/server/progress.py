"""How much of the sent data a client has received, and until when it has to receive more."""

import asyncio
import fcntl
import struct
import termios

from nestmap.server.limits import MIN_PROGRESS

NEVER = float("inf")

_INT = struct.Struct("i")


class Progress:
    """Counts what a client has received: the written bytes without those that are still buffered.

    The system buffers up to some megabytes, and asks for more only when a third of this is free. A
    slow client takes minutes for that, so the buffer of the transport alone does not show its
    progress.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._expected = 0
        # The bytes that were given to the transport.
        self.written = 0
        self.deadline = NEVER

    def expect(self, deadline: float) -> None:
        """Expect that the client receives MIN_PROGRESS more bytes, or all, until ``deadline``."""
        missing = self._missing()
        self._expected = self.written - missing + min(MIN_PROGRESS, missing)
        self.deadline = deadline

    def was_made(self) -> bool:
        """Return True if the client has received what was expected."""
        return self.written - self._missing() >= self._expected

    def _missing(self) -> int:
        """Return the number of bytes that the client has not received."""
        try:
            descriptor = self._transport.get_extra_info("socket").fileno()
            queue = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(_INT.size))
            in_system: int = _INT.unpack(queue)[0]
        except (OSError, ValueError):
            in_system = 0  # The socket is closed, or the system is not Linux.
        return self._transport.get_write_buffer_size() + in_system
