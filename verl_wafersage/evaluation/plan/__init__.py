"""What a recipe will need: memory per GPU, tokens and steps, estimated before anything is started."""

from .estimate import Estimate, Item, estimate
from .recipe import Setup, read_recipe, training_rows
from .show import as_json, tables
from .sizes import Sizes, sizes_of

__all__ = [
    "Estimate",
    "Item",
    "Setup",
    "Sizes",
    "as_json",
    "estimate",
    "read_recipe",
    "sizes_of",
    "tables",
    "training_rows",
]
