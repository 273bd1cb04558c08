"""The bench: what the product does a second, next to others and to controls that must fail. `make bench` runs it."""
