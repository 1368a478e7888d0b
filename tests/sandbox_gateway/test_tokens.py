"""What a card's token asks for."""

import pytest

from sandbox_gateway.tokens import Behaviour, behaviour_of

UNKNOWN = Behaviour(declined="unknown card")


@pytest.mark.parametrize(
    ("token", "behaviour"),
    [
        ("tok_ok", Behaviour()),
        ("tok_declined", Behaviour(declined="card declined")),
        ("tok_expired", Behaviour(declined="card expired")),
        ("tok_flaky_3", Behaviour(unreachable=3)),
        ("tok_unknown_12", Behaviour(lost_answers=12)),
        ("tok_slow_250", Behaviour(delay_ms=250)),
        ("tok_slow_0", Behaviour()),
        ("tok_slow_99999", Behaviour(delay_ms=99999)),
        ("tok_slow_100000", UNKNOWN),
        ("tok_flaky_", UNKNOWN),
        ("tok_flaky_-1", UNKNOWN),
        ("tok_flaky_٣", UNKNOWN),
        ("tok_flaky_3\n", UNKNOWN),
        ("xtok_flaky_3", UNKNOWN),
        ("TOK_OK", UNKNOWN),
        ("tok_ok ", UNKNOWN),
    ],
)
def test_every_token_has_its_behaviour(token: str, behaviour: Behaviour) -> None:
    assert behaviour_of(token) == behaviour
