"""Benchmarks of a running server, each figure beside the bound it must keep."""
