"""Runs of the reference model in mesa-frames: one agent set over a Polars table, a quarter in a few passes.

    python -m firmstep.in_mesa_frames

answers lines ``FIRMS SEED REPLICATES MIXES EXACT FILE`` with the seconds that the runs took, those of processor time,
their firm-steps and the most memory so far in bytes. It is a process in an environment of its own, since mesa-frames
needs an older NumPy than the engine. With EXACT 1 firms draw the luck of the specification, so that outcomes can be
compared, and these are written to FILE; with 0 they draw from the model's own generator, as a user would.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

from . import spec as s

CURVATURE = 1.0 / (1.0 - s.CAPITAL_SHARE)
LN_KEPT, LN_CAPITAL_SHARE = float(np.log(1 - s.WEAR)), float(np.log(s.CAPITAL_SHARE))
LN_STAFF_SHARE = float(np.log(s.LABOUR_SHARE) - np.log(s.WAGE))
KIND = s.BASE_MIX[:, s.F["base"]].astype(int)
GROUP = s.BASE_MIX[:, s.F["group"]].astype(int)
STATE = [name for name in s.COLUMNS if name != "alive"]
BENEFITS = [f"benefit_{c}" for c in range(s.CLAUSES)]
c_ = pl.col
LUCK = (
    ("z", s.LUCK_OF_GROWTH), ("u_cost", s.LUCK_OF_COST), ("u_adopt", s.LUCK_OF_ADOPTION),
    ("u_rise", s.LUCK_OF_RISE), ("u_exit", s.LUCK_OF_EXIT),
)  # fmt: skip
LUCK_OF_ENTRANTS = (
    ("u_sector", s.LUCK_OF_SECTOR), ("u_zone", s.LUCK_OF_ZONE), ("z_la", s.LUCK_OF_PRODUCTIVITY),
    ("z_k", s.LUCK_OF_CAPITAL), ("z_l", s.LUCK_OF_STAFF),
)  # fmt: skip


def looked_up(table: np.ndarray, position: pl.Expr) -> pl.Expr:
    """Elements of a small table."""
    return pl.lit(pl.Series(table)).gather(position)


def logistic(score: pl.Expr) -> pl.Expr:
    """Probability of a score."""
    return 1 / (1 + (-score).exp())


def claims(mix: np.ndarray, bases: tuple[pl.Expr, ...], zone: pl.Expr, tier: pl.Expr, age: pl.Expr) -> list[pl.Expr]:
    """What each clause would pay by itself."""
    out = []
    for number, row in enumerate(mix):
        field = dict(zip(s.FIELDS, row.tolist(), strict=True))
        x, line_1, line_2 = bases[KIND[number]], field["line_1"], field["line_2"]
        able = (tier >= int(field["tier"])) & (age <= field["oldest"]) & (bases[0] >= field["least"])
        sectors = [sector for sector in range(s.SECTORS) if int(field["sectors"]) >> sector & 1]
        if len(sectors) < s.SECTORS:
            able = able & c_("sector").is_in(sectors)
        if field["zone"]:
            able = able & (zone == int(field["zone"]) - 1)
        amount = field["rate_1"] * x.clip(None, line_1) + field["rate_2"] * (x - line_1).clip(0, line_2 - line_1)
        amount = (amount + field["rate_3"] * (x - line_2).clip(0, None)).clip(None, field["cap"])
        out.append(pl.when(able).then(amount).otherwise(0.0).alias(f"claim_{number}"))
    return out


def stacked() -> list[pl.Expr]:
    """Benefits: of an exclusive group only the highest claim."""
    out = []
    for c in range(s.CLAUSES):
        own, wins = c_(f"claim_{c}"), pl.lit(True)
        for d in range(s.CLAUSES):
            if d != c and GROUP[d] == GROUP[c] >= 0:
                wins = wins & ((own > c_(f"claim_{d}")) if d < c else (own >= c_(f"claim_{d}")))
        out.append(pl.when(wins).then(own).otherwise(0.0).alias(BENEFITS[c]))
    return out


def total(kinds: tuple[int, ...]) -> pl.Expr:
    """Benefits of some kinds."""
    return pl.sum_horizontal([c_(BENEFITS[c]) for c in range(s.CLAUSES) if KIND[c] in kinds])


class Firms(AgentSetPolars):
    """All firms."""

    def __init__(self, model: Model, first: dict[str, np.ndarray], firms: int) -> None:
        super().__init__(model)
        table = {"unique_id": np.arange(firms)}
        table |= {x: first[x][:firms].astype(float if s.COLUMNS[x] == "float64" else np.int64) for x in STATE}
        self.add(pl.DataFrame(table))

    def draws(self, numbers: np.ndarray, luck: tuple[tuple[str, int], ...]) -> list[pl.Series]:
        """Random numbers of some firms: normal ones are called z."""
        model, out = self.model, []
        word = s.words(model.key, numbers) if model.exact else None
        for name, purpose in luck:
            normal = name.startswith("z")
            if word is not None:
                values = (s.normal if normal else s.uniform)(s.hashed(word, model.quarter, purpose))
            else:
                values = (model.generator.standard_normal if normal else model.generator.random)(len(numbers))
            out.append(pl.Series(name, values))
        return out

    def step(self) -> None:
        """One quarter."""
        model = self.model
        table = self.planned(self.agents.with_columns(self.draws(self.agents["unique_id"].to_numpy(), LUCK)).lazy())
        table = table.collect()
        self.book(table)
        model.peers = model.sums[:, 6] / np.maximum(1.0, model.sums[:, 4])
        self.agents = table.select("unique_id", *STATE)
        gone = table.filter("exits")["unique_id"]
        if len(gone):
            self.discard(gone)
        self.enter()

    def planned(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """Every firm's quarter."""
        t, mix, peers = self.model.quarter, self.model.mix, self.model.peers
        sector, tier, la, k, value = c_("sector"), c_("tier"), c_("ln_productivity"), c_("capital"), c_("value")
        level = looked_up(s.NORMAL, sector) + s.RESEARCH_GAIN * c_("intensity") + s.DIGITAL_GAIN * c_("digital")
        grown = s.PERSISTENCE * la + (1 - s.PERSISTENCE) * level + s.SPREAD * c_("z")
        lnw = (LN_CAPITAL_SHARE + la + s.LABOUR_SHARE * c_("lnl") - s.LN_USER_COST[t]) * CURVATURE
        both = c_("on_projects") + c_("other")
        adopts = (
            s.ADOPT_BASE + s.ADOPT_SUPPORT * (both / value).clip(None, 2.0) + s.ADOPT_PEERS * looked_up(peers, sector)
        )
        support = (c_("on_research") / (c_("spending") + 1e-9)).clip(None, 1.0)
        target = looked_up(s.INTENSITY, sector) * (1 + s.RESEARCH_RESPONSE * support)
        rise = logistic(s.RISE_BASE + s.RISE_RESEARCH * c_("intensity") + s.RISE_PRODUCTIVITY * la)
        able = (k >= looked_up(s.LEAST_CAPITAL, tier)) & (c_("intensity") >= looked_up(s.LEAST_INTENSITY, tier))
        exits = s.EXIT_BASE + s.EXIT_SIZE * c_("lnl") + s.EXIT_AGE * c_("age").clip(None, 40) / 40
        exits = logistic(exits + s.EXIT_PROFIT * (c_("profit") / value).clip(-1, 1))
        own = (c_("cash") + s.BANKABLE * value).clip(0, None) / (1 - c_("rate"))
        gain = 0.5 * s.GAIN_OF_GAP * value * c_("gap") * c_("gap")
        cash = s.CASH_KEPT * c_("cash") + (1 - s.TAX) * c_("operating") + c_("paid") - c_("invested") - s.INTEREST * k
        bases = (c_("project"), c_("wages"), c_("spending"))
        acted = [(c_(BENEFITS[c]) * c_("acts")).alias(BENEFITS[c]) for c in range(s.CLAUSES) if KIND[c] == 0]
        return (
            table.with_columns(ln_productivity=grown, lnk=k.log(), lnl=c_("staff").log())
            .with_columns(
                lnva=la + s.CAPITAL_SHARE * c_("lnk") + s.LABOUR_SHARE * c_("lnl"), lnw=lnw, kept=(1 - s.WEAR) * k
            )
            .with_columns(value=c_("lnva").exp(), wanted=c_("lnw").exp(), wages=s.WAGE * c_("staff"))
            .with_columns(project=(c_("wanted") - c_("kept")).clip(0, None), spending=c_("intensity") * value)
            .with_columns(claims(mix, bases, c_("zone"), tier, c_("age")))
            .with_columns(stacked())
            .with_columns(on_projects=total((0,)), other=total((1, 2)), on_research=total((2,)))
            .with_columns(rate=(c_("on_projects") / c_("project").clip(1e-30, None)).clip(None, s.LARGEST_RATE))
            .with_columns(rise=-(1 - c_("rate")).log() * CURVATURE)
            .with_columns(
                gap=c_("lnw") + c_("rise") - (c_("lnk") + LN_KEPT),
                invested=pl.min_horizontal(c_("wanted") * c_("rise").exp() - c_("kept"), own),
            )
            .with_columns(acts=(c_("gap") > 0) & (gain > s.FIXED_COST * c_("u_cost") * k) & (c_("invested") > 0))
            .with_columns(
                invested=pl.when("acts").then("invested").otherwise(0.0),
                paid=c_("other") + pl.when("acts").then("on_projects").otherwise(0.0),
            )
            .with_columns(acted)
            .with_columns(
                capital=c_("kept") + c_("invested"),
                digital=pl.when(c_("u_adopt") < logistic(adopts)).then(1).otherwise("digital"),
                intensity=c_("intensity") + s.RESEARCH_SPEED * (target - c_("intensity")),
                operating=value - c_("wages") - c_("spending"),
            )
            .with_columns(
                rises=(able & (c_("u_rise") < rise)).cast(pl.Int64), profit=c_("operating") + c_("paid"), cash=cash
            )
            .with_columns(tier=tier + c_("rises"), exits=c_("u_exit") < exits, age=c_("age") + 1)
            .with_columns(staff=((1 - s.STAFF_SPEED) * c_("lnl") + s.STAFF_SPEED * (LN_STAFF_SHARE + c_("lnva"))).exp())
        )

    def book(self, table: pl.DataFrame) -> None:
        """Sums by sector."""
        stays = ~c_("exits")
        sums = [c_(x).sum().alias(f"sum_{x}") for x in ("invested", "value")]
        sums += [c_(x).filter(stays).sum().alias(f"sum_{x}") for x in ("staff", "capital")]
        sums += [
            stays.sum().alias("stay"),
            c_("paid").sum().alias("sum_paid"),
            c_("digital").filter(stays).sum().alias("adopters"),
        ]
        sums += [c_("spending").sum().alias("research"), c_("exits").sum().alias("gone"), pl.lit(0).alias("entries")]
        sums += [c_("rises").sum().alias("promotions"), c_("profit").sum().alias("profits")]
        sums += [(c_("tier").filter(stays) == m).sum().alias(f"tier_{m}") for m in range(s.TIERS)]
        by_sector = table.group_by("sector").agg(sums + [c_(name).sum() for name in BENEFITS])
        self.model.sums[by_sector["sector"].to_numpy()] = by_sector.drop("sector").to_numpy().astype(float)

    def enter(self) -> None:
        """Newcomers."""
        model = self.model
        if model.exact:
            u = s.uniform(s.hashed(s.words(model.key, s.NOBODY), model.quarter, s.LUCK_OF_COUNT))
            many = min(int(np.searchsorted(model.distribution, u)), s.capacity(model.firms) - model.used)
        else:
            many = int(model.generator.poisson(s.ENTRY_RATE * model.firms))
        numbers = np.arange(model.used, model.used + many)
        model.used += many
        table = pl.DataFrame({"unique_id": numbers}).with_columns(self.draws(numbers, LUCK_OF_ENTRANTS))
        sector = pl.sum_horizontal([(c_("u_sector") >= end).cast(pl.Int64) for end in s.SECTOR_ENDS[:-1]])
        value = (c_("ln_productivity") + s.CAPITAL_SHARE * c_("lnk") + s.LABOUR_SHARE * c_("lnl")).exp()
        table = (
            table.with_columns(
                sector=sector,
                lnk=s.ENTRANT_CAPITAL + s.ENTRANT_CAPITAL_SPREAD * c_("z_k"),
                lnl=s.ENTRANT_STAFF + s.ENTRANT_STAFF_SPREAD * c_("z_l"),
            )
            .with_columns(
                ln_productivity=looked_up(s.NORMAL, c_("sector")) + s.ENTRANT_SPREAD * c_("z_la"),
                capital=c_("lnk").exp(),
                staff=c_("lnl").exp(),
                intensity=looked_up(s.INTENSITY, c_("sector")),
            )
            .with_columns(value=value)
        )
        bases = (c_("capital"), s.WAGE * c_("staff"), c_("intensity") * c_("value"))
        for zone in range(s.ZONES):
            worth = pl.sum_horizontal(
                [c_(BENEFITS[c]) * (s.YEARS_COUNTED if KIND[c] else 1.0) for c in range(s.CLAUSES)]
            )
            table = table.with_columns(claims(model.mix, bases, pl.lit(zone), pl.lit(0), pl.lit(0))).with_columns(
                stacked()
            )
            table = table.with_columns(worth.alias(f"worth_{zone}"))
        chance = logistic(s.ZONE_BASE + s.ZONE_SUPPORT * (c_("worth_1") - c_("worth_0")) / c_("capital"))
        zero = pl.lit(0, pl.Int64)
        table = table.with_columns(
            zone=(c_("u_zone") < chance).cast(pl.Int64),
            cash=s.CASH_AT_START * c_("capital"),
            age=zero,
            tier=zero,
            digital=zero,
        )
        model.sums[:, 9] = np.bincount(table["sector"].to_numpy(), minlength=s.SECTORS)
        self.add(table.select("unique_id", *STATE))


class Model(ModelDF):
    """The reference model."""

    def __init__(
        self, firms: int, mix: np.ndarray, seed: int, replicate: int, first: dict[str, np.ndarray], exact: bool
    ):
        super().__init__()
        self.firms, self.mix, self.exact, self.used, self.quarter = firms, mix, exact, firms, 0
        self.key, self.distribution = s.key_of(seed, replicate), s.entry_distribution(firms)
        self.generator = np.random.default_rng([seed, replicate])
        self.peers = s.share_of_adopters(first, firms)
        self.out = np.zeros((s.QUARTERS, s.SECTORS, len(s.OUTPUTS)))
        self.agents += Firms(self, first, firms)

    @property
    def sums(self) -> np.ndarray:
        """Sums of this quarter."""
        return self.out[self.quarter]

    def step(self) -> None:
        """One quarter."""
        self.agents.do("step")
        self.quarter += 1


def run(firms: int, seed: int, firsts: list[dict[str, np.ndarray]], mixes: int, exact: bool) -> np.ndarray:
    """All replicates under all mixes, [replicates, mixes, QUARTERS, SECTORS, OUTPUTS]."""
    out = []
    for replicate, first in enumerate(firsts):
        for mix in s.mixes(mixes):
            model = Model(firms, mix, seed, replicate, first, exact)
            for _ in range(s.QUARTERS):
                model.step()
            out.append(model.out)
    return np.stack(out).reshape(len(firsts), mixes, *out[0].shape)


def most_memory() -> int:
    """Most bytes of this process so far. (On Linux ``getrusage`` also counts who started it.)"""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (each for each in status.read_text(encoding="utf-8").splitlines() if each.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Answer lines of standard input."""
    from importlib.metadata import version

    made: dict[tuple[int, int, int], list[dict[str, np.ndarray]]] = {}
    print(version("mesa-frames"), version("polars"), version("numpy"), flush=True)
    for line in sys.stdin:
        firms, seed, replicates, mixes, exact, *file = line.split(maxsplit=5)
        key = int(firms), int(seed), int(replicates)
        if key not in made:
            made[key] = [s.first_firms(key[0], key[1], r) for r in range(key[2])]
        start, busy = time.perf_counter(), time.process_time()
        out = run(key[0], key[1], made[key], int(mixes), exact == "1")
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        if file:
            np.save(file[0].strip(), out)
        print(seconds, busy, s.firm_steps(out), most_memory(), flush=True)


if __name__ == "__main__":
    main()
