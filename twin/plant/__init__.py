"""The plant: a layout compiled to arrays."""

from twin.plant.levels import Level, Levels
from twin.plant.plant import Plant, compile_plant, load_plant

__all__ = ["Level", "Levels", "Plant", "compile_plant", "load_plant"]
