"""What processes are made of: the top of the shared library. Services build on it, nothing in it knows them."""
