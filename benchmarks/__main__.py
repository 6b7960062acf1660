"""Run the comparison and print it as Markdown; progress is on standard error."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from benchmarks import report
from benchmarks.comparison import compare
from benchmarks.database import Cluster, cluster
from benchmarks.errors import BenchmarkError
from benchmarks.growth import measure_growth, measure_table_growth
from benchmarks.machine import describe
from benchmarks.plan import FULL, QUICK
from benchmarks.progress import say
from benchmarks.tools import install_express, require

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Return the exit code: 0, 1 if the comparison failed, 130 if it was interrupted."""
    arguments = _arguments()
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        require()
        install_express()
        with tempfile.TemporaryDirectory(prefix="nestmap-bench-") as folder:
            say("starting PostgreSQL")
            with cluster(Path(folder)) as postgresql:
                _run(postgresql, Path(folder), arguments)
    except BenchmarkError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything that was started has been stopped.", file=sys.stderr)
        return 130
    return 0


def _run(postgresql: Cluster, folder: Path, arguments: argparse.Namespace) -> None:
    """Print each part as soon as it is done: the second part takes much longer."""
    plan = QUICK if arguments.quick else FULL
    print(report.title(describe(postgresql.version())), flush=True)
    if arguments.only in (None, "table"):
        print(report.comparison(compare(postgresql, folder, plan), plan), flush=True)
    if arguments.only == "sessions":
        print(report.growth(measure_table_growth(postgresql, folder, plan)), flush=True)
    if arguments.only == "growth" or not (arguments.only or arguments.quick):
        print(report.growth(measure_growth(postgresql, folder, plan)), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, the main table only: two minutes"
    )
    parser.add_argument("--only", choices=("table", "growth", "sessions"), help="one part")
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End the run at the first signal; ignore more signals while everything is being stopped."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
