"""The exception of the benchmarks; its message is printed."""


class BenchmarkError(Exception):
    """A program is missing, did not start or answered wrongly; the message says what to do."""
