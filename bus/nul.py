"""NUL: the one character that JSON can say and PostgreSQL cannot store. It is refused at every door."""

import re

ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # not the text `\u0000`, whose backslash is escaped itself
REFUSAL = "a text contains the character NUL (\\u0000), which cannot be stored: leave it out"


def contains_nul(json_body: bytes) -> bool:
    return b"\\u0000" in json_body and ESCAPED.search(json_body) is not None
