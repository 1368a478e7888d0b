"""Bugs in how requests are answered."""

from contextlib import AbstractContextManager

from bus import problems
from minuet.simulation.planted.bug import bug, replaced, rewritten
from order_service import rules


@bug
def over_soon_is_an_error() -> AbstractContextManager[None]:
    """Who asks while the database is away is told of an error of ours, and not to ask again."""
    return replaced(problems, "not_now", lambda why: problems.problem(500, why))


@bug
def price_decision_refused() -> AbstractContextManager[None]:
    """Whoever answers what he was asked is told that it is not the current question."""
    return rewritten(rules.answers_this_quote, lambda _original, _order, _decision: False)


BUGS = (over_soon_is_an_error, price_decision_refused)
