"""Where the bundled data files lie."""

from pathlib import Path

ASSETS_FOLDER = Path(__file__).parent
CATALOG_FOLDER = ASSETS_FOLDER / "catalog"
LAYOUTS_FOLDER = ASSETS_FOLDER / "layouts"
SCENARIOS_FOLDER = ASSETS_FOLDER / "scenarios"
WEATHER_FOLDER = ASSETS_FOLDER / "weather"
