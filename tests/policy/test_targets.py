"""Targets and opportunities: all rows carried, sums checked."""

import datetime

import pytest

from policymix.catalog import find
from policymix.errors import InvalidFile
from policymix.policy.opportunity import channel_facts, load_opportunities
from policymix.policy.target import load_targets


@pytest.mark.parametrize(
    ("name", "count", "tracked"), [("dalian-2020", 13, 3), ("dalian-2021", 1, 1), ("htz-2022", 18, 6)]
)
def test_every_target_is_tracked_or_says_why_not(name, count, tracked):
    targets = load_targets(name)
    assert [target.id for target in targets] == [f"{name}/t{i + 1}" for i in range(count)]
    assert sum(target.outcome is not None for target in targets) == tracked
    for target in targets:
        assert target.outcome or (target.untracked and target.needs)


def test_the_main_target():
    share = next(target for target in load_targets("dalian-2020") if target.id.endswith("t2"))
    assert (share.outcome, share.value, share.tolerance, share.at) == (
        "core_share",
        0.10,
        0.005,
        datetime.date(2025, 12, 31),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('sense = "about"', 'sense = "abuot"', ["abuot", "about"]),
        ("at = 2020-12-31\n", "", ["undated"]),
        ('outcome = "core_share"\n', "", ["outcome and untracked"]),
        ("tolerance = 0.005", "tolerence = 0.005", ["tolerence", "tolerance"]),
    ],
)
def test_a_target_with_a_slip(tmp_path, old, new, words):
    path = tmp_path / "slip.toml"
    path.write_text(find("targets", "dalian-2020").read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        load_targets(str(path))
    for word in words:
        assert word in str(error.value)


def test_opportunities_add_up_as_the_document_says():
    offers = load_opportunities("dalian-2021")
    assert (offers.count, offers.investment) == (700, 138.4e9)
    assert {each.address for each in offers.uncertain()} == {
        f"dalian-2021/{name}.per_year"
        for name in (
            "parks",
            "funds",
            "contests",
            "platforms",
            "software-centres",
            "demonstration-contracts",
        )
    }
    facts = channel_facts(offers.channel[0], offers.opened, {"city": "dalian"}, ("dalian-rest",))
    assert facts[0] == 0


def test_unknown_counts_of_opportunities_are_uncertain():
    found = {each.address: each for each in load_opportunities("shiyan-2022").uncertain()}
    assert (found["shiyan-2022/9c.count"].low, found["shiyan-2022/9c.count"].high) == (0.0, 100.0)
    assert found["shiyan-2022/9c.investment"].high > 0.0


def test_a_sum_that_does_not_add_up_is_refused(tmp_path):
    path = tmp_path / "slip.toml"
    text = find("opportunities", "dalian-2021").read_text(encoding="utf-8")
    path.write_text(
        text.replace("count = 78\n", "count = 79\n").replace('"smart_city", ', '"smart_citi", '), encoding="utf-8"
    )
    with pytest.raises(InvalidFile) as error:
        load_opportunities(str(path))
    message = str(error.value)
    assert "stated 2 > count" in message and "438" in message and "smart_city" in message
