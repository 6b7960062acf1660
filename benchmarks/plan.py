"""The durations of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Times in whole seconds, each for one run of wrk."""

    rounds: int
    seconds: int
    warm_up: int
    growth_seconds: int
    rows: tuple[int, ...] = (
        *(1_000, 3_000, 5_000, 10_000, 20_000, 30_000, 50_000),
        *(100_000, 300_000, 1_000_000),
    )
    sizes: tuple[int, ...] = (1_000, 10_000, 50_000)
    connections: tuple[int, ...] = (1, 16, 64, 256)
    processes: tuple[int, ...] = (1, 2)
    sessions: int = 1_000


FULL = Plan(rounds=5, seconds=6, warm_up=2, growth_seconds=4)
QUICK = Plan(rounds=3, seconds=2, warm_up=1, growth_seconds=2)
