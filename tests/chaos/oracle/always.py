"""S: what holds after every commit."""

from tests.chaos.oracle.invariant import Invariant

MONEY = (
    Invariant(
        "S1",
        "refunded ≤ received ≤ what was asked",
        """
        SELECT reference, received, refunded, amount AS asked FROM money LEFT JOIN asked USING (reference)
        WHERE refunded > received OR received > coalesce(amount, 0)
    """,
    ),
    Invariant(
        "S1",
        "every posting is double-entry and sums to zero",
        """
        SELECT posting_id, currency, sum(amount) AS balance, count(*) AS lines FROM payment.ledger_entries
        GROUP BY posting_id, currency HAVING sum(amount) != 0 OR count(*) < 2
    """,
    ),
    Invariant(
        "S1",
        "credit is what the ledger says, and not below zero",
        """
        SELECT customer_id, balance, booked FROM payment.credits LEFT JOIN (
            SELECT account, -sum(amount) AS booked FROM payment.ledger_entries GROUP BY account
        ) ON account = 'credit_of:' || customer_id
        WHERE balance != coalesce(booked, 0) OR balance < 0
    """,
    ),
    Invariant(
        "S1",
        "the gateway gives back no more than it took",
        """
        SELECT charge_key, sum(r.amount) AS refunded, c.amount AS charged, c.declined
        FROM gateway.refunds r LEFT JOIN gateway.charges c ON c.key = r.charge_key
        GROUP BY charge_key HAVING c.declined IS NOT NULL OR sum(r.amount) > coalesce(c.amount, 0)
    """,
    ),
)
GOODS = (
    Invariant(
        "S2",
        "on hand + reserved + shipped = receipts, none below zero",
        """
        SELECT sku, on_hand, reserved, shipped, receipts FROM inventory.stock LEFT JOIN (
            SELECT sku, sum(difference) AS receipts FROM inventory.receipts GROUP BY sku
        ) USING (sku)
        WHERE on_hand + reserved + shipped != coalesce(receipts, 0) OR min(on_hand, reserved, shipped) < 0
    """,
    ),
    Invariant(
        "S2",
        "the stock is what its reservations say",
        """
        SELECT sku, reserved, held, shipped, gone FROM inventory.stock LEFT JOIN (
            SELECT key AS sku, sum(CASE state WHEN 'fetched' THEN value ELSE 0 END) AS held,
                   sum(CASE state WHEN 'shipped' THEN value ELSE 0 END) AS gone
            FROM inventory.reservations, json_each(goods) GROUP BY key
        ) USING (sku)
        WHERE reserved != coalesce(held, 0) OR shipped != coalesce(gone, 0)
    """,
    ),
    Invariant(
        "S3",
        "shipped ⇒ goods were fetched, and money was received or the flow is by invoice",
        """
        SELECT s.reference, r.state AS goods, received, refunded, total, by_invoice FROM shipping.shipments s
        LEFT JOIN inventory.reservations r USING (reference) LEFT JOIN flow USING (reference)
        LEFT JOIN money USING (reference)
        WHERE s.state = 'shipped' AND (
            r.state IS NULL OR r.state NOT IN ('fetched', 'shipped') OR by_invoice IS NULL
            OR (NOT by_invoice AND coalesce(received - refunded, 0) < total)
        )
    """,
    ),
)
ONCE = (
    Invariant(
        "S4",
        "nothing is said twice, so nothing was handled twice",
        """
        SELECT service, wire_name, subject, message_id, count(*) AS times FROM said
        GROUP BY service, message_id HAVING count(*) > 1
    """,
    ),
    Invariant(
        "S4",
        "one card is charged at most once for one payment",
        """
        SELECT reference, rtrim(key, '0123456789') AS payment, count(*) AS charges FROM gateway.charges
        WHERE declined IS NULL GROUP BY 1, 2 HAVING count(*) > 1
    """,
    ),
    Invariant(
        "S4",
        "one charge is refunded at most once",
        """
        SELECT charge_key, count(*) AS refunds FROM gateway.refunds GROUP BY charge_key HAVING count(*) > 1
    """,
    ),
    Invariant(
        "S5",
        "no charge without a payment that asked for it",
        """
        SELECT c.key, c.amount FROM gateway.charges c LEFT JOIN payment.saga_instances p
        ON p.flow = 'payment' AND c.key LIKE p.instance_id || '/%'
        WHERE p.instance_id IS NULL OR c.amount > json_extract(p.data, '$.amount.amount')
    """,
    ),
    Invariant(
        "S5",
        "no parcel without a command",
        """
        SELECT reference FROM shipping.shipments WHERE state = 'shipped' AND reference NOT IN (
            SELECT subject FROM said WHERE wire_name = 'shipping.ship-goods.v1'
        )
    """,
    ),
)
FLOWS = (
    Invariant(
        "S6",
        "no stuck flow: not ended and not a person's ⇒ an armed deadline",
        """
        SELECT i.service, i.flow, i.instance_id, i.state, i.generation FROM instances i
        WHERE i.state NOT IN ('completed', 'cancelled', 'closed', 'received', 'failed', 'refunded', 'paid', 'defaulted')
        AND i.state NOT LIKE 'needs_attention%' AND NOT EXISTS (
            SELECT 1 FROM timers t WHERE t.service = i.service AND t.subject = i.subject
            AND json_extract(t.body, '$.flow') = i.flow AND json_extract(t.body, '$.instance_id') = i.instance_id
            AND json_extract(t.body, '$.generation') = i.generation
        )
    """,
    ),
    Invariant(
        "S6",
        "no order waits for a person without a reason on record",
        """
        SELECT reference, state FROM flow WHERE name = 'needs_attention' AND coalesce(reason, '') = ''
    """,
    ),
    Invariant(
        "S7",
        "a history is a path in its flow's table",
        """
        SELECT service, flow, instance_id, step, was, from_state, because, to_state FROM (
            SELECT *, row_number() OVER steps AS nth, lag(to_state) OVER steps AS was FROM history
            WINDOW steps AS (PARTITION BY service, flow, instance_id ORDER BY step)
        ) LEFT JOIN starts USING (flow)
        WHERE step != nth OR from_state != coalesce(was, start) OR NOT EXISTS (
            SELECT 1 FROM moves m WHERE (m.flow, m.from_state, m.because, m.to_state)
            = (flow, from_state, because, to_state)
        )
    """,
    ),
    Invariant(
        "S7",
        "replaying the history gives the row",
        """
        SELECT i.service, i.flow, i.instance_id, i.state, i.steps, max(h.step) AS last, h.to_state FROM instances i
        LEFT JOIN history h ON h.service = i.service AND h.flow = i.flow AND h.instance_id = i.instance_id
        GROUP BY i.service, i.flow, i.instance_id
        HAVING i.steps != coalesce(max(h.step), 0) OR i.state IS NOT h.to_state
    """,
    ),
    Invariant(
        "S7",
        "what an order's history says was sent was sent",
        """
        SELECT * FROM (
            SELECT instance_id AS subject, kebab(value) AS name, count(*) AS times
            FROM orders.saga_history, json_each(sent) GROUP BY 1, 2
        ) FULL JOIN (
            SELECT subject, substr(wire_name, instr(wire_name, '.') + 1, length(wire_name) - instr(wire_name, '.') - 3)
            AS name, count(*) AS said FROM said WHERE service = 'order' GROUP BY 1, 2
        ) USING (subject, name)
        WHERE times IS NOT said
    """,
    ),
    Invariant(
        "S8",
        "a deadline never comes early, unless an operator fires it",
        """
        SELECT h.service, h.instance_id, h.because, h.at, min(t.due_at) AS due_at FROM history h
        LEFT JOIN noted_timers t ON t.service = h.service AND t.timer_id = h.message_id
        WHERE h.because LIKE '% over' AND h.message_id NOT IN (SELECT target FROM actions WHERE action = 'timer.fire')
        GROUP BY h.service, h.instance_id, h.step HAVING min(t.due_at) IS NULL OR h.at < min(t.due_at)
    """,
    ),
    Invariant(
        "S8",
        "a deadline has one effect",
        """
        SELECT service, instance_id, because, message_id, count(*) AS times FROM history
        WHERE because LIKE '% over' GROUP BY service, message_id HAVING count(*) > 1
    """,
    ),
    Invariant(
        "S9",
        "every operator action has an author and a reason",
        """
        SELECT service, action, target, author, reason FROM actions
        WHERE author IN ('', 'unknown') OR (reason IN ('', 'none given') AND action != 'case.claim-case')
    """,
    ),
    Invariant(
        "S9",
        "whatever a person made an order do has an audit row",
        """
        SELECT instance_id, because, author, reason FROM orders.saga_history
        WHERE because IN ('RetryOrder', 'CloseOrder')
        AND NOT EXISTS (
            SELECT 1 FROM orders.operator_actions a WHERE a.target = instance_id
            AND a.author = saga_history.author AND a.reason = saga_history.reason
        )
    """,
    ),
)
ALWAYS = (*MONEY, *GOODS, *ONCE, *FLOWS)
