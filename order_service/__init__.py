"""The order service: owns the order flow, the catalogue and the customers. The only one that knows of VIPs."""
