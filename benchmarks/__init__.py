"""What it costs: run by `make bench`, told in docs/benchmarks.md."""
