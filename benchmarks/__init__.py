"""Side-by-side measurements of chainrule and its peers: ``python -m benchmarks``."""
