"""Bugs that the simulator must catch: each a small mutation of production code, applied while it runs.

A checker that has never caught anything proves nothing.
"""
