"""The transports. One conformance suite holds them all to `bus.transport.Transport`."""
