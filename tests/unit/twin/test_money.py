"""Prices and their currency: any of ISO 4217, one in a run, named in what it cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_layout import changed, layout_of, plant_of
from typer.testing import CliRunner

from twin import controls
from twin.cli.commands import application
from twin.cli.run import hints
from twin.controls import Command
from twin.errors import InputError
from twin.money import CURRENCIES, Price, parse_price
from twin.power.bill import bill
from twin.power.hours import HourlyBill
from twin.report.summary import shown
from twin.scenario import Scenario
from twin.simulation import Simulation

GRID = "sites.0.grid"


@pytest.mark.parametrize(
    ("text", "per", "value", "currency"),
    [
        ("150 won/kWh", "J", 150.0 / 3.6e6, "KRW"),
        ("150 KRW/kWh", "J", 150.0 / 3.6e6, "KRW"),
        ("95 USD/MWh", "J", 95.0 / 3.6e9, "USD"),
        ("88.5 EUR/MWh", "J", 88.5 / 3.6e9, "EUR"),
        ("0.12 €/kWh", "J", 0.12 / 3.6e6, "EUR"),
        ("1,234.5 IDR / kWh", "J", 1234.5 / 3.6e6, "IDR"),
        ("8000 won/kW", "W", 8.0, "KRW"),
        ("12 USD/kW/month", "W", 0.012, "USD"),
    ],
)
def test_a_price_keeps_the_currency_it_is_written_in(
    text: str, per: Any, value: float, currency: str
) -> None:
    price = parse_price(text, per)
    assert price.value == pytest.approx(value, rel=1e-12)
    assert price.currency == currency


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_every_currency_is_known(code: str) -> None:
    assert parse_price(f"3.6 {code}/kWh", "J") == Price(1e-6, code)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,12 EUR/kWh", "'0.12 EUR/kWh'"),
        ("150", "has no currency"),
        ("150 won", "does not say for how much"),
        ("12 ct/kWh", "0.12 EUR/kWh"),
        ("5 $/kWh", "write a code such as 'USD'"),
        ("5 eur/kWh", "such as 'EUR'"),
        ("5 EUX/kWh", "unknown currency 'EUX'"),
        ("5 won/kW", "not for an amount of energy"),
        ("1e308 EUR/uJ", "is not finite"),
    ],
)
def test_what_is_no_price_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_price(text, "J")
    assert words in str(caught.value)


def test_two_currencies_in_a_layout_are_refused() -> None:
    data = changed((f"{GRID}.price", "0.1 EUR/kWh"), (f"{GRID}.demand_price", "8000 won/kW"))
    with pytest.raises(InputError, match="prices are in two currencies") as caught:
        layout_of(data)
    for words in ("sites[0].grid.price in EUR", "sites[0].grid.demand_price in won"):
        assert words in str(caught.value)
    hours = ["0.1 EUR/kWh"] * 23 + ["0.1 USD/kWh"]
    with pytest.raises(InputError, match=r"price_by_hour\[23\] in USD"):
        layout_of(changed((f"{GRID}.price_by_hour", hours)))


def test_a_tariff_in_another_currency_than_the_layout_is_refused() -> None:
    plant = plant_of(changed((f"{GRID}.price", "150 won/kWh")))
    tariff = {"price_by_hour": ["0.1 EUR/kWh"] * 24}
    with pytest.raises(InputError, match="another currency than the layout's") as caught:
        Simulation(plant, Scenario.model_validate({"tariff": tariff}))
    assert "found: EUR" in str(caught.value)
    with pytest.raises(ValueError, match="two currencies"):
        Scenario.model_validate({"tariff": {"price_by_hour": ["1 EUR/kWh", "1 USD/kWh"] * 12}})


@pytest.mark.parametrize(
    ("own", "text", "words"),
    [
        ("150 won/kWh", "0.1 EUR/kWh", "in EUR where all prices are in won"),
        (None, "0.1 EUR/kWh", "give it grid.price"),
    ],
)
def test_a_command_cannot_bring_another_currency(own: str | None, text: str, words: str) -> None:
    plant = plant_of(changed(*([(f"{GRID}.price", own)] if own else [])))
    with pytest.raises(InputError) as caught:
        controls.check(plant, Command("set", "/site", "price", text))
    assert words in str(caught.value)
    if own:
        controls.check(plant, Command("set", "/site", "price", "90 won/kWh"))


def test_the_bill_is_in_the_currency_that_was_written() -> None:
    plant = plant_of(changed((f"{GRID}.price", "100 EUR/MWh")))
    tariff = {"price_by_hour": ["90 EUR/MWh"] * 12 + ["110 EUR/MWh"] * 12}
    simulation = Simulation(plant, Scenario.model_validate({"tariff": tariff}))
    hourly = HourlyBill(simulation)
    hourly.take()
    simulation.advance(120.0)
    hourly.take(last=True)
    assert simulation.tariffs.currency == "EUR"
    cost = bill(simulation)
    assert cost["energy_cost"] == pytest.approx(0.110 * cost["grid_energy_kwh"], rel=1e-9)
    assert " EUR instead of " in hints(hourly)[0]


def test_a_run_says_what_it_cost_in_its_currency(tmp_path: Any) -> None:
    import yaml

    file = tmp_path / "hall.yaml"
    grid = [(f"{GRID}.price", "0.1 EUR/kWh"), (f"{GRID}.demand_price", "9 EUR/kW")]
    file.write_text(yaml.safe_dump(changed(*grid)))
    app = application()
    told = CliRunner().invoke(app, ["run", str(file), "--for", "1min"])
    assert told.exit_code == 0
    assert "EUR" in told.output
    assert "won" not in told.output
    data = json.loads(CliRunner().invoke(app, ["run", str(file), "--for", "1min", "--json"]).stdout)
    assert data["currency"] == "EUR"
    assert data["energy_cost"] == pytest.approx(0.1 * data["grid_energy_kwh"], rel=1e-9)


def test_a_report_scales_money_of_any_currency() -> None:
    assert shown(12.5e6, "EUR") == ("12.50", "M EUR")
    assert shown(12.5e6, "won") == ("12.50", "M won")
