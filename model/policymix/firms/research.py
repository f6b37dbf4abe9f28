"""Real and reported research and development: two accounts.

Real R&D moves slowly towards a target set by its user cost. Reported R&D also holds what a firm relabels, a share 1 /
(1 + eps kappa) of the induced rise (docs/ECONOMICS.md b3; A51-A53). Knowledge is the stock of real R&D and raises the
demand state. Logs are relative to the industry's normal intensity, so 0 is the normal firm.
"""

from __future__ import annotations

from ..elementary import exp, log


def own_log(deviation, z):
    """Log of a firm's lasting R&D intensity against its industry's, d z - d^2 / 2: the mean over firms is 1.

    Firms of one industry differ lastingly (docs/ECONOMICS.md 9: lognormal, log sd 0.8).

    Parameters
    ----------
    deviation, z : float
        d (``intensity_deviation``), and the firm's lasting standard normal number.

    Returns
    -------
    float
        Log.
    """
    return deviation * z - 0.5 * deviation * deviation


def ln_cost(tax, super_deduction, grant, price, least):
    """Log of the user cost of R&D, c = p (1 - t (1 + s_t) - g) / (1 - t) (docs/ECONOMICS.md 9; B55).

    At a super-deduction of 100 % the cost is 0.667 at a tax rate of 25 % and 0.824 at 15 %: high-tech status makes more
    R&D dearer.

    Parameters
    ----------
    tax : float
        t, the firm's rate of income tax.
    super_deduction : float
        s_t, extra deduction: 0.75 before 2023, 1.0 after.
    grant : float
        g, marginal local support of reported R&D that survives the claim funnel.
    price, least : float
        p (``research_price``), and the least numerator (``least_research_cost``).

    Returns
    -------
    float
        Log.
    """
    return log(price * max(least, 1.0 - tax * (1.0 + super_deduction) - grant) / (1.0 - tax))


def relabelled_share(elasticity, convexity):
    """Share of an induced rise in reported R&D that is relabelled, 1 / (1 + eps kappa): 0.20-0.45 (A51, A53).

    The cheapest split of a gap G = e + d minimises e^2 / (2 eps) + kappa d^2 / 2 (docs/ECONOMICS.md b3).

    Parameters
    ----------
    elasticity : float
        eps, user-cost elasticity of real R&D.
    convexity : float
        kappa, convexity of the cost of relabelling.

    Returns
    -------
    float
        Share, 0 to 1.
    """
    return 1.0 / (1.0 + elasticity * convexity)


def adjusted(current, target, speed):
    """Slow adjustment: a quarter closes a quarter of the yearly speed's share of the gap (A54; docs/ECONOMICS.md 19).

    Parameters
    ----------
    current, target : float
        Logs of real R&D against the normal intensity.
    speed : float
        Part of the gap closed in a year, to first order (``research_speed``).

    Returns
    -------
    float
        Log of real R&D after the quarter.
    """
    return current + 0.25 * speed * (target - current)


def reported_log(own, real_log, relabelled):
    """Log of reported R&D when a share of the induced rise is relabelled: own + (real - own) / (1 - share).

    Parameters
    ----------
    own, real_log : float
        Logs of the firm's lasting intensity and of its real R&D against the normal intensity.
    relabelled : float
        Share of the induced rise, below 1.

    Returns
    -------
    float
        Log of reported R&D against the normal intensity.
    """
    return own + (real_log - own) / (1.0 - relabelled)


def to_the_line(free, line, gain, fixed, elasticity, convexity):
    """Reported intensity of a firm near an intensity line: the line when what lies above it is worth the stretch.

    A gap G = line - free is closed at the least cost G^2 / (2 free (eps + 1 / kappa)), both over revenue, part really
    and part by relabelling; the firm goes if the gain exceeds it and a fixed cost (docs/ECONOMICS.md b3; A51, A53). A
    half-closed gap earns nothing, so it goes all the way at once.

    Parameters
    ----------
    free, line : float
        Reported R&D over revenue without the line, and the line.
    gain, fixed : float
        Tax saved above the line and fixed cost of qualifying, over revenue.
    elasticity, convexity : float
        eps and kappa.

    Returns
    -------
    float
        Reported R&D over revenue; the relabelled share of the gap is ``relabelled_share``.
    """
    gap = max(0.0, line - free)
    cost = gap * gap / (2.0 * max(free, 1e-9) * (elasticity + 1.0 / convexity)) + fixed
    return line if gap > 0.0 and gain > cost else free


def knowledge_after(knowledge, real_log, depreciation):
    """Log stock of knowledge after a quarter: dk = d/4 (exp(r - k) - 1), both relative to the normal path (B56).

    Parameters
    ----------
    knowledge, real_log : float
        k and r, logs of the stock and of real R&D against normal.
    depreciation : float
        d a year (``research_depreciation``).

    Returns
    -------
    float
        Log of the stock against normal.
    """
    return knowledge + 0.25 * depreciation * (exp(real_log - knowledge) - 1.0)


def productivity_gain(before, after, reward):
    """Log gain of the demand state from a change of the stock: 0.124 per log point, 9 % per doubling (A52).

    Parameters
    ----------
    before, after : float
        Logs of the stock.
    reward : float
        ``research_reward``.

    Returns
    -------
    float
        Log points of S.
    """
    return reward * (after - before)
