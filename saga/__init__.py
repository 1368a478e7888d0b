"""Persistent state machines: a flow as one table, with deadlines and compensation.

Knows the bus, no service. Start reading at `row.py` (what a table is made of), then `flow.py` and `stepping.py`.
Pattern: Saga (Garcia-Molina and Salem, 1987), as a process manager (Hohpe and Woolf).
"""
