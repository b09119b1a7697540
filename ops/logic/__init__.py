"""Logic on booleans and bits, elementwise."""
