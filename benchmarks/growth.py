"""How the results change with more connections, processes, sessions, and with larger sessions."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.database import Cluster
from benchmarks.plan import Plan
from benchmarks.progress import say
from benchmarks.sides import WITH_SESSIONS
from benchmarks.stand import Stand, prepared
from benchmarks.wrk import Measure


@dataclass(frozen=True)
class Step:
    """One side under one condition; memory in MB, of a server started for this step only.

    ``lone`` are writes over one connection.
    """

    reads: Measure
    writes: Measure
    lone: Measure
    memory: float


@dataclass(frozen=True)
class Row:
    """The description of one condition, and the step of each side by the side's name."""

    condition: str
    steps: dict[str, Step]


def measure_growth(cluster: Cluster, folder: Path, plan: Plan) -> dict[str, list[Row]]:
    """Measure all conditions; return the rows by what grows."""
    stands = _stands(cluster, folder, plan, "growth")
    return {
        "Connections": [
            _row(f"{count:,}", stands, plan, connections=count) for count in plan.connections
        ],
        "Server processes": [
            _row(f"{count:,}", stands, plan, processes=count) for count in plan.processes
        ],
        **_table_growth(stands, plan),
        "Size of a session": _with_sizes(_stands(cluster, folder, plan, "sizes"), plan),
    }


def measure_table_growth(cluster: Cluster, folder: Path, plan: Plan) -> dict[str, list[Row]]:
    """Measure with more and more sessions in the table."""
    return _table_growth(_stands(cluster, folder, plan, "growth"), plan)


def _table_growth(stands: list[Stand], plan: Plan) -> dict[str, list[Row]]:
    return {"Sessions in the table": [_with_rows(count, stands, plan) for count in plan.rows]}


def _stands(cluster: Cluster, folder: Path, plan: Plan, purpose: str) -> list[Stand]:
    stands = []
    for side in WITH_SESSIONS:
        database = f"{purpose}-{side.name}"
        with prepared(side, cluster, database, folder, plan.sessions) as (stand, _):
            stands.append(stand)
    return stands


def _with_rows(count: int, stands: list[Stand], plan: Plan) -> Row:
    for stand in stands:
        say(f"{stand.side.name}: filling the table up to {count:,} sessions")
        stand.cluster.fill(stand.database, count)
    return _row(f"{count:,}", stands, plan)


def _with_sizes(stands: list[Stand], plan: Plan) -> list[Row]:
    rows = []
    for size in plan.sizes:
        for stand in stands:
            stored = stand.enlarge(size)
            say(f"{stand.side.name}: every session has {stored:,} bytes")
        rows.append(_row(f"{size / 1000:.0f} kB", stands, plan))
    return rows


def _row(
    condition: str, stands: list[Stand], plan: Plan, connections: int = 64, processes: int = 1
) -> Row:
    steps = {}
    for stand in stands:
        with stand.serve(processes) as server:
            stand.load(server, "reads", plan.warm_up, connections)
            stand.load(server, "writes", plan.warm_up, connections)
            reads = stand.measure(server, "reads", plan.growth_seconds, connections)
            writes = stand.measure(server, "writes", plan.growth_seconds, connections)
            lone = stand.measure(server, "writes", plan.growth_seconds, 1)
            steps[stand.side.name] = Step(reads, writes, lone, server.memory())
        say(
            f"{stand.side.name:8s}{condition}: {reads.rate:,.0f} reads, {writes.rate:,.0f} writes "
            f"a second, a lone write {lone.p50:.2f} ms, {steps[stand.side.name].memory:.0f} MB"
        )
    return Row(condition, steps)
