"""Compare NestMap with Express on the same work: `python -m benchmarks`."""
