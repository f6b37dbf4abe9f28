"""The reference model as a rule set of the engine: ``policymix.engine.ruleset`` writes and compiles its loop."""

from __future__ import annotations

import math

import numpy as np

from policymix.elementary import cos_turn, exp, log
from policymix.engine.ruleset import Rule
from policymix.engine.streams import finalise

from .spec import *

KEPT_CAPITAL = 1.0 - WEAR
LN_KEPT, LN_CAPITAL_SHARE = math.log(KEPT_CAPITAL), math.log(CAPITAL_SHARE)
LN_STAFF_PER_VALUE = math.log(LABOUR_SHARE) - math.log(WAGE)
CURVATURE = 1.0 / (1.0 - CAPITAL_SHARE)
FULLY_GROWN = 40.0
END_1, END_2, END_3, END_4, END_5, END_6, END_7 = (float(each) for each in SECTOR_ENDS[:-1])
ONE, SIXTEEN, LOW = np.uint64(1), np.uint64(16), np.uint64(0xFFFFFFFF)
BY_32, BY_11 = np.uint64(32), np.uint64(11)
GOLD, STRIDE_OF_LUCK, MODEL = np.uint64(GOLDEN), np.uint64(STEP), np.uint64(NOBODY)
COUNT = np.uint64(LUCK_OF_COUNT)


# Luck


def word_of(key, firm):
    """The random word of a firm."""
    return finalise(key + (firm + ONE) * GOLD)


def bits(word, quarter, purpose):
    """64 random bits for a quarter and purpose."""
    return finalise(word + (quarter * SIXTEEN + purpose + ONE) * STRIDE_OF_LUCK)


def uniform(word, quarter, purpose):
    """A number in [0, 1)."""
    return np.float64(bits(word, quarter, purpose) >> BY_11) * 2.0**-53


def box_muller(word):
    """A standard normal number from the two halves of a word."""
    radius = np.sqrt(-2.0 * log((np.float64(word >> BY_32) + 0.5) * 2.0**-32))
    return radius * cos_turn(np.float64(word & LOW) * 2.0**-32)


def normal(word, quarter, purpose):
    """A standard normal number."""
    return box_muller(bits(word, quarter, purpose))


def newcomers(key, quarter, entry_distribution):
    """How many firms enter: a Poisson number by bisection of its distribution."""
    u = uniform(word_of(key, MODEL), quarter, COUNT)
    low, high = 0, entry_distribution.size
    while low < high:
        middle = (low + high) // 2
        if entry_distribution[middle] < u:
            low = middle + 1
        else:
            high = middle
    return low


def feed_back(sums, peers):
    """The share of adopters in a sector becomes known."""
    for sector in range(peers.size):
        peers[sector] = sums[sector, ADOPTERS] / max(1.0, sums[sector, FIRMS])


# Look-ups


def cell_of(sector, zone, tier):
    """Number of a sector, zone and tier."""
    return (sector * ZONES + zone) * TIERS + tier


def look_up(table, position):
    """A value of a table; positions are not negative, which the mask lets the compiler know."""
    return table[int(position) & 0xFFFF]


# Production and the project without support


def productivity(ln_productivity, normal_level, intensity, digital, z):
    """Log productivity returns to its sector's level, which R&D and digital equipment raise."""
    level = normal_level + RESEARCH_GAIN * intensity + DIGITAL_GAIN * digital
    return PERSISTENCE * ln_productivity + (1.0 - PERSISTENCE) * level + SPREAD * z


def ln_value_added(ln_productivity, ln_capital, ln_staff):
    """Log output."""
    return ln_productivity + CAPITAL_SHARE * ln_capital + LABOUR_SHARE * ln_staff


def ln_capital_wanted(ln_productivity, ln_staff, ln_user_cost):
    """Log capital at which its product equals its user cost."""
    return (LN_CAPITAL_SHARE + ln_productivity + LABOUR_SHARE * ln_staff - ln_user_cost) * CURVATURE


def project_without(wanted, capital):
    """Investment that closes the gap."""
    return max(wanted - KEPT_CAPITAL * capital, 0.0)


def wage_bill(staff):
    """Wages."""
    return WAGE * staff


def product(a, b):
    """One number times another."""
    return a * b


# Clauses


def benefit(x, rate_1, rate_2, rate_3, line_1, width, line_2, cap):
    """A schedule of three brackets with a cap."""
    between = min(max(x - line_1, 0.0), width)
    return min(rate_1 * min(x, line_1) + rate_2 * between + rate_3 * max(x - line_2, 0.0), cap)


def claim(x, rate_1, rate_2, rate_3, line_1, width, line_2, cap, open_to, bit, age, oldest, project, least):
    """What a clause pays to a firm that it is open to."""
    amount = benefit(x, rate_1, rate_2, rate_3, line_1, width, line_2, cap)
    return amount if (int(open_to) & bit != 0) & (age <= oldest) & (project >= least) else 0.0


def larger(a, b):
    """The larger of two benefits."""
    return max(a, b)


def highest_only(own, before, after):
    """A benefit if it is the highest of its group, the first one on a tie."""
    return own if (own > before) & (own >= after) else 0.0


def sum_of_2(a, b):
    """Sum of two benefits."""
    return a + b


# Investment


def subsidy_rate(on_projects, project):
    """Share of a project that is paid."""
    return min(LARGEST_RATE, on_projects / max(project, 1e-30))


def cheaper(rate):
    """Log rise of wanted capital."""
    return -CURVATURE * log(1.0 - rate)


def gap_of(ln_wanted, rise, ln_capital):
    """Log gap between wanted and kept capital, 0 where none is wanted."""
    return max(0.0, ln_wanted + rise - (ln_capital + LN_KEPT))


def affordable(wanted, rise, capital, cash, value, rate):
    """The project that cash allows."""
    own = max(0.0, cash + BANKABLE * value) / (1.0 - rate)
    return min(wanted * exp(rise) - KEPT_CAPITAL * capital, own)


def invests(alive, candidate, value, gap, u_cost, capital):
    """1 if the gain exceeds the fixed cost."""
    net = 0.5 * GAIN_OF_GAP * value * gap * gap - FIXED_COST * u_cost * capital
    return alive if min(net, candidate) > 0.0 else 0.0


def spent(acts, candidate):
    """Investment."""
    return acts * max(candidate, 0.0)


def capital_after(capital, investment):
    """Capital after wear and investment."""
    return KEPT_CAPITAL * capital + investment


def paid_out(other, acts, on_projects):
    """Subsidy received."""
    return other + acts * on_projects


# Adoption, research, tier


def happens(u, score):
    """Whether an event of logistic probability comes true."""
    return u * (1.0 + exp(-score)) < 1.0


def digital_after(digital, u_adopt, on_projects, other, value, peers):
    """Digital equipment."""
    score = ADOPT_BASE + ADOPT_SUPPORT * min((on_projects + other) / value, 2.0) + ADOPT_PEERS * peers
    return 1.0 if happens(u_adopt, score) else digital


def intensity_after(intensity, usual, on_research, spending):
    """R&D intensity moves towards its sector's, which support raises."""
    target = usual * (1.0 + RESEARCH_RESPONSE * min(1.0, on_research / (spending + 1e-9)))
    return intensity + RESEARCH_SPEED * (target - intensity)


def rises(alive, capital, least_capital, intensity, least_intensity, u_rise, ln_productivity):
    """1 if the firm rises a tier."""
    score = RISE_BASE + RISE_RESEARCH * intensity + RISE_PRODUCTIVITY * ln_productivity
    able = (capital >= least_capital) & (intensity >= least_intensity)
    return alive if able & happens(u_rise, score) else 0.0


# Accounts and exit


def surplus(value, wages, spending):
    """Value added less wages and research."""
    return value - wages - spending


def cash_after(cash, operating, paid, investment, capital):
    """Cash."""
    return CASH_KEPT * cash + (1.0 - TAX) * operating + paid - investment - INTEREST * capital


def leaves(alive, u_exit, ln_staff, age, profit, value):
    """1 if the firm exits."""
    score = EXIT_BASE + EXIT_SIZE * ln_staff + EXIT_AGE * min(age, FULLY_GROWN) * (1.0 / FULLY_GROWN)
    return alive if happens(u_exit, score + EXIT_PROFIT * max(-1.0, min(1.0, profit / value))) else 0.0


def staff_after(ln_staff, ln_value):
    """Staff moves towards its share of output."""
    return exp((1.0 - STAFF_SPEED) * ln_staff + STAFF_SPEED * (LN_STAFF_PER_VALUE + ln_value))


def less(a, b):
    """One number less another."""
    return a - b


def older(age):
    """Age a quarter on."""
    return age + 1.0


# Newcomers


def sector_of(u):
    """Sector by its share of entrants."""
    low = (u >= END_1) + (u >= END_2) + (u >= END_3) + (u >= END_4)
    return np.float64(low + (u >= END_5) + (u >= END_6) + (u >= END_7))


def spread_around(level, spread, z):
    """A normal number."""
    return level + spread * z


def all_benefits(on_projects, other):
    """Benefits of a zone: those on projects at once, others for some years."""
    return on_projects + YEARS_COUNTED * other


def zone_of(u, here, there, capital):
    """1 if the newcomer settles in the zone."""
    return 1.0 if happens(u, ZONE_BASE + ZONE_SUPPORT * (there - here) / capital) else 0.0


def cash_of(capital):
    """Cash at the start."""
    return CASH_AT_START * capital


def same(x):
    """The number itself."""
    return 0.0 + x


def counted(tier, survives, which):
    """1 for a survivor of one tier."""
    return survives * np.float64(tier == which)


# The rule set

GROUP, GROUPS = "sector", SECTORS
WORDS = ()
AMOUNTS = ("rate_1", "rate_2", "rate_3", "line_1", "width", "line_2", "cap", "oldest", "least")
PARAMETERS = ("ln_user_cost", *(f"{name}_{c}" for c in range(CLAUSES) for name in AMOUNTS))
TABLES = ("normal", "usual", "peers", "least_capital", "least_intensity", "open_to", "entry_distribution")
BASES = ("project", "wages", "spending")
ON = [int(clause[F["base"]]) for clause in BASE_MIX]
GROUP_OF = [int(clause[F["group"]]) for clause in BASE_MIX]


def _claims(bases: tuple[str, str, str], open_to: str, age: str | float) -> tuple[Rule, ...]:
    """What every clause would pay by itself."""
    return tuple(
        Rule(
            f"claim_{c}",
            claim,
            (
                bases[ON[c]],
                *(f"{name}_{c}" for name in AMOUNTS[:7]),
                open_to,
                1 << c,
                age,
                f"oldest_{c}",
                bases[0],
                f"least_{c}",
            ),
        )
        for c in range(CLAUSES)
    )


def _best_of(names: list[str], gives: str) -> tuple[list[Rule], str | float]:
    """Rules for the highest of some benefits, and where it is found."""
    if len(names) < 2:
        return [], names[0] if names else -1.0
    first = Rule(gives, larger, (names[0], names[1]))
    return [first, *(Rule(gives, larger, (gives, name)) for name in names[2:])], gives


def _stacked() -> tuple[Rule, ...]:
    """Of an exclusive group only the highest claim counts; the rest add up."""
    rules = []
    for c in range(CLAUSES):
        group = [d for d in range(CLAUSES) if GROUP_OF[d] == GROUP_OF[c] >= 0]
        if not group:
            rules.append(Rule(f"benefit_{c}", same, (f"claim_{c}",)))
            continue
        before, low = _best_of([f"claim_{d}" for d in group if d < c], "best_before")
        after, high = _best_of([f"claim_{d}" for d in group if d > c], "best_after")
        rules += [*before, *after, Rule(f"benefit_{c}", highest_only, (f"claim_{c}", low, high))]
    return tuple(rules)


def _sums() -> tuple[Rule, ...]:
    """Benefits on projects, on wages and research, and on research alone."""
    rules = []
    for gives, kinds in (("on_projects", {0}), ("on_research", {2}), ("other", {1})):
        first, second, *more = [f"benefit_{c}" for c in range(CLAUSES) if ON[c] in kinds]
        rules += [Rule(gives, sum_of_2, (first, second)), *(Rule(gives, sum_of_2, (gives, each)) for each in more)]
    return (*rules, Rule("other", sum_of_2, ("other", "on_research")))


def _luck(gives: str, function, purpose: int) -> Rule:
    return Rule(gives, function, ("word", "quarter", np.uint64(purpose)))


LUCK = (
    Rule("word", word_of),
    _luck("z", normal, LUCK_OF_GROWTH),
    _luck("u_cost", uniform, LUCK_OF_COST),
    _luck("u_adopt", uniform, LUCK_OF_ADOPTION),
    _luck("u_rise", uniform, LUCK_OF_RISE),
    _luck("u_exit", uniform, LUCK_OF_EXIT),
)
LOOK_UPS = (
    Rule("normal_level", look_up, ("normal", "sector")),
    Rule("usual_intensity", look_up, ("usual", "sector")),
    Rule("adopting", look_up, ("peers", "sector")),
    Rule("capital_asked", look_up, ("least_capital", "tier")),
    Rule("intensity_asked", look_up, ("least_intensity", "tier")),
    Rule("cell", cell_of),
    Rule("open_bits", look_up, ("open_to", "cell")),
)
PLAN = (
    Rule("ln_productivity", productivity),
    Rule("ln_capital", log, ("capital",)),
    Rule("ln_staff", log, ("staff",)),
    Rule("ln_value", ln_value_added, ("ln_productivity", "ln_capital", "ln_staff")),
    Rule("ln_wanted", ln_capital_wanted),
    Rule("value", exp, ("ln_value",)),
    Rule("wanted", exp, ("ln_wanted",)),
    Rule("project", project_without),
    Rule("wages", wage_bill),
    Rule("spending", product, ("intensity", "value")),
)
INVEST = (
    Rule("rate", subsidy_rate),
    Rule("rise", cheaper),
    Rule("gap", gap_of),
    Rule("candidate", affordable),
    Rule("acts", invests),
    Rule("investment", spent),
    Rule("capital", capital_after),
    Rule("paid", paid_out),
)
ADOPT_AND_RISE = (
    Rule("digital", digital_after, ("digital", "u_adopt", "on_projects", "other", "value", "adopting")),
    Rule("intensity", intensity_after, ("intensity", "usual_intensity", "on_research", "spending")),
    Rule(
        "promoted",
        rises,
        ("alive", "capital", "capital_asked", "intensity", "intensity_asked", "u_rise", "ln_productivity"),
    ),
    Rule("tier", sum_of_2, ("tier", "promoted")),
)
SETTLE = (
    Rule("operating", surplus),
    Rule("profit", sum_of_2, ("operating", "paid")),
    Rule("cash", cash_after),
    Rule("exits", leaves),
    Rule("staff", staff_after),
    Rule("firms", same, ("alive",)),
    Rule("alive", less, ("alive", "exits")),
    Rule("age", older),
)
STAGES = (
    LUCK,
    LOOK_UPS,
    PLAN,
    _claims(BASES, "open_bits", "age"),
    (*_stacked(), *_sums()),
    INVEST,
    ADOPT_AND_RISE,
    SETTLE,
)
OUTPUTS = (
    Rule("investment", same, ("investment",)),
    Rule("value_added", product, ("firms", "value")),
    Rule("staff", product, ("alive", "staff")),
    Rule("capital", product, ("alive", "capital")),
    Rule("firms", same, ("alive",)),
    Rule("paid", product, ("firms", "paid")),
    Rule("adopters", product, ("alive", "digital")),
    Rule("research", product, ("firms", "spending")),
    Rule("exits", same, ("exits",)),
    Rule("promotions", same, ("promoted",)),
    Rule("profit", product, ("firms", "profit")),
    *(Rule(f"tier_{m}", counted, ("tier", "alive", float(m))) for m in range(TIERS)),
    *(Rule(f"clause_{c}", product, ("firms" if ON[c] else "acts", f"benefit_{c}")) for c in range(CLAUSES)),
)
FIRMS, ADOPTERS = ([rule.gives for rule in OUTPUTS].index(name) for name in ("firms", "adopters"))


def _benefits(zone: int) -> tuple[Rule, ...]:
    """What a zone would pay to a newcomer."""
    return (
        *_claims(("capital", "wages", "spending"), f"open_bits_{zone}", 0.0),
        *_stacked(),
        *_sums(),
        Rule(f"benefits_{zone}", all_benefits, ("on_projects", "other")),
    )


ENTRY = (
    (
        Rule("word", word_of),
        _luck("u_sector", uniform, LUCK_OF_SECTOR),
        _luck("u_zone", uniform, LUCK_OF_ZONE),
        _luck("z", normal, LUCK_OF_PRODUCTIVITY),
        _luck("z_capital", normal, LUCK_OF_CAPITAL),
        _luck("z_staff", normal, LUCK_OF_STAFF),
        Rule("sector", sector_of, ("u_sector",)),
        Rule("ln_capital", spread_around, (ENTRANT_CAPITAL, ENTRANT_CAPITAL_SPREAD, "z_capital")),
        Rule("ln_staff", spread_around, (ENTRANT_STAFF, ENTRANT_STAFF_SPREAD, "z_staff")),
        Rule("capital", exp, ("ln_capital",)),
        Rule("staff", exp, ("ln_staff",)),
    ),
    (
        Rule("normal_level", look_up, ("normal", "sector")),
        Rule("intensity", look_up, ("usual", "sector")),
        Rule("cell", cell_of, ("sector", 0.0, 0.0)),
        Rule("open_bits_0", look_up, ("open_to", "cell")),
        Rule("cell", cell_of, ("sector", 1.0, 0.0)),
        Rule("open_bits_1", look_up, ("open_to", "cell")),
    ),
    (
        Rule("ln_productivity", spread_around, ("normal_level", ENTRANT_SPREAD, "z")),
        Rule("ln_value", ln_value_added, ("ln_productivity", "ln_capital", "ln_staff")),
        Rule("value", exp, ("ln_value",)),
        Rule("wages", wage_bill),
        Rule("spending", product, ("intensity", "value")),
    ),
    _benefits(0),
    _benefits(1),
    (
        Rule("zone", zone_of, ("u_zone", "benefits_0", "benefits_1", "capital")),
        Rule("cash", cash_of),
        *(Rule(name, same, (0.0,)) for name in ("age", "tier", "digital")),
        Rule("alive", same, (1.0,)),
    ),
)
ENTRY_OUTPUTS = (Rule("entries", same, ("alive",)),)
