"""Inventory and shipping work for a reference that means nothing to them, so they have no word for its meaning."""

import re
from pathlib import Path

import pytest

import inventory_service
import shipping_service
from bus.service import Service
from inventory_service.app import service as inventory
from shipping_service.app import service as shipping

FORBIDDEN = re.compile(r"order|vip", re.IGNORECASE)
ALLOWED = ".order_by("  # SQLAlchemy's


def forbidden_words(source: str) -> list[str]:
    """The lines that contain a forbidden word, in code, string or comment."""
    return [line for line in source.splitlines() if FORBIDDEN.search(line.replace(ALLOWED, ""))]


@pytest.mark.parametrize("package", [inventory_service, shipping_service], ids=lambda package: package.__name__)
def test_neither_service_has_a_word_for_what_its_reference_means(package: object) -> None:
    files = sorted(Path(str(package.__file__)).parent.rglob("*.py"))  # type: ignore[attr-defined]
    assert len(files) > 5
    assert {file.name: lines for file in files if (lines := forbidden_words(file.read_text()))} == {}


@pytest.mark.parametrize("service", [inventory(), shipping()], ids=lambda service: str(service.name))
def test_nor_have_their_tables_and_wire_names(service: Service) -> None:
    columns = [f"{table.name}.{column.name}" for table in service.metadata.tables.values() for column in table.columns]
    names = [handler.message.wire_name for handler in service.handlers]
    assert [name for name in (*columns, *names) if FORBIDDEN.search(name)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("order_id = 1", 1),
        ("class OrderPlaced: ...", 1),
        ('"""For a VIP."""', 1),
        ("x = 'reorder'", 1),
        ("query.order_by(sku)", 0),
        ("query.order_by(order)", 1),
        ("reference = 1", 0),
    ],
)
def test_the_search_finds_what_it_should(source: str, found: int) -> None:
    assert len(forbidden_words(source)) == found
