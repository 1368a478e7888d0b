"""The shipping service: shipments, and the carrier that takes them, for a reference that means nothing here."""
