"""Whole shops on a virtual clock, with faults at every step, and an oracle that knows what must hold."""
