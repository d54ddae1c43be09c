"""Side-by-side measurements of ecrtui and of what a user would otherwise run; ``python -m benchmarks``."""
