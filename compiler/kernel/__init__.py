"""The kernel language: loop nests over arrays, between the graph and every device's code."""
