"""What the inventory service obeys and emits."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bus.message import Command, Event

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Item(Value):
    sku: Text
    quantity: int = Field(ge=1, le=1_000_000, strict=True)


class Missing(Value):
    sku: str
    wanted: int
    available: int


class InventoryCommand(Command, owner="inventory", key="reference"):
    reference: Text


class InventoryEvent(Event, owner="inventory", key="reference"):
    reference: str


class FetchGoods(InventoryCommand):
    """Take these goods from stock, all or none. The same SKU twice is added up."""

    items: list[Item] = Field(min_length=1, max_length=1000)


class ReleaseGoods(InventoryCommand):
    """Put back whatever was fetched, and fetch nothing for this reference any more."""


class GoodsFetched(InventoryEvent):
    pick_id: Text


class GoodsUnavailable(InventoryEvent):
    missing: list[Missing]


class GoodsReleased(InventoryEvent):
    """Nothing is held for this reference, and nothing will be."""
