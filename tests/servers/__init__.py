"""Private servers for tests, on loopback and free ports, in temporary folders."""
