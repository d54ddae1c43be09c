"""Benchmarks of ecrtui against the tools that a user would otherwise run. Start them with ``python -m benchmarks``."""
