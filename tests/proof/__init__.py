"""The tests that take minutes, which `make proof` runs: the storm, the parts of the benchmarks, a real browser."""
