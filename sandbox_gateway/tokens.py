"""What a card's token makes the gateway do."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    declined: str | None = None  # the reason, if the card is declined
    unreachable: int = 0  # so many calls find nobody there, and leave no trace
    lost_answers: int = 0  # so many answers are lost, after the card was charged
    delay_ms: int = 0  # between the charge and the answer


PLAIN = {
    "tok_ok": Behaviour(),
    "tok_declined": Behaviour(declined="card declined"),
    "tok_expired": Behaviour(declined="card expired"),
}
NUMBERED = re.compile(r"tok_(flaky|unknown|slow)_([0-9]{1,5})")


def behaviour_of(token: str) -> Behaviour:
    """Numbers have at most five digits, so that no call is held for more than 100 s."""
    numbered = NUMBERED.fullmatch(token)
    if numbered is None:
        return PLAIN.get(token, Behaviour(declined="unknown card"))
    number = int(numbered[2])
    match numbered[1]:
        case "flaky":
            return Behaviour(unreachable=number)
        case "unknown":
            return Behaviour(lost_answers=number)
        case _:
            return Behaviour(delay_ms=number)
