"""Identities of appraisal and accounts, and costs that are refused where they mean nothing."""

import numpy as np
import pytest

from policymix.analysis import additionality, money
from policymix.errors import RunFailed


def test_parts_add_up(run):
    assert additionality.check_identity(run) <= 1e-9
    table = additionality.totals(run)["mean"]
    gap = table.sel(part="gross") - table.sel(part="additional") - table.sel(part="deadweight")
    assert float(abs(gap).max()) <= 1e-9 * float(table.max())


def test_a_changed_file_is_refused(run):
    with pytest.raises(RunFailed, match="gross = additional"):
        additionality.check_identity(run.assign(deadweight=run["deadweight"] + 1.0))
    with pytest.raises(RunFailed, match="committed = paid"):
        money.check_accounts(run.assign(paid=run["paid"] * 1.01))


def test_ratio_is_of_means(run):
    table = additionality.totals(run).sel(activity="investment", mix="both")["mean"]
    assert float(table.sel(part="additional_share")) == pytest.approx(
        float(table.sel(part="additional")) / float(table.sel(part="gross"))
    )


def test_accounts_balance(run):
    assert money.check_accounts(run) <= 0.01
    table = money.by_clause(run)
    total = float((table["paid"] - table["recovered"]).sel(mix="both").sum())
    assert 0.0 < total < float(table["paid"].sel(mix="both").sum())
    assert total == pytest.approx(float(money.paid_total(run).sel(mix="both").mean()))
    assert float(table["paid"].sel(mix="none").sum()) == 0.0
    assert set(table["package"].values) == {"dalian-2021", "htz-2022"}
    packages = money.by_package(run)["paid"]
    assert float(packages.sel(mix="htz-2022", package="dalian-2021").sum()) == 0.0


def test_cost_is_paid_over_additional(run):
    cost = money.cost_per(run, "investment").sel(mix="both")
    expected = (
        money.paid_total(run).sel(mix="both").mean()
        / run["additional"].sel(prices="free", mix="both", activity="investment").mean()
    )
    assert float(cost["mean"]) == pytest.approx(float(expected))
    assert bool(cost["resolved"])
    assert np.isnan(money.cost_per(run, "investment")["mean"].sel(mix="none"))


def test_cost_of_nothing_is_not_resolved(run):
    sign = np.where(np.arange(run.sizes["draw"]) % 2, 1.0, -1.0)
    additional = run["additional"] * sign[:, None, None]
    spanning = run.assign(additional=additional, deadweight=run["gross"] - additional)
    assert not money.cost_per(spanning, "investment")["resolved"].any()


def test_capital_grants_are_told_by_their_claim_kind(run):
    assert money.capital_grant_clauses(run)[:2] == ["dalian-2021/1", "dalian-2021/2"]
    assert money.capital_grant_clauses(run.drop_vars("kind")) is None
