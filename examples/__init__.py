"""Flows of one's own, on `bus/` and `saga/`. Each is run by a test."""
