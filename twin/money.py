"""Prices in layouts, scenarios and commands, and the currency they are in.

A price is money per energy (``0.12 EUR/kWh``) or per power (``8000 won/kW``). Currencies are not
converted into each other: a run has one, and its bill names it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from twin.numerals import number
from twin.units import parse_quantity

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN
BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD
FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY
KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER
ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
"""Codes of ISO 4217 for money in circulation."""

OTHER_NAMES = {"won": "KRW", "₩": "KRW", "euro": "EUR", "€": "EUR", "£": "GBP", "yen": "JPY"}
SHOWN = {"KRW": "won"}
"""Names by which people are told a currency, where that is not its code."""

Per = Literal["J", "W"]
EXAMPLES: dict[Per, str] = {
    "J": "150 won/kWh' or '0.12 EUR/kWh",
    "W": "8000 won/kW' or '12 USD/kW",
}


@dataclass(frozen=True)
class Price:
    """A price.

    Attributes
    ----------
    value : money per J or per W
    currency : code of ISO 4217
    """

    value: float
    currency: str

    @property
    def shown(self) -> str:
        """Name of the currency for people."""
        return name_of(self.currency)


def name_of(currency: str) -> str:
    """Name of a currency for people."""
    return SHOWN.get(currency, currency)


def parse_price(text: str, per: Per) -> Price:
    """Read a price such as ``0.12 EUR/kWh`` or ``95 USD/MWh``.

    Parameters
    ----------
    text : number, currency, and the energy (``per`` J) or power (``per`` W) it is for

    Raises
    ------
    ValueError : no number, no currency, or of something else; says what is allowed
    """
    written, *rest = text.split() or [""]
    unit = "".join(rest)
    such = f"write for example '{EXAMPLES[per]}'"
    try:
        amount = number(written, unit)
    except ValueError as error:
        raise ValueError(str(error) if ";" in str(error) else f"{error}; {such}") from None
    if not unit:
        raise ValueError(f"has no currency; {such}")
    money, _, measure = unit.partition("/")
    if per == "W":
        measure = measure.removesuffix("/month")
    code = _currency(money)
    if not measure:
        raise ValueError(f"does not say for how much; {such}")
    try:
        value = amount / parse_quantity(f"1 {measure}", per)
    except ValueError:
        what = "energy" if per == "J" else "power"
        raise ValueError(f"is not for an amount of {what}: '{measure}'; {such}") from None
    if not math.isfinite(value):
        raise ValueError("is not finite")
    return Price(value, code)


def _currency(word: str) -> str:
    """Code of a currency; raises ValueError."""
    code = OTHER_NAMES.get(word, word)
    if code in CURRENCIES:
        return code
    if word in ("$", "¥", "dollar", "dollars"):
        raise ValueError(f"has '{word}', which several countries use; write a code such as 'USD'")
    if word.lower() in ("cent", "cents", "ct", "c", "p", "pence"):
        raise ValueError("is in parts of a currency; write for example '0.12 EUR/kWh'")
    meant = f"'{word.upper()}'" if word.upper() in CURRENCIES else "'EUR' or 'won'"
    raise ValueError(
        f"has an unknown currency '{word}'; write its code of ISO 4217, such as {meant}"
    )


def one_currency(prices: Iterable[tuple[str, Price | None]]) -> str | None:
    """The currency of all prices, each with the key it stands under; None if there is none.

    Raises
    ------
    ValueError : several currencies; names the first key of each
    """
    first: tuple[str, Price] | None = None
    for key, price in prices:
        if price is None:
            continue
        if first is None:
            first = key, price
        elif price.currency != first[1].currency:
            raise ValueError(
                f"prices are in two currencies: {first[0]} in {first[1].shown}, {key} in "
                f"{price.shown}; there is no rate between them, so write all in one"
            )
    return None if first is None else first[1].currency


def _price(per: Per) -> Any:
    """Annotated `Price` parsed from text, not below zero."""

    def convert(value: Any) -> Price:
        if isinstance(value, Price):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError(
                "quantity", "is not a price; write for example '{example}'",
                {"example": EXAMPLES[per]},
            )  # fmt: skip
        try:
            price = parse_price(value, per)
        except ValueError as error:
            raise PydanticCustomError("quantity", "{reason}", {"reason": str(error)}) from None
        if price.value < 0.0:
            raise PydanticCustomError("quantity", "is below zero")
        return price

    schema = {
        "type": "string",
        "description": f"number, currency (code of ISO 4217), and 1/{per}",
        "examples": EXAMPLES[per].split("' or '"),
    }
    return Annotated[Price, BeforeValidator(convert), WithJsonSchema(schema)]


EnergyPrice = _price("J")
PowerPrice = _price("W")
