"""Parser of expectations: recursive descent over the text, one method per rule of the grammar.

::

    expectation = ( events | condition ) { qualifier }
    condition   = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = [ "not" ] ( comparison | "(" condition ")" )
    comparison  = sum relation sum { relation sum } [ "+-" quantity ]
    relation    = "<" | "<=" | ">" | ">=" | "==" | "!="
    sum         = product { ( "+" | "-" ) product }
    product     = sign { ( "*" | "/" ) sign }
    sign        = [ "-" ] primary
    primary     = quantity | call | channel | "(" sum ")"
    quantity    = number [ unit ]
    call        = function "(" [ argument { "," argument } { qualifier } ] ")"
    channel     = name [ "at" element ]
    events      = "events" ( "==" | "include" | "exclude" ) "[" [ event { "," event } ] "]"
    event       = element "." kind
    qualifier   = "between" moment "and" moment
                | [ ( "within" | "from" ) quantity ] "after" moment
                | "before" moment
    moment      = hh:mm | quantity of time | event

Names of elements are paths from the root, or the last parts of one when only one element ends so.
"""

from __future__ import annotations

import re

from twin.errors import near_matches
from twin.numerals import number
from twin.regression.dimensions import NUMBER, unit_named
from twin.regression.problem import ExpectationError
from twin.regression.syntax import (
    EVENT_FUNCTIONS,
    FUNCTIONS,
    PREDICATE_FUNCTIONS,
    Arithmetic,
    Call,
    ChannelName,
    Comparison,
    EventName,
    Events,
    Expectation,
    Junction,
    Moment,
    Negation,
    Negative,
    Predicate,
    Qualifier,
    Quantity,
    Value,
)

MAXIMUM_LENGTH = 2_000
MAXIMUM_DEPTH = 40

KEYWORDS = frozenset(
    {
        "and",
        "or",
        "not",
        "between",
        "after",
        "before",
        "within",
        "from",
        "at",
        "events",
        "include",
        "exclude",
    }
)
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(
    r"(\d[\d_]*(\.[\d_]+)?|\.\d[\d_]*)([eE][-+]?\d+)?(,\d[\d.,_]*)?"
)  # whatever looks like one: `number` then refuses commas and the like
_WORD = r"[^\W\d][A-Za-z0-9²³]*"
_UNIT = re.compile(rf"%|°?{_WORD}(\*\*-?\d+)?([*/]°?{_WORD}(\*\*-?\d+)?)*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_ELEMENT = re.compile(r"[A-Za-z0-9_*/-]+")
_EVENT = re.compile(r"([A-Za-z0-9_*/-]+)\.([A-Za-z][A-Za-z0-9_-]*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)", re.ASCII)
_RELATION = re.compile(r"<=|>=|==|!=|<|>")


def parse(text: str) -> Expectation:
    """Read one expectation.

    Raises
    ------
    ExpectationError : malformed; points at the column
    """
    if len(text) > MAXIMUM_LENGTH:
        raise ExpectationError(
            "expectation is too long", text[:80] + "...", 80, f"at most {MAXIMUM_LENGTH} characters"
        )
    return _Parser(text).expectation()


def parse_value(text: str) -> Value:
    """Read a figure to be computed, such as ``max(gpu.temperature)``; raises ExpectationError."""
    if len(text) > MAXIMUM_LENGTH:
        raise ExpectationError(
            "figure is too long", text[:80] + "...", 80, f"at most {MAXIMUM_LENGTH} characters"
        )
    parser = _Parser(text)
    value = parser.sum()
    parser.end("+, -, * or /")
    return value


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.position = 0
        self.depth = 0

    # --- reading characters -----------------------------------------------------------------------

    def skip(self) -> int:
        match = _SPACE.match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        return self.position

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def symbol(self, text: str) -> bool:
        self.skip()
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def need(self, text: str, after: str) -> None:
        if not self.symbol(text):
            raise self.fail(f"'{text}' is missing after {after}")

    def peek_word(self) -> str:
        self.skip()
        found = _NAME.match(self.text, self.position)
        return found.group() if found else ""

    def keyword(self, *words: str) -> str:
        word = self.peek_word()
        if word in words:
            self.position += len(word)
            return word
        return ""

    def fail(self, message: str, allowed: str = "", at: int | None = None) -> ExpectationError:
        return ExpectationError(message, self.text, self.skip() if at is None else at, allowed)

    def end(self, allowed: str) -> None:
        if self.skip() < len(self.text):
            rest = self.text[self.position :].split()[0]
            raise self.fail(f"'{rest}' does not fit here", allowed)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.fail("is nested too deeply", f"{MAXIMUM_DEPTH} levels")

    # --- the grammar ------------------------------------------------------------------------------

    def expectation(self) -> Expectation:
        if self.skip() == len(self.text):
            raise self.fail("an expectation is empty", "such as max(gpu.temperature) < 87 degC")
        condition: Predicate | Events
        if self.peek_word() == "events":
            condition = self.events()
        else:
            condition = self.condition()
        qualifiers = self.qualifiers()
        self.end("the end, and, or, between, after, before, within")
        return Expectation(self.text, condition, qualifiers)

    def events(self) -> Events:
        at = self.skip()
        self.keyword("events")
        relation = self.keyword("include", "exclude")
        if not relation:
            if not self.symbol("=="):
                raise self.fail("'events' needs ==, include or exclude", "events == [cdu-1.trip]")
            relation = "=="
        self.need("[", "events " + relation)
        patterns: list[EventName] = []
        if not self.symbol("]"):
            patterns.append(self.event())
            while self.symbol(","):
                patterns.append(self.event())
            self.need("]", "the last event")
        return Events(relation, tuple(patterns), at)

    def event(self) -> EventName:
        at = self.skip()
        found = self.match(_EVENT)
        if found is None:
            raise self.fail("an event is missing", "element.kind, such as cdu-1.trip or *.trip")
        return EventName(found.group(1), found.group(2), at)

    def condition(self) -> Predicate:
        at = self.skip()
        parts = [self.conjunction()]
        while self.keyword("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Junction("or", tuple(parts), at)

    def conjunction(self) -> Predicate:
        at = self.skip()
        parts = [self.negation()]
        while self.keyword("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts), at)

    def negation(self) -> Predicate:
        at = self.skip()
        self.deeper()
        try:
            if self.keyword("not"):
                return Negation(self.negation(), at)
            if self.text.startswith("(", self.position):
                return self.group()
            return self.comparison()
        finally:
            self.depth -= 1

    def group(self) -> Predicate:
        """A condition in parentheses, or a comparison whose left value begins with one.

        Of two readings that both fail, the error of the one that came further is told.
        """
        start, depth = self.position, self.depth
        try:
            self.symbol("(")
            condition = self.condition()
            self.need(")", "the condition")
            return condition
        except ExpectationError as error:
            self.position, self.depth = start, depth
            try:
                return self.comparison()
            except ExpectationError as other:
                raise (other if other.column > error.column else error) from None

    def comparison(self) -> Predicate:
        at = self.skip()
        left = self.sum()
        parts: list[Predicate] = []
        while True:
            where = self.skip()
            found = self.match(_RELATION)
            if found is None:
                break
            right = self.sum()
            tolerance = None
            if found.group() in ("==", "!=") and (self.symbol("+-") or self.symbol("±")):
                tolerance = self.quantity("a tolerance")
            parts.append(Comparison(found.group(), left, right, where, tolerance))
            left = right
        if not parts:
            if self.text[self.skip() : self.position + 1] == "=":
                raise self.fail("a single '=' compares nothing", "==")
            raise self.fail("a comparison is missing", "<, <=, >, >=, == or !=")
        return parts[0] if len(parts) == 1 else Junction("and", tuple(parts), at)

    def sum(self) -> Value:
        self.deeper()
        value = self.product()
        while True:
            at = self.skip()
            if self.text.startswith("+-", at):
                break
            if self.symbol("+"):
                value = Arithmetic("+", value, self.product(), at)
            elif self.symbol("-"):
                value = Arithmetic("-", value, self.product(), at)
            else:
                break
        self.depth -= 1
        return value

    def product(self) -> Value:
        value = self.sign()
        while True:
            at = self.skip()
            if self.symbol("*"):
                value = Arithmetic("*", value, self.sign(), at)
            elif self.symbol("/"):
                value = Arithmetic("/", value, self.sign(), at)
            else:
                return value

    def sign(self) -> Value:
        at = self.skip()
        if self.symbol("-"):
            return Negative(self.primary(), at)
        return self.primary()

    def primary(self) -> Value:
        at = self.skip()
        if self.symbol("("):
            value = self.sum()
            self.need(")", "the value")
            return value
        if _NUMBER.match(self.text, at):
            return self.quantity("a number")
        word = self.peek_word()
        if not word or word in KEYWORDS:
            found = self.text[at:].split()[0] if at < len(self.text) else "the end"
            raise self.fail(
                f"a value is missing before '{found}'"
                if at < len(self.text)
                else "a value is missing at the end",
                "a number with unit, a channel, or a function",
            )
        self.position += len(word)
        if self.text.startswith("(", self.skip()):
            return self.call(word, at)
        return self.channel(word, at)

    def channel(self, word: str, at: int) -> ChannelName:
        if not self.keyword("at"):
            return ChannelName(word, at)
        where = self.skip()
        found = self.match(_ELEMENT)
        if found is None:
            raise self.fail("a path is missing after 'at'", "such as /pilot/hall-a/row-01/rack-03")
        return ChannelName(word, at, found.group(), where)

    def quantity(self, what: str) -> Quantity:
        at = self.skip()
        found = self.match(_NUMBER)
        if found is None:
            raise self.fail(f"{what} is missing", "such as 45 degC")
        try:
            value = number(found.group())
        except ValueError as error:
            raise self.fail(f"a number {error}", at=at) from None
        where = self.skip()
        unit_match = _UNIT.match(self.text, where)
        if unit_match is None or unit_match.group() in KEYWORDS:
            return Quantity(value, NUMBER, at)
        text = unit_match.group()
        try:
            unit = unit_named(text)
        except ValueError as error:
            raise self.fail(str(error), "such as degC, K, kW, L/min, s, min, %", where) from None
        self.position = unit_match.end()
        return Quantity(value if unit.offset else value * unit.factor, unit, at)

    def duration(self) -> float:
        at = self.skip()
        quantity = self.quantity("a time")
        if not quantity.unit.fits(unit_named("s")):
            raise self.fail("is not a time", "such as 90 s or 10 min", at)
        return quantity.value

    def call(self, function: str, at: int) -> Call:
        if function not in FUNCTIONS:
            raise self.fail(
                f"unknown function '{function}'", near_matches(function, [*FUNCTIONS]), at
            )
        self.symbol("(")
        if self.symbol(")"):
            raise self.fail(f"{function}() needs something in its parentheses", at=at)
        self.deeper()
        arguments: list[Value | Predicate | EventName] = []
        if function in EVENT_FUNCTIONS:
            arguments.append(self.event())
        elif function in PREDICATE_FUNCTIONS:
            arguments.append(self.condition())
        else:
            arguments.append(self.sum())
            if function in ("percentile", "rate") and self.symbol(","):
                arguments.append(self.quantity("a number"))
        qualifiers = self.qualifiers()
        self.need(")", f"what stands in {function}(")
        self.depth -= 1
        return Call(function, tuple(arguments), at, qualifiers)

    def qualifiers(self) -> tuple[Qualifier, ...]:
        found: list[Qualifier] = []
        while True:
            word = self.keyword("between", "after", "before", "within", "from")
            if not word:
                return tuple(found)
            if word == "between":
                first = self.moment()
                if not self.keyword("and"):
                    raise self.fail("'and' is missing", "between 06:00 and 18:00")
                found.append(Qualifier("between", first, self.moment()))
            elif word in ("within", "from"):
                length = self.duration()
                if not self.keyword("after"):
                    raise self.fail("'after' is missing", f"{word} 60 s after cdu-1.trip")
                anchor = self.moment()
                if word == "within":
                    found.append(Qualifier("after", anchor, length=length))
                else:
                    found.append(Qualifier("after", anchor, delay=length))
            else:
                found.append(Qualifier(word, self.moment()))

    def moment(self) -> Moment:
        at = self.skip()
        clock = self.match(_CLOCK)
        if clock is not None:
            hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            if hours > 24 or minutes > 59 or seconds > 59 or hours * 60 + minutes > 1440:
                raise self.fail("is not a time of day", "00:00 to 24:00", at)
            return Moment(at, clock=hours * 3600.0 + minutes * 60.0 + seconds)
        if _EVENT.match(self.text, at) and not _NUMBER.fullmatch(
            self.text[at:].split()[0].rstrip(")")
        ):
            return Moment(at, event=self.event())
        if _NUMBER.match(self.text, at):
            return Moment(at, elapsed=self.duration())
        raise self.fail(
            "a point in time is missing", "such as 06:00, 2 min, or an event such as cdu-1.trip"
        )
