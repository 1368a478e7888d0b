"""Carries out at the gateway what the service has decided and committed."""

from bus.handler import Performer, perform
from payment_service.gateway import Charged, Gateway
from payment_service.messages import CardCharged, CardDeclined, CardRefunded, ChargeCard, RefundCard


def performers(gateway: Gateway) -> tuple[Performer, ...]:
    async def charge_card(effect: ChargeCard) -> CardCharged | CardDeclined:
        answer = await gateway.charge(effect.charge_key, effect.reference, effect.amount, effect.card_token)
        if isinstance(answer, Charged):
            return CardCharged(reference=effect.reference, attempt=effect.attempt)
        return CardDeclined(reference=effect.reference, attempt=effect.attempt, reason=answer.reason)

    async def refund_card(effect: RefundCard) -> CardRefunded:
        await gateway.refund(effect.refund_key, effect.charge_key, effect.reference, effect.amount)
        return CardRefunded(reference=effect.reference, attempt=effect.attempt)

    return perform(ChargeCard, charge_card), perform(RefundCard, refund_card)
