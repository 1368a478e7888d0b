"""The inventory service: stock, and goods fetched from it for a reference that means nothing here."""
