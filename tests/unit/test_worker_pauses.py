"""How long a supervisor waits before it replaces a worker that ran only briefly."""

from nestmap.processes.worker import Worker


def pauses(count: int) -> list[float]:
    """Return the pauses after this number of short lives, one after the other."""
    worker = Worker(0)
    found = []
    for _ in range(count):
        worker.started(1)
        worker.ended(short_life=60)
        found.append(worker.pause(0.5, 30))
    return found


def test_the_pause_doubles_up_to_the_longest():
    assert pauses(8) == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_worker_may_crash_for_weeks():
    assert pauses(3000)[-1] == 30
