"""Text that every database can store: PostgreSQL refuses NUL, and no encoding takes half of a surrogate pair."""


def storable(text: str, longest: int = 2000) -> str:
    """The same text if it can be stored as it is; else with what cannot be stored written out, or cut."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:longest]


def is_storable(text: str, longest: int) -> bool:
    if text.isascii():
        return len(text) <= longest and "\x00" not in text
    return storable(text, longest) == text
