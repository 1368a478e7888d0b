"""The gateway's own books, by idempotency key. Whatever is answered was committed before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bus.database import Database
from bus.envelope import rfc3339
from bus.errors import Refused, Unavailable
from bus.group_commit import GroupCommit
from sandbox_gateway.books import Books, Request, Row, charges, refunds
from sandbox_gateway.requests import ChargeRequest, RefundRequest
from sandbox_gateway.tokens import behaviour_of


class Unreachable(Exception):
    """Nobody was there: nothing was done."""


class AnswerLost(Exception):
    """It was done, but the caller does not get to hear of it."""


Answer = Row | Exception  # an exception is for the caller: what was counted and booked stays


@dataclass(eq=False)
class Call:
    request: Request | None  # None: it is not counted
    do: Callable[[Books, int], Answer]  # given how many such requests there were, this one included
    answer: Answer | None = None


class Ledger:
    """Calls that come while others are being committed share the next commit. Each is answered after its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group = GroupCommit("gateway", self._commit)

    async def charge(self, request: ChargeRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Unreachable, AnswerLost, Refused."""
        return await self._call(("charge", request.key), lambda books, calls: charge(books, calls, request, at))

    async def ask(self, key: str) -> Row:
        """What became of a charge. Raises Refused with status 404 if there was none."""
        return await self._call(("ask", key), lambda books, _: ask(books, key))

    async def refund(self, request: RefundRequest, at: datetime) -> Row:
        """Once per key; the same key again gets the same answer. Raises Refused if the charge has not as much left."""
        return await self._call(("refund", request.key), lambda books, _: refund(books, request, at))

    async def contents(self) -> Row:
        """Charges and refunds, oldest first, and how many calls there were."""
        return await self._call(None, lambda books, _: contents(books))

    async def _call(self, request: Request | None, do: Callable[[Books, int], Answer]) -> Row:
        call = Call(request, do)
        await self._group.submit([call])
        assert call.answer is not None
        if isinstance(call.answer, Exception):
            raise call.answer
        return call.answer

    def _commit(self, calls: list[Call]) -> None:
        """In the group's one thread. What fails together is done again one by one: a failure is its own call's."""
        try:
            with self._database.transaction() as connection:
                answers = answered(Books(connection), calls)
        except Unavailable as error:
            answers = [error] * len(calls)
        except Exception as error:
            if len(calls) > 1:
                for call in calls:
                    self._commit([call])
                return
            answers = [error]
        for call, answer in zip(calls, answers, strict=True):
            call.answer = answer


# --- what is asked for, within a transaction


def answered(books: Books, calls: Sequence[Call]) -> list[Answer]:
    requests = [call.request for call in calls if call.request]
    if len(set(requests)) < len(requests):
        raise ValueError("one of them asks for what another one asks for, and has to see what became of that")
    numbers = books.count(requests)
    answers = [call.do(books, numbers[call.request] if call.request else 0) for call in calls]
    books.flush()
    return answers


def charge(books: Books, calls: int, request: ChargeRequest, at: datetime) -> Answer:
    behaviour = behaviour_of(request.token)
    wish = {**flat(request), "declined": behaviour.declined}
    row = books.find(charges, request.key) if calls > 1 else None
    if row is None and calls <= behaviour.unreachable:
        return Unreachable()
    row = row or books.book(charges, {**wish, "at": at})
    if used_otherwise(row, wish):
        return other_body(row)
    return AnswerLost() if calls <= behaviour.lost_answers else charge_shown(row)


def ask(books: Books, key: str) -> Answer:
    row = books.find(charges, key)
    return Refused(f"there is no charge {key!r}", 404) if row is None else charge_shown(row)


def refund(books: Books, request: RefundRequest, at: datetime) -> Answer:
    wish = flat(request)
    row = books.find(refunds, request.key)
    if row is None:
        refusal = refusal_of(books, request)
        if refusal is not None:
            return Refused(refusal)
        row = books.book(refunds, {**wish, "at": at})
    return other_body(row) if used_otherwise(row, wish) else shown(row)


def contents(books: Books) -> Row:
    return {
        "charges": [shown(row) for row in books.all_charges()],
        "refunds": [shown(row) for row in books.all_refunds()],
        "requests": books.number_of_requests(),
    }


def refusal_of(books: Books, request: RefundRequest) -> str | None:
    """Why this cannot be given back, if so."""
    charge = books.find(charges, request.charge_key)
    if charge is None or charge["declined"] is not None:
        return f"nothing was charged under {request.charge_key!r}"
    if charge["currency"] != request.amount.currency:
        return f"the charge is in {charge['currency']}, not in {request.amount.currency}"
    left = charge["amount"] - books.refunded(request.charge_key)
    return f"more than what is left of the charge: {left}" if request.amount.amount > left else None


def used_otherwise(row: Row, wish: Row) -> bool:
    return any(row[name] != value for name, value in wish.items())


def other_body(row: Row) -> Refused:
    return Refused(f"the key {row['key']!r} was used with another body")


def flat(request: ChargeRequest | RefundRequest) -> Row:
    """As it is stored."""
    return {**request.model_dump(exclude={"amount"}), **request.amount.model_dump()}


def charge_shown(row: Row) -> Row:
    declined = row["declined"]
    return {**shown(row), "status": "charged" if declined is None else "declined", "reason": declined}


def shown(row: Row) -> Row:
    """A charge or a refund, as callers see it: no card's token is among it."""
    amount = {"amount": row["amount"], "currency": row["currency"]}
    seen: Row = {name: row[name] for name in ("key", "charge_key", "reference") if name in row}
    return {**seen, "amount": amount, "at": rfc3339(row["at"])}
