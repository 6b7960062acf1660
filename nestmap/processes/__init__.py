"""The processes of the site: the sockets, the signals, one process or several, and the stop."""

from nestmap.processes.listening import ListenError, Sockets, addresses, listen
from nestmap.processes.reloading import Reloader, start_again
from nestmap.processes.serving import serve
from nestmap.processes.signals import stop_on_signals
from nestmap.processes.supervisor import Chores, run_workers
from nestmap.processes.watch import beat_for, tend_alone, watch
from nestmap.processes.worker import Heartbeat

__all__ = [
    "Chores",
    "Heartbeat",
    "ListenError",
    "Reloader",
    "Sockets",
    "addresses",
    "beat_for",
    "listen",
    "run_workers",
    "serve",
    "start_again",
    "stop_on_signals",
    "tend_alone",
    "watch",
]
