"""The machinery: workloads, processes that measure, turns, results and their presentation."""
