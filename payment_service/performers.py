"""Carries out at the gateway what the service has decided and committed.

Whatever happens is an outcome, which the flow's table decides on: nothing is raised, so that pauses between tries are
the flow's deadlines and not the bus's.
"""

from bus.handler import Performer, perform
from payment_service.gateway import AnswerUnknown, Charged, Declined, Gateway, GatewayRefused, GatewayUnreachable
from payment_service.messages import (
    AskGateway,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    ChargeCard,
    ChargeOutcome,
    RefundCard,
)

LONGEST_REASON = 200


def performers(gateway: Gateway) -> tuple[Performer, ...]:
    async def charge_card(effect: ChargeCard) -> ChargeOutcome:
        """That nobody is there proves nothing if an earlier call may have come through."""
        try:
            answer = await gateway.ask(effect.charge_key) if effect.ask_first else None
            if answer is None:
                answer = await gateway.charge(effect.charge_key, effect.reference, effect.amount, effect.card_token)
        except GatewayRefused as error:
            answer = Declined(f"refused by the gateway: {error}")
        except GatewayUnreachable as error:
            return uncertain(effect, error) if effect.again or effect.ask_first else surely_not(effect, error)
        except AnswerUnknown as error:
            return uncertain(effect, error)
        return known(effect, answer)

    async def ask_gateway(effect: AskGateway) -> ChargeOutcome:
        try:
            answer = await gateway.ask_surely(effect.charge_key)
        except (GatewayUnreachable, AnswerUnknown) as error:
            return uncertain(effect, error)
        return surely_not(effect, "the gateway knows of no such charge") if answer is None else known(effect, answer)

    async def refund_card(effect: RefundCard) -> CardRefunded | CardNotRefunded:
        payment = {"reference": effect.reference, "attempt": effect.attempt}
        try:
            await gateway.refund(effect.refund_key, effect.charge_key, effect.reference, effect.amount)
        except (GatewayRefused, GatewayUnreachable, AnswerUnknown) as error:
            return CardNotRefunded(**payment, reason=plain(error))
        return CardRefunded(**payment)

    return perform(ChargeCard, charge_card), perform(AskGateway, ask_gateway), perform(RefundCard, refund_card)


def known(effect: ChargeCard | AskGateway, answer: Charged | Declined) -> CardCharged | CardDeclined:
    call = {"reference": effect.reference, "attempt": effect.attempt, "call": effect.call}
    return CardCharged(**call) if isinstance(answer, Charged) else CardDeclined(**call, reason=plain(answer.reason))


def surely_not(effect: ChargeCard | AskGateway, why: object) -> CardNotCharged:
    return CardNotCharged(reference=effect.reference, attempt=effect.attempt, call=effect.call, reason=plain(why))


def uncertain(effect: ChargeCard | AskGateway, why: object) -> CardPerhapsCharged:
    return CardPerhapsCharged(reference=effect.reference, attempt=effect.attempt, call=effect.call, reason=plain(why))


def plain(why: object) -> str:
    """What others said becomes part of our words, which are bounded and hold no NUL."""
    return str(why).replace("\x00", "")[:LONGEST_REASON]
