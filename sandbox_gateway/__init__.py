"""A card gateway to play with: an outside party, with troubles that a card's token asks for."""
