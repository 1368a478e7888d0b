"""Properties that cannot be read are none, so that the message is parked like any other poison.

The client would end the connection instead: at the next delivery again, and so on, with everything else in hand.
"""

from pamqp.commands import Basic
from pamqp.header import ContentHeader

UNREADABLE = "unreadable-properties"

read = ContentHeader.unmarshal


def read_or_say_why_not(header: ContentHeader, data: bytes) -> None:
    try:
        read(header, data)
    except Exception as error:  # whatever hostile bytes can raise: UnicodeDecodeError, OverflowError ...
        header.properties = Basic.Properties(headers={UNREADABLE: str(error)})


def tolerate() -> None:
    """In this process, from now on."""
    ContentHeader.unmarshal = read_or_say_why_not  # type: ignore[assignment, method-assign]
