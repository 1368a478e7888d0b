"""`minuet demo`, as a newcomer sees it."""

import subprocess
from pathlib import Path

from tests.system.running import MINUET, clean_environment


def test_the_demo_tells_its_story_and_every_order_ends_where_it_should(tmp_path: Path) -> None:
    """It exits 0, tells messages and moves with their virtual day, and leaves nothing behind."""
    done = subprocess.run(
        [*MINUET, "demo"], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "order → payment            RetrievePayment (109.00 EUR" in done.stdout
    assert "inventory → order" in done.stdout
    assert "awaiting_goods → compensating, because GoodsUnavailable" in done.stdout
    assert "compensating → cancelled, because every undo confirmed" in done.stdout
    assert "awaiting_invoice_payment → completed, because InvoicePaid" in done.stdout
    assert "Every order ended where it should, and the books agree." in done.stdout
    assert list(tmp_path.iterdir()) == []
