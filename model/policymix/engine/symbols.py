"""Names of everything that the loop addresses by position: firm columns, scratch rows, parameters, tables, outcomes."""

from __future__ import annotations

GENERAL = True
"""Whether the loop is written for every package; False leaves out what no package of a run needs (``loop.module``)."""

BLOCK = 128
"""Firms taken through the stages together."""

STRIDE = BLOCK + 8
"""Numbers from one row of the scratch buffer to the next: no multiple of a page, so that rows do not get in
each other's way."""

LAYERS = 3
"""Layers of a flattening schedule of support: rates that end one after another."""

OFFER_RATE, OFFER_SOON, OFFER_END = 3 * LAYERS, 4 * LAYERS, 5 * LAYERS
"""What a row of a quarter's offers says by layer: rate, part that comes with the purchase, end; before them the early
knowledge that a firm must have to see it, off the ladder, on it, and as a newcomer."""
OFFER_NUMBERS = 6 * LAYERS

STEPS = ("technology_sme", "high_tech_enterprise", "chick_eagle", "gazelle", "unicorn", "leading")
SME, HTE, EAGLE, GAZELLE, UNICORN, LEADING = range(6)

PROJECT_TYPES = (
    "digital_infrastructure",
    "application_demonstration",
    "industrial_internet",
    "smart_upgrading",
    "public_service_platform",
    "other",
)

COLUMNS = (
    # money, CNY: 64 bits
    "capital",  # K
    "funds",  # A
    "build",  # a quarter of the project under way
    "revenue_now",  # so far this calendar year
    "reported_now",  # of reported R&D so far this calendar year; begun anew in its first quarter
    "sum_investment",  # since the fork
    "sum_research",
    "sum_value",
    "revenue_1",  # last year; only the last quarter of a year changes it
    # logs, shares, heads and what is only compared: 32 bits
    "ln_size",  # log of demand state S, CNY of value added a year
    "research",  # log of real R&D intensity against the normal one
    "knowledge",  # log of the stock of real R&D against the normal one
    "reported",  # log of reported R&D intensity against the normal one
    "bought_digital",  # share of the service budget bought outside
    "jobs",  # staff at the end of the quarter
    "luck",  # sum of idiosyncratic log growth since the fork
    "age",  # quarters
    "revenue_2",  # CNY two and three years ago; only the last quarter of a year reads and changes them
    "revenue_3",
    "account",  # row of the claimants' table, -1 without claims; no stage reads or changes it
    # small whole numbers: 8 bits
    "alive",  # 1 or 0
    "own_digital",  # 1 with digital equipment of its own
    "build_left",  # quarters of the project still to come
    "relief_end",  # quarters until rent relief ends, -1 without
    "steps",  # bit mask of rungs held; only the last quarter of a year changes it and the next
    "ever",  # bit mask of rungs ever recognised
    "industry",
    "place",
    # address of its luck: below 2**31 an incumbent, else the pool's (quarter, number)
    "firm",
)
"""What every firm has between quarters, by the table that holds it (``columns.Firms``)."""
(CAPITAL, FUNDS, BUILD, REVENUE_NOW, REPORTED_NOW, SUM_INVESTMENT, SUM_RESEARCH, SUM_VALUE, REVENUE_1,
 LN_SIZE, RESEARCH, KNOWLEDGE, REPORTED, BOUGHT_DIGITAL, JOBS, LUCK, AGE, REVENUE_2, REVENUE_3, ACCOUNT,
 ALIVE, OWN_DIGITAL, BUILD_LEFT, RELIEF_END, STEPS_HELD, EVER, INDUSTRY, PLACE, FIRM) = range(29)  # fmt: skip
MONEY, SINGLE, SMALL, ADDRESS = CAPITAL, LN_SIZE, ALIVE, FIRM
"""First column of each table."""
COLUMN_COUNT = len(COLUMNS)

DRAWN = (
    "u_aware",  # early knowledge
    "u_able",  # readiness to apply, ability to hold back revenue
    "variance",  # V of this calendar year
)
"""What luck gives a firm for good or for a year: drawn from its address whenever it is needed, never stored."""
U_AWARE, U_ABLE, VARIANCE = range(COLUMN_COUNT, COLUMN_COUNT + len(DRAWN))
FIRM_ROWS = COLUMN_COUNT + len(DRAWN)

CELL_VALUES = (
    "drift",  # log growth of S a year
    "ln_median",
    "capital_output",
    "cost_share",
    "ln_cost_ratio",
    "staff_per_value",
    "annual_wage",  # CNY, place's wage included
    "ln_wage",
    "other_share",
    "depreciation",
    "research_share",  # of value added
    "value_ratio",  # value added over revenue
    "factor",  # effective demand over S
    "adopters",  # share of peers with equipment of their own
    "services_wanted",
    "technology",  # 1 in industries that the ladder is open to
    "hassle",  # CNY, cost of applying
    "ln_common",  # log of the typical size over all industries, on which the spread of growth depends
    # what no stage needs for every firm
    "reference_cost",
    "core",
    "local_share",  # d, share of sales within the city
)
(C_DRIFT, C_LN_MEDIAN, C_CAPITAL_OUTPUT, C_COST_SHARE, C_LN_COST_RATIO, C_STAFF, C_WAGE, C_LN_WAGE,
 C_OTHER, C_DEPRECIATION, C_RESEARCH, C_VALUE_RATIO, C_FACTOR, C_ADOPTERS, C_SERVICES,
 C_TECHNOLOGY, C_HASSLE, C_LN_COMMON, C_REFERENCE_COST, C_CORE, C_LOCAL) = range(21)  # fmt: skip
CELL_COUNT = len(CELL_VALUES)
LOOKED_UP = C_REFERENCE_COST
"""Values of industry and place that every firm of a block gets."""

WORK = (
    "z", "u_adjust", "u_maintain", "u_exit", "u_adopt",
    "size", "ratio", "value", "revenue", "profit_year", "cash", "gap", "exit_base", "first_pays", "wanted", "project",
    "start", "spend", "research_yuan", "reported_yuan", "exits", "bound", "rd_applies", "rd_rate",
    "adopts", "u_relocate", "status", "push", "u_type", "own_research", "real_share", "over", "kept_share",
    "wait", "free_reported", "u_renew", "event", "meets", "gained", "ln_capital",
    "hazard", "stretch_rate", "offer", "standing",
)  # fmt: skip
_FIRST_WORK = FIRM_ROWS + LOOKED_UP
(W_Z, W_U_ADJUST, W_U_MAINTAIN, W_U_EXIT, W_U_ADOPT,
 W_SIZE, W_RATIO, W_VALUE, W_REVENUE, W_PROFIT, W_CASH, W_GAP, W_EXIT_BASE, W_FIRST_PAYS, W_WANTED,
 W_PROJECT, W_START, W_SPEND, W_RESEARCH, W_REPORTED, W_EXITS, W_BOUND, W_RD_APPLIES, W_RD_RATE,
 W_ADOPTS, W_U_RELOCATE, W_STATUS, W_PUSH, W_U_TYPE, W_OWN_RESEARCH, W_REAL_SHARE, W_OVER,
 W_KEPT, W_WAIT, W_FREE, W_U_RENEW, W_EVENT, W_MEETS, W_GAINED, W_LN_CAPITAL,
 W_HAZARD, W_STRETCH_RATE, W_OFFER, W_STANDING) = range(_FIRST_WORK, _FIRST_WORK + len(WORK))  # fmt: skip
W_LAYER_RATE = _FIRST_WORK + len(WORK)
W_LAYER_END = W_LAYER_RATE + LAYERS
W_LAYER_SOON = W_LAYER_END + LAYERS
W_RD_LAYER_RATE = W_LAYER_SOON + LAYERS
W_RD_LAYER_END = W_RD_LAYER_RATE + LAYERS
ROWS = W_RD_LAYER_END + LAYERS
CELL_ROW = FIRM_ROWS
"""First scratch row of the values looked up by industry and place."""

PARAMETERS = (
    "size_spread", "size_slope", "entrant_deviation", "entrant_tail", "entrant_cap", "exit_first", "exit_second",
    "exit_third", "exit_middle", "exit_late", "exit_size_elasticity", "exit_cash_threshold", "exit_cash_weight",
    "exit_relief_bump", "capital_elasticity", "fixed_cost", "resale_wedge", "maintenance_top", "smallest_purchase",
    "build_quarters", "temporary_weight", "bankable_share", "funds_ceiling", "grant_with_purchase", "jobs_exponent",
    "wage_elasticity", "other_cost_share", "tax_ease", "margin", "standard_tax_rate", "small_firm_tax_rate",
    "small_firm_profit_line", "high_tech_tax_rate", "super_deduction", "research_elasticity", "research_speed",
    "relabel_convexity", "research_depreciation", "research_reward", "adoption_innovation", "adoption_imitation",
    "adoption_response", "adoption_gain", "services_ceiling", "services_speed", "services_substitution",
    "services_local_share", "services_budget", "aware_first", "aware_first_ladder", "aware_first_newcomer",
    "eligible_share", "aware_innovation", "aware_imitation", "outreach", "hassle_cost", "hassle_slope", "approval",
    "approval_lag_quarters", "grant_discount", "city_scale", "zone_scale", "founder_base", "mobile_share",
    "mobile_size", "value_annuity", "relocation_rate", "paper_cost", "paper_share", "lease_renewal",
    "entrant_sme_share", "entrant_hte_share", "entrant_eagle_share", "mobile_gazelle_share",
    "mobile_headquarters_share", "contest_team_share", "major_project", "major_research", "core_technology_share",
    "national_grant_rate", "national_grant_size", "talent_pay_share", "sme_rate", "hte_rate", "eagle_rate",
    "gazelle_rate", "unicorn_rate", "leading_rate", "sme_intensity", "intensity_small", "intensity_middle",
    "intensity_large", "eagle_growth", "gazelle_growth", "unicorn_line", "unicorn_multiple", "leading_line",
    "intensity_deviation", "agglomeration", "wage_response", "rent_share", "wage_share_location", "price_speed",
    "opportunity_realised", "opportunity_additional", "opportunity_local",
    "shift_able_share", "shift_reported_share", "largest_rate", "least_project", "least_capital", "least_own_share",
    "least_research_cost", "largest_spread", "largest_exit", "lease_months", "mobile_move_in_share", "notch_reach",
    "national_grant_spread", "crowding_cap", "adopted_at_start", "initial_funds_share", "initial_services_share",
    "record_age", "sme_most_revenue", "sme_most_staff", "intensity_line_low", "intensity_line_high", "hte_least_age",
    "eagle_least_age", "eagle_most_age", "eagle_least_revenue", "eagle_most_revenue", "gazelle_least_age",
    "gazelle_most_age", "gazelle_least_revenue", "unicorn_most_age", "reference_super_deduction", "research_price",
    "status_cost", "status_cost_spread", "status_able_share", "funds_deviation",
)  # fmt: skip
(
    P_SIZE_SPREAD, P_SIZE_SLOPE, P_ENTRANT_DEVIATION, P_ENTRANT_TAIL, P_ENTRANT_CAP, P_EXIT_FIRST, P_EXIT_SECOND,
    P_EXIT_THIRD, P_EXIT_MIDDLE, P_EXIT_LATE, P_EXIT_SIZE_ELASTICITY, P_EXIT_CASH_THRESHOLD, P_EXIT_CASH_WEIGHT,
    P_EXIT_RELIEF_BUMP, P_CAPITAL_ELASTICITY, P_FIXED_COST, P_RESALE_WEDGE, P_MAINTENANCE_TOP, P_SMALLEST_PURCHASE,
    P_BUILD_QUARTERS, P_TEMPORARY_WEIGHT, P_BANKABLE_SHARE, P_FUNDS_CEILING, P_GRANT_WITH_PURCHASE, P_JOBS_EXPONENT,
    P_WAGE_ELASTICITY, P_OTHER_COST_SHARE, P_TAX_EASE, P_MARGIN, P_STANDARD_TAX_RATE, P_SMALL_FIRM_TAX_RATE,
    P_SMALL_FIRM_PROFIT_LINE, P_HIGH_TECH_TAX_RATE, P_SUPER_DEDUCTION, P_RESEARCH_ELASTICITY, P_RESEARCH_SPEED,
    P_RELABEL_CONVEXITY, P_RESEARCH_DEPRECIATION, P_RESEARCH_REWARD, P_ADOPTION_INNOVATION, P_ADOPTION_IMITATION,
    P_ADOPTION_RESPONSE, P_ADOPTION_GAIN, P_SERVICES_CEILING, P_SERVICES_SPEED, P_SERVICES_SUBSTITUTION,
    P_SERVICES_LOCAL_SHARE, P_SERVICES_BUDGET, P_AWARE_FIRST, P_AWARE_FIRST_LADDER, P_AWARE_FIRST_NEWCOMER,
    P_ELIGIBLE_SHARE, P_AWARE_INNOVATION, P_AWARE_IMITATION, P_OUTREACH, P_HASSLE_COST, P_HASSLE_SLOPE, P_APPROVAL,
    P_APPROVAL_LAG_QUARTERS, P_GRANT_DISCOUNT, P_CITY_SCALE, P_ZONE_SCALE, P_FOUNDER_BASE, P_MOBILE_SHARE,
    P_MOBILE_SIZE, P_VALUE_ANNUITY, P_RELOCATION_RATE, P_PAPER_COST, P_PAPER_SHARE, P_LEASE_RENEWAL,
    P_ENTRANT_SME_SHARE, P_ENTRANT_HTE_SHARE, P_ENTRANT_EAGLE_SHARE, P_MOBILE_GAZELLE_SHARE,
    P_MOBILE_HEADQUARTERS_SHARE, P_CONTEST_TEAM_SHARE, P_MAJOR_PROJECT, P_MAJOR_RESEARCH, P_CORE_TECHNOLOGY_SHARE,
    P_NATIONAL_GRANT_RATE, P_NATIONAL_GRANT_SIZE, P_TALENT_PAY_SHARE, P_SME_RATE, P_HTE_RATE, P_EAGLE_RATE,
    P_GAZELLE_RATE, P_UNICORN_RATE, P_LEADING_RATE, P_SME_INTENSITY, P_INTENSITY_SMALL, P_INTENSITY_MIDDLE,
    P_INTENSITY_LARGE, P_EAGLE_GROWTH, P_GAZELLE_GROWTH, P_UNICORN_LINE, P_UNICORN_MULTIPLE, P_LEADING_LINE,
    P_INTENSITY_DEVIATION, P_AGGLOMERATION, P_WAGE_RESPONSE, P_RENT_SHARE, P_WAGE_SHARE_LOCATION, P_PRICE_SPEED,
    P_OPPORTUNITY_REALISED, P_OPPORTUNITY_ADDITIONAL, P_OPPORTUNITY_LOCAL,
    P_SHIFT_ABLE_SHARE, P_SHIFT_REPORTED_SHARE, P_LARGEST_RATE, P_LEAST_PROJECT, P_LEAST_CAPITAL, P_LEAST_OWN_SHARE,
    P_LEAST_RESEARCH_COST, P_LARGEST_SPREAD, P_LARGEST_EXIT, P_LEASE_MONTHS, P_MOBILE_MOVE_IN_SHARE, P_NOTCH_REACH,
    P_NATIONAL_GRANT_SPREAD, P_CROWDING_CAP, P_ADOPTED_AT_START, P_INITIAL_FUNDS_SHARE, P_INITIAL_SERVICES_SHARE,
    P_RECORD_AGE, P_SME_MOST_REVENUE, P_SME_MOST_STAFF, P_INTENSITY_LINE_LOW, P_INTENSITY_LINE_HIGH, P_HTE_LEAST_AGE,
    P_EAGLE_LEAST_AGE, P_EAGLE_MOST_AGE, P_EAGLE_LEAST_REVENUE, P_EAGLE_MOST_REVENUE, P_GAZELLE_LEAST_AGE,
    P_GAZELLE_MOST_AGE, P_GAZELLE_LEAST_REVENUE, P_UNICORN_MOST_AGE, P_REFERENCE_SUPER_DEDUCTION, P_RESEARCH_PRICE,
    P_STATUS_COST, P_STATUS_COST_SPREAD, P_STATUS_ABLE_SHARE, P_FUNDS_DEVIATION,
) = range(len(PARAMETERS))  # fmt: skip

NOMINAL = (
    "small_firm_profit_line", "major_project", "major_research", "unicorn_line", "leading_line", "sme_most_revenue",
    "intensity_line_low", "intensity_line_high", "eagle_least_revenue", "eagle_most_revenue", "gazelle_least_revenue",
)  # fmt: skip
"""Parameters that a text fixes in money of the day: firms, who reckon at constant prices, see them deflated."""
