"""What needs a fresh process for each figure: imports, first results, memory, growth."""
