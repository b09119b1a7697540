"""Compiler passes, one file each: pure functions from graph to graph."""
