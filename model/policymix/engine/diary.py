"""A firm's diary: what it saw in a quarter, what it could claim, what it chose and why: data that reads as text.

Filled by ``diarist`` while the Mesa view runs. Money of decisions is CNY at constant prices, as firms reckon; money of
offers' clauses and claims is nominal, as texts count. ``dataclasses.asdict`` gives it as plain tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNAWARE = "unaware"
"""Status of a clause whose package the holder does not know."""


@dataclass(frozen=True)
class Layer:
    """One layer of an offer: ``rate`` of every yuan up to ``end`` (CNY of project or research; None without end)."""

    rate: float
    end: float | None


@dataclass(frozen=True)
class Seen:
    """What the firm saw.

    Attributes
    ----------
    known, unknown : packages that pay and that it knows, and others that are announced and that it does not know
    project, research : layers of support for its next project and its R&D under the packages it knows
    rent : CNY a m2 and month in its place, nominal
    wage : CNY a year and head in its industry and place
    adopters : share of its industry's firms with digital equipment of their own, last quarter
    """

    known: tuple[str, ...]
    unknown: tuple[str, ...]
    project: tuple[Layer, ...]
    research: tuple[Layer, ...]
    rent: float
    wage: float
    adopters: float


@dataclass(frozen=True)
class Plan:
    """What the firm chose, and the numbers that decided.

    Attributes
    ----------
    capital, capital_wanted : CNY, before the quarter and wanted without support
    without_support, wanted : CNY of project that is best without and with the support it would apply for
    benefit, hassle : CNY that the project's offers would pay, and the cost of applying
    readiness, applying : its lasting uniform against the probability of applying: it would apply below it
    gap, rate, push : log gap of capital, rate a year at which such a gap is closed, and extra rate before an expiry
    uniform, probability : its number of the quarter against the probability of acting
    waits : whether it puts its project off until an announced support begins
    building : quarters that a project under way still takes; a firm that builds starts no other
    funds, allowed : CNY of own funds and credit, and the project that they carry
    started : whether a project (or a sale) starts, and of how much, CNY
    spent, maintained : CNY of investment in the quarter, and whether wear was replaced
    real_rd, reported_rd : CNY a year
    research_support : marginal rate of support on reported R&D that survives the claim funnel
    adopts, adoption_rate, adoption_uniform : own digital equipment: the choice, its rate a year, its uniform
    bought : share of the budget for digital services bought outside
    """

    capital: float
    capital_wanted: float
    without_support: float
    wanted: float
    benefit: float
    hassle: float
    readiness: float
    applying: float
    gap: float
    rate: float
    push: float
    uniform: float
    probability: float
    waits: bool
    building: float
    funds: float
    allowed: float
    started: float
    spent: float
    maintained: bool
    real_rd: float
    reported_rd: float
    research_support: float
    adopts: bool
    adoption_rate: float
    adoption_uniform: float
    bought: float


@dataclass(frozen=True)
class Verdict:
    """What one clause says to a claim: CNY it would pay (nominal, all periods), and why, in the calculator's words."""

    clause: str
    status: str
    amount: float
    why: str
    why_zh: str


@dataclass(frozen=True)
class Made:
    """An event of the firm that clauses were held against.

    Attributes
    ----------
    kind : claim kind
    facts : facts of the claim as the clauses see them, by name
    benefit, hassle : CNY that all clauses together would pay (nominal), and the cost of applying (constant prices)
    readiness, applying : lasting uniform against the probability of applying
    applied, approved : what came of it
    lottery, approval : uniform of the quarter against the probability of approval
    verdicts : every clause of the kind
    """

    kind: str
    facts: dict[str, str]
    benefit: float
    hassle: float
    readiness: float
    applying: float
    applied: bool
    approved: bool
    lottery: float
    approval: float
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Money:
    """What became of an approved claim: ``granted`` (of what was ``asked``), ``paid``, ``cancelled``, ``recovered``.

    CNY, nominal.
    """

    clause: str
    what: str
    amount: float
    asked: float


@dataclass(frozen=True)
class Entry:
    """One quarter of one firm.

    ``saw`` and ``chose`` are None in the quarter in which it ``arrived``, and when it had left but was still granted
    something. ``left`` says that it left the market in the quarter, ``moved_to`` the place it moved to ("" if it
    stayed), ``rungs`` what it holds at the end of the quarter, ``gained`` and ``lost`` what changed.
    """

    date: str
    firm: int
    industry: str
    place: str
    age: float
    staff: float
    revenue: float
    profit: float
    saw: Seen | None
    chose: Plan | None
    claims: tuple[Made, ...] = field(default=())
    money: tuple[Money, ...] = field(default=())
    rungs: tuple[str, ...] = field(default=())
    gained: tuple[str, ...] = field(default=())
    lost: tuple[str, ...] = field(default=())
    arrived: bool = False
    left: bool = False
    moved_to: str = ""

    def __str__(self) -> str:
        """The quarter as sentences, a subject a line."""
        lines = _standing(self)
        lines += (
            _sights(self.saw)
            if self.saw
            else [f"It came to {self.place}." if self.arrived else "It had left the market."]
        )
        lines += [*_project(self.chose), *_research(self.chose)] if self.chose else []
        lines += [line for made in self.claims for line in _claim(made)]
        lines += [_paid(each) for each in self.money]
        lines += [f"It was recognised as {', '.join(self.gained)}."] if self.gained else []
        lines += [f"It lost its standing as {', '.join(self.lost)}."] if self.lost else []
        lines += [f"It moved to {self.moved_to}."] if self.moved_to else []
        lines += ["It left the market."] if self.left else []
        return "\n".join(
            f"{self.date}  {line}" if number == 0 else f"        {line}" for number, line in enumerate(lines)
        )


def text(entries: tuple[Entry, ...]) -> str:
    """A whole diary as text, quarters apart by a blank line."""
    return "\n\n".join(str(entry) for entry in entries)


def yuan(amount: float) -> str:
    """CNY with separators."""
    return f"{amount:,.0f} CNY"


def _standing(entry: Entry) -> list[str]:
    rungs = f", {', '.join(entry.rungs)}" if entry.rungs else ""
    return [
        f"Firm {entry.firm}, {entry.industry} in {entry.place}, {entry.age:.2f} years old{rungs}: "
        f"{entry.staff:.1f} staff, revenue of {yuan(entry.revenue)} and profit of {yuan(entry.profit)} a year."
    ]


def _sights(saw: Seen) -> list[str]:
    known = f"It knew {', '.join(saw.known)}" if saw.known else "It knew no package"
    unknown = f", not {', '.join(saw.unknown)}" if saw.unknown else ""
    lines = [f"{known}{unknown}."]
    for what, layers in (("its project", saw.project), ("its R&D", saw.research)):
        if layers:
            lines.append(f"Offered for {what}: {' and '.join(_layer(layer) for layer in layers)}.")
    lines.append(
        f"Rent was {saw.rent:.1f} CNY a m2 and month, a wage {yuan(saw.wage)} a year; "
        f"{saw.adopters:.1%} of its industry had digital equipment of their own."
    )
    return lines


def _layer(layer: Layer) -> str:
    end = "without end" if layer.end is None else f"up to {yuan(layer.end)}"
    return f"{layer.rate:.1%} {end}"


def _project(plan: Plan) -> list[str]:
    lines = [f"It had capital of {yuan(plan.capital)} and wanted {yuan(plan.capital_wanted)}."]
    if plan.benefit > 0.0:
        would = "would apply" if plan.readiness < plan.applying else "would not apply"
        lines.append(
            f"The offers would pay its project {yuan(plan.benefit)} against {yuan(plan.hassle)} of hassle: it {would} "
            f"({_against(plan.readiness, plan.applying)}). Its best project went from {yuan(plan.without_support)} to "
            f"{yuan(plan.wanted)}."
        )
    lines.append(f"Gap {plan.gap:+.3f} in logs, acted on at {plan.rate:.3f} a year{_pushed(plan.push)}: {_acted(plan)}")
    lines.append(f"It invested {yuan(plan.spent)} in the quarter{' and replaced its wear' if plan.maintained else ''}.")
    return lines


def _pushed(push: float) -> str:
    return f", {push:.3f} more before the support ends" if push > 0.0 else ""


def _acted(plan: Plan) -> str:
    odds = _against(plan.uniform, plan.probability)
    if plan.started < 0.0:
        return f"it sold {yuan(-plan.started)} ({odds})."
    if plan.started > 0.0:
        bound = f", bound by funds of {yuan(plan.funds)}" if plan.allowed < plan.wanted else ""
        return f"it started a project of {yuan(plan.started)}{bound} ({odds})."
    if plan.building > 0.5:
        return f"no new project while one is built, {plan.building:.0f} more quarters."
    if plan.waits:
        return "it put its project off until an announced support begins."
    if plan.uniform < plan.probability:
        return f"it would have acted ({odds}), but funds of {yuan(plan.funds)} carried too little of a project."
    return f"it waited ({odds})."


def _research(plan: Plan) -> list[str]:
    helped = f", supported at {plan.research_support:.1%} at the margin" if plan.research_support > 0.0 else ""
    lines = []
    if plan.reported_rd > 0.0:
        lines.append(f"Real R&D of {yuan(plan.real_rd)} a year, reported {yuan(plan.reported_rd)}{helped}.")
    if plan.adopts:
        lines.append(
            f"It put in digital equipment of its own (rate {plan.adoption_rate:.3f} a year, uniform "
            f"{plan.adoption_uniform:.3f}) and bought {plan.bought:.0%} of its services outside."
        )
    return lines


def _claim(made: Made) -> list[str]:
    paying = [verdict for verdict in made.verdicts if verdict.amount > 0.0]
    unknown = [verdict.clause for verdict in made.verdicts if verdict.status == UNAWARE]
    others = [verdict for verdict in made.verdicts if verdict.amount <= 0.0 and verdict.status != UNAWARE]
    lines = [f"Its {made.kind} could claim {yuan(made.benefit)}; {_funnel(made)}."]
    lines += [f"  {verdict.clause}: {verdict.why}" for verdict in paying]
    lines += [f"  not {verdict.clause}: {verdict.why}" for verdict in others]
    return lines + ([f"  not known to it: {', '.join(unknown)}"] if unknown else [])


def _funnel(made: Made) -> str:
    if made.benefit <= 0.0:
        return "no clause would pay"
    odds = _against(made.readiness, made.applying)
    if not made.applied:
        return f"that was not worth {yuan(made.hassle)} of hassle ({odds})"
    outcome = "approved" if made.approved else "refused"
    return f"it applied ({odds}) and was {outcome} ({_against(made.lottery, made.approval)})"


def _paid(money: Money) -> str:
    cut = f" of {yuan(money.asked)} asked" if money.what == "granted" and money.amount < money.asked - 0.005 else ""
    return f"{money.clause}: {yuan(money.amount)} {money.what}{cut}."


def _against(uniform: float, probability: float) -> str:
    """A number against a probability: the choice is made below it."""
    return f"{uniform:.3f} {'<' if uniform < probability else '>='} {probability:.3f}"
