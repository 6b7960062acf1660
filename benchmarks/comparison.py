"""The main table: all sides do the same work in turn, in several rounds."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.database import COUNTS_SETTLE_SECONDS, Cluster
from benchmarks.plan import Plan
from benchmarks.progress import say
from benchmarks.server import Server
from benchmarks.sides import SIDES
from benchmarks.stand import Stand, prepared
from benchmarks.wrk import WORKS, Measure, Work


@dataclass
class Results:
    """The measurements of one side."""

    runs: dict[Work, list[Measure]] = field(default_factory=lambda: defaultdict(list))
    """64 connections; one entry a round."""
    lone: dict[Work, Measure] = field(default_factory=dict)
    """One connection."""
    statements: dict[Work, float] = field(default_factory=dict)
    """Statements per request at 64 connections."""
    memory: float = 0.0
    """MB after all of it."""

    def rate(self, work: Work) -> float:
        return self._median(work, lambda run: run.rate)

    def p50(self, work: Work) -> float:
        return self._median(work, lambda run: run.p50)

    def p99(self, work: Work) -> float:
        return self._median(work, lambda run: run.p99)

    def cpu(self, work: Work) -> float:
        return self._median(work, lambda run: run.cpu)

    def parts_of_cpu(self, work: Work) -> tuple[float, float]:
        """Return the processor time of the server and of the database, in us per request."""
        return (
            self._median(work, lambda run: run.server_cpu),
            self._median(work, lambda run: run.database_cpu),
        )

    def spread(self, work: Work) -> tuple[float, float]:
        """Return the slowest and the fastest round, in requests per second."""
        rates = [run.rate for run in self.runs[work]]
        return min(rates), max(rates)

    def _median(self, work: Work, figure: Callable[[Measure], float]) -> float:
        return statistics.median(figure(run) for run in self.runs[work])


@dataclass(frozen=True)
class _Contender:
    stand: Stand
    server: Server
    results: Results = field(default_factory=Results)

    @property
    def name(self) -> str:
        return self.stand.side.name

    def run(self, work: Work, seconds: int, connections: int = 64) -> Measure:
        result = self.stand.measure(self.server, work, seconds, connections)
        say(
            f"{self.name:24s}{work:7s}{connections:3d} connections: {result.rate:8,.0f} a second, "
            f"p50 {result.p50:6.2f} ms, p99 {result.p99:6.2f} ms, "
            f"{result.server_cpu:4.0f} + {result.database_cpu:3.0f} us of CPU"
        )
        return result

    def load(self, work: Work, seconds: int) -> Measure:
        return self.stand.load(self.server, work, seconds)

    def transactions(self) -> int:
        return self.stand.cluster.transactions(self.stand.database)


def compare(cluster: Cluster, folder: Path, plan: Plan) -> dict[str, Results]:
    """Measure all sides; return the results by the side's name."""
    with ExitStack() as stack:
        contenders = [
            _Contender(
                *stack.enter_context(prepared(side, cluster, side.name, folder, plan.sessions))
            )
            for side in SIDES
        ]
        _warm_up(contenders, plan)
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds}")
            _round(contenders if number % 2 == 0 else contenders[::-1], plan)
        _lone_requests(contenders, plan)
        _statements(contenders, plan)
        for contender in contenders:
            contender.results.memory = contender.server.memory()
        return {contender.name: contender.results for contender in contenders}


def _warm_up(contenders: list[_Contender], plan: Plan) -> None:
    say("warming up")
    for work, contender in _turns(contenders):
        contender.run(work, plan.warm_up)


def _round(contenders: list[_Contender], plan: Plan) -> None:
    for work, contender in _turns(contenders):
        contender.results.runs[work].append(contender.run(work, plan.seconds))


def _lone_requests(contenders: list[_Contender], plan: Plan) -> None:
    say("a lone request")
    for work, contender in _turns(contenders):
        contender.results.lone[work] = contender.run(work, plan.seconds, connections=1)


def _turns(contenders: list[_Contender]) -> Iterator[tuple[Work, _Contender]]:
    """Yield each kind of work with each side that can do it."""
    for work in WORKS:
        for contender in contenders:
            if work in contender.stand.side.works:
                yield work, contender


def _statements(contenders: list[_Contender], plan: Plan) -> None:
    """Count statements in separate runs, between two waits after which the counts are exact."""
    say("statements per request")
    works: tuple[Work, ...] = ("reads", "writes")
    contenders = [one for one in contenders if one.stand.side.has_sessions]
    time.sleep(COUNTS_SETTLE_SECONDS)
    for work in works:
        before = [contender.transactions() for contender in contenders]
        requests = [contender.load(work, plan.seconds).requests for contender in contenders]
        time.sleep(COUNTS_SETTLE_SECONDS)
        for contender, start, answered in zip(contenders, before, requests, strict=True):
            spent = contender.transactions() - start
            contender.results.statements[work] = spent / answered
