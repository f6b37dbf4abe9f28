"""docs/ODD.md: every rule and parameter once, the protocol's elements by their names, nothing that the code lacks."""

import re

import pytest

from policymix.errors import NotFound
from policymix.experiments.parameters import read_priors
from policymix.firms import invest
from policymix.report import odd

ELEMENTS = (
    "Purpose and patterns",
    "Entities, state variables, and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialization",
    "Input data",
    "Submodels",
)
CONCEPTS = ("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing",
            "Interaction", "Stochasticity", "Collectives", "Observation")  # fmt: skip
TEXT = odd.TEMPLATE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made():
    return odd.page()


def test_the_elements_of_the_protocol_are_there_in_order(made):
    """Seven elements and the eleven design concepts of the second update (Grimm et al. 2020)."""
    heads = [f"\n## {number}. {name}\n" for number, name in enumerate(ELEMENTS, start=1)]
    places = [made.find(head) for head in heads]
    assert -1 not in places and places == sorted(places)
    concepts = made[places[3] : places[4]]
    spots = [concepts.find(f"**{name}.**") for name in CONCEPTS]
    assert -1 not in spots and spots == sorted(spots)


def test_every_rule_is_stated_once(made):
    for name in odd.all_rules():
        assert made.count(f"**`{name}(") == 1, f"{name}: name it in a call of odd.md"


def test_every_parameter_stands_in_one_table(made):
    for prior in read_priors():
        name = prior.name.removeprefix("parameter.")
        rows = len(re.findall(rf"^\| `{name}` \|(?:[^|]*\|){{6}}$", made, re.MULTILINE))
        assert rows == 1, f"{name} stands in {rows} parameter tables of odd.md"


def test_names_in_the_text_exist():
    """A rule or parameter that the text between the tables speaks of is one of the model's."""
    parameters = {prior.name.removeprefix("parameter.") for prior in read_priors()}
    files = {name.split(".")[0] for name in odd.all_rules()}
    for name in re.findall(r"`(\w+\.\w+)`", TEXT):
        if name.split(".")[0] in files and not name.endswith(".py"):
            assert name in odd.all_rules(), name
    assert {"temporary_weight", "major_project"} <= parameters & set(re.findall(r"`(\w+)`", TEXT))


def test_a_rule_is_what_its_docstring_says():
    rule = odd.all_rules()["invest.hazard"]
    assert rule.statement in " ".join((invest.hazard.__doc__ or "").split())
    assert rule.arguments == ("gap", "elasticity", "fixed_cost", "wedge")
    assert [symbol for symbol, _ in rule.symbols] == list(rule.arguments)
    assert rule.returns == "Events a year." and "B30" in rule.sources
    text = odd.rule("invest.hazard")
    assert "(x^2 / (2 eta)) / xi" in text and "| `gap` | x = ln(K* / K), support included. |" in text


@pytest.mark.parametrize("name", sorted(odd.all_rules()))
def test_docstrings_state_every_argument_and_the_value(name):
    rule = odd.all_rules()[name]
    described = [symbol.strip() for symbols, _ in rule.symbols for symbol in symbols.split(",")]
    assert sorted(described) == sorted(rule.arguments)
    assert rule.statement and rule.returns


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("{{ rule('invest.hazrd') }}", "invest.hazard"),
        ("{{ rules('invst') }}", "invest"),
        ("{{ parameters('fixed_cots') }}", "fixed_cost"),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_the_nearest(call, named):
    with pytest.raises(NotFound, match=named):
        odd.page(call)
