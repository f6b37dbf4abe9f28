"""A folder of experiments on the small city."""

import pytest


@pytest.fixture(scope="session")
def small_experiments(small_folder):
    """A folder of experiments on the small city."""
    text = EXPERIMENT.replace("REGION", str(small_folder / "regions" / "small.toml"))
    folder = small_folder / "experiments"
    folder.mkdir()
    (folder / "credit.toml").write_text(text, encoding="utf-8")
    return folder


EXPERIMENT = """
id = "credit"
title = {en = "Credit", zh = "抵扣"}
source = ["A33"]

[scenario]
region = "REGION"
environment = "dalian-reference"
burn_in_start = "2016Q1"
start = "2021Q1"
treatment = "2022Q1"
end = "2023Q4"

[mixes]
none = []
credit = ["small-credit"]

[[package]]
id = "small-credit"
title = {en = "Credit", zh = "抵扣"}
place = "city"
currency = "CNY"
announced = 2022-01-01
from = 2022-01-01
open_ended = "permanent"
payers = [{who = "state", share = 1}]
budget = "none"

[[package.clause]]
id = "credit"
title = {en = "17 %", zh = "17%"}
source = "test"
on = "project"
where = {fields = "manufacturing"}
pays = {share = 0.17, of = "new_investment"}
cap = "none"
payment = {lag_quarters = 0}

[[package.clause]]
id = "known"
title = {en = "Known to all", zh = "周知"}
source = "test"
changes = [
  {of = "parameter.aware_first", to = 1.0},
  {of = "parameter.aware_first_ladder", to = 1.0},
  {of = "parameter.approval", to = 1.0},
  {of = "parameter.eligible_share", to = 1.0},
  {of = "parameter.hassle_cost", factor = 0.0},
]

[[part]]
name = "investment"
title = {en = "Investment", zh = "投资"}
estimator = "paired"
outcome = "investment"
where = {industry = ["electronics", "digital_industry_users"], born = "before"}
window = [0, 7]
band = {above = 0}
split = {staff = [50], place = ["zone"]}

[[part]]
name = "before"
title = {en = "Before the date", zh = "政策前"}
estimator = "paired"
outcome = "investment"
window = [-4, -1]
band = {min = 0, max = 0}

[[part]]
name = "nobody"
title = {en = "Nobody", zh = "无"}
estimator = "did"
outcome = "investment"
treated = {staff = {above = 1_000_000_000}}
untreated = {staff = {max = 1_000_000_000}}
window = [0, 7]
before = [-4, -1]
band = {above = 0}

[[part]]
name = "did"
title = {en = "Difference in differences", zh = "双重差分"}
estimator = "did"
outcome = "investment"
treated = {industry = ["electronics", "digital_industry_users"]}
untreated = {industry = "software"}
where = {born = "before"}
window = [0, 7]
before = [-4, -1]

[[part]]
name = "path"
title = {en = "Path", zh = "路径"}
estimator = "event_study"
outcome = "capital"
window = [0, 7]
summary = "last"

[[part]]
name = "jump"
title = {en = "Jump at 50 staff", zh = "50人处断点"}
estimator = "discontinuity"
outcome = "investment"
running = "staff"
cutoff = 50
bandwidth = 30
window = [0, 7]

[[part]]
name = "bunch"
title = {en = "Bunching", zh = "聚束"}
estimator = "bunching"
outcome = "revenue"
line = "1_000_000 / parameter.margin"
width = 0.05
reach = [-0.5, 0.5]
near = 4
side = "below"
window = [0, 7]

[[part]]
name = "survival"
title = {en = "Survival", zh = "存活"}
estimator = "survival"
cohort = [0, 3]
after_quarters = 4
least = 5

[[part]]
name = "claims"
title = {en = "Claimed", zh = "申报"}
estimator = "share"
outcome = "base"
per = "investment"
where = {industry = ["electronics", "digital_industry_users"], born = "before"}
clause = "small-credit/credit"
window = [0, 7]
take = "sum"

[[part]]
name = "paper"
title = {en = "Registrations over entries", zh = "登记与进入之比"}
estimator = "share"
outcome = "registrations"
per = "entries"
area = "zone"

[[part]]
name = "movers"
title = {en = "Staff of movers", zh = "迁移企业用工"}
estimator = "share"
outcome = "staff"
where = {moved = true}
least = 1
unit = "number"
"""
