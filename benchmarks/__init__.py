"""The same work done by NestMap and by Express, side by side: `python -m benchmarks`."""
