"""A firm's diary says what the run did, and keeping one changes nothing."""

import dataclasses
import json
import math

import agreement
import numpy as np
import pytest
import units

from policymix.engine.claims import (
    CL_ASKED,
    CL_CANCELLED,
    CL_FIRM,
    CL_GRANTED,
    CL_PAID,
    CL_PARENT,
    CL_QUARTER,
    CL_RECOVERED,
    ROWS_USED,
    SLOTS,
)
from policymix.engine.diary import UNAWARE, text
from policymix.engine.entry import POOL_FIRST
from policymix.engine.mesa_view import MesaCity
from policymix.engine.symbols import ALIVE, FIRM, PLACE, SUM_INVESTMENT
from policymix.engine.table import column_of, numbers_of
from policymix.errors import NotFound

MANY = 40
STEPS_OF_MONEY = {"granted": CL_GRANTED, "paid": CL_PAID, "cancelled": CL_CANCELLED, "recovered": CL_RECOVERED}


@pytest.fixture(scope="module")
def run(small):
    """A city whose claimants, those that come and those that leave keep diaries, beside the same city by the loop."""
    setting, values = units.unit(small)
    compiled = MesaCity(setting, values, 7, 0, "both")
    started = numbers_of(compiled.city.firms, slice(0, int(compiled.city.count[SLOTS])))
    module = units.loop_of(setting)
    while compiled.running:
        compiled.advance(module)
    claimants = np.unique(compiled.city.claims[: int(compiled.city.count[ROWS_USED]), CL_FIRM])
    firms = numbers_of(compiled.city.firms, slice(0, int(compiled.city.count[SLOTS])))
    movers = firms[FIRM, : started.shape[1]][firms[PLACE, : started.shape[1]] != started[PLACE]]
    gone = started[FIRM][(started[ALIVE] > 0.5) & (firms[ALIVE, : started.shape[1]] < 0.5)]
    chosen = np.unique(np.concatenate([claimants[np.isin(claimants, firms[FIRM])], movers[:MANY], gone[:MANY]]))
    agents = MesaCity(setting, values, 7, 0, "both", path=compiled.path)
    for address in chosen.tolist():
        agents.keep_diary(int(address))
    while agents.running:
        agents.step()
    return agents, compiled, [int(address) for address in chosen], started


def entries(run):
    agents, _, chosen, _ = run
    return [entry for address in chosen for entry in agents.diary(address)]


def test_keeping_diaries_changes_nothing(run):
    agents, compiled, chosen, _ = run
    assert len(chosen) > MANY
    agreement.assert_same_choices_and_numbers(agents, compiled)


def test_money_of_a_diary_is_that_of_the_claim_table(run):
    agents, _, chosen, _ = run
    rows = agents.city.claims[: int(agents.city.count[ROWS_USED])]
    total = 0.0
    for address in chosen:
        mine, diary = rows[rows[:, CL_FIRM] == address], agents.diary(address)
        for what, column in (
            ("granted", CL_GRANTED),
            ("paid", CL_PAID),
            ("cancelled", CL_CANCELLED),
            ("recovered", CL_RECOVERED),
        ):
            noted = sum(money.amount for entry in diary for money in entry.money if money.what == what)
            assert noted == pytest.approx(mine[:, column].sum(), abs=0.01)
            total += noted
    assert total > 0.0


def test_approved_claims_are_rows_of_the_claim_table(run):
    agents, _, chosen, _ = run
    rows = agents.city.claims[: int(agents.city.count[ROWS_USED])]
    rows = rows[rows[:, CL_PARENT] < 0.0]  # without those that stand by for another
    dates = {agents.date_of(q): q for q in range(agents.setting.burn_in, agents.setting.quarters)}
    filed = 0
    for address in chosen:
        for entry in agents.diary(address):
            mine = rows[(rows[:, CL_FIRM] == address) & (rows[:, CL_QUARTER] == dates[entry.date])]
            approved = [verdict for made in entry.claims if made.approved for verdict in made.verdicts]
            asked = sorted(verdict.amount for verdict in approved if verdict.amount > 0.0)
            assert asked == pytest.approx(sorted(mine[:, CL_ASKED].tolist()), abs=0.01), (address, entry.date)
            filed += len(asked)
    assert filed == np.isin(rows[:, CL_FIRM], chosen).sum() > 0


def test_choices_follow_from_the_numbers_beside_them(run):
    kinds = set()
    for entry in entries(run):
        for made in entry.claims:
            assert made.benefit == sum(verdict.amount for verdict in made.verdicts)
            assert made.applied == (made.benefit > 0.0 and made.readiness < made.applying)
            assert made.approved == (made.applied and made.lottery < made.approval)
            unaware = {verdict.clause for verdict in made.verdicts if verdict.status == UNAWARE}
            assert all(verdict.why and verdict.why_zh for verdict in made.verdicts)
            if entry.saw is not None and made.kind in ("project", "research"):
                assert not unaware & {v.clause for v in made.verdicts if v.clause.split("/")[0] in entry.saw.known}
            kinds.add(made.kind)
        plan = entry.chose
        if plan is None:
            continue
        rate = 0.0 if plan.waits else plan.rate + plan.push
        assert plan.probability == pytest.approx(1.0 - math.exp(-0.25 * rate))
        if plan.started != 0.0:
            assert plan.uniform < plan.probability and plan.building < 0.5
            assert plan.started <= max(plan.wanted, 0.0) or plan.started == pytest.approx(plan.wanted)
        assert plan.adopts <= (plan.adoption_uniform < 1.0 - math.exp(-0.25 * plan.adoption_rate))
    assert {"project", "research", "arrival", "lease"} <= kinds


def test_investment_of_a_diary_is_the_firms(run):
    agents, _, chosen, started = run
    slots = {
        int(firm): slot for slot, firm in enumerate(column_of(agents.city.firms, FIRM)[: int(agents.city.count[SLOTS])])
    }
    for address in chosen:
        spent = [entry.chose.spent for entry in agents.diary(address) if entry.chose is not None]
        firm = numbers_of(agents.city.firms, slots[address])
        if slots[address] < started.shape[1]:
            before = started[SUM_INVESTMENT, slots[address]]
            assert sum(spent) == pytest.approx(firm[SUM_INVESTMENT] - before, rel=1e-9)


def test_a_diary_begins_with_the_arrival_and_ends_with_the_exit(run):
    agents, _, chosen, started = run
    came = [agents.diary(address) for address in chosen if address >= POOL_FIRST and address not in started[FIRM]]
    assert came and all(diary[0].arrived and diary[0].saw is None for diary in came)
    assert any(diary[0].claims for diary in came)
    left = [diary for diary in map(agents.diary, chosen) if any(entry.left for entry in diary)]
    assert len(left) >= MANY
    for diary in left:
        ((last, _),) = [(number, entry) for number, entry in enumerate(diary) if entry.left]
        assert all(entry.money and entry.chose is None for entry in diary[last + 1 :])
    assert any(entry.moved_to for entry in entries(run))
    assert any(entry.gained for entry in entries(run))


def test_a_diary_reads_as_sentences_and_is_plain_data(run):
    agents, _, chosen, _ = run
    whole = "\n".join(text(agents.diary(address)) for address in chosen)
    for words in ("It knew ", "Offered for its project:", "it started a project of", "it waited (", "Rent was",
                  "of hassle: it would", "it applied (", "approved (", "granted", "paid", "It left the market.",
                  "It came to ", "It moved to ", "not known to it:", "It was recognised as"):  # fmt: skip
        assert words in whole, words
    table = [dataclasses.asdict(entry) for entry in agents.diary(chosen[0])]
    assert json.loads(json.dumps(table))[0]["date"] == "2021Q1"


def test_agents_show_their_diary(small):
    from policymix.experiments.city_model import CityModel

    plain = CityModel.from_scenario(small, mix="both")
    address = int(plain.agents[20].firm)
    model = CityModel.from_scenario(small, mix="both", diary=[address])
    model.step()
    (agent,) = [agent for agent in model.agents if agent.firm == address]
    assert agent.diary == model.diary(address) and agent.diary[0].date == "2021Q1"
    other = next(agent for agent in model.agents if agent.firm != address)
    with pytest.raises(NotFound, match="keep_diary"):
        _ = other.diary
    model.keep_diary(other)
    model.step()
    assert [entry.date for entry in other.diary] == ["2021Q2"]


@pytest.mark.parametrize("address", [-5, 999_999_999, POOL_FIRST + 3])
def test_an_address_that_no_firm_will_have_is_refused(small, address):
    setting, values = units.unit(small)
    with pytest.raises(NotFound, match="firm"):
        MesaCity(setting, values, 7, 0).keep_diary(address)
