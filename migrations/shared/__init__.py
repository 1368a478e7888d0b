"""Tables that several services have: frozen, numbered, never edited. A change is a new file with the next number."""
