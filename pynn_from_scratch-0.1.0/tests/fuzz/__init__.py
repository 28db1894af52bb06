"""Calls and files that nobody would think of: `python -m fuzz` from the folder of the tests, or `make fuzz`."""
