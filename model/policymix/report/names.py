"""What things are called in English and Chinese: places, industries, clauses by their files, the rest by lists here."""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from policymix import catalog
from policymix.analysis.headline import STEP_NAMES
from policymix.errors import PolicymixError
from policymix.policy.package import load as load_package
from policymix.region.load import load as load_region
from policymix.region.load import load_environment
from policymix.report.style import said

if TYPE_CHECKING:
    import xarray

    from policymix.experiments.inputs import Inputs

Name = tuple[str, str]
"""English, Chinese."""

GENERAL: dict[str, Name] = {
    "micro": ("micro (below 10 staff)", "微型(10人以下)"),
    "small": ("small (10 to 99)", "小型(10-99人)"),
    "medium": ("medium (100 to 299)", "中型(100-299人)"),
    "large": ("large (300 and more)", "大型(300人以上)"),
    "off": ("off the ladder", "未入梯队"),
    "whole": ("whole", "合计"),
    "city": ("city", "全市"),
    "zone": ("zone", "高新区"),
    "county": ("county", "县(市、区)"),
    "elsewhere": ("elsewhere", "市外"),
    "rest": ("all other parts", "其余部分"),
    **STEP_NAMES,
}
PAYERS: dict[str, Name] = {
    "city": ("city", "市"),
    "zone": ("zone", "高新区"),
    "state": ("state", "国家"),
    "province": ("province", "省"),
    "county": ("county", "县(市、区)"),
}
OPENED = "/opportunities"
NOTES_ZH = (
    ("untracked: ", ""),
    ("without idiosyncratic luck; spread = granular sd of the draw", "不含单个企业的偶然因素;离差为该抽样的粒度标准差"),
    ("without idiosyncratic luck", "不含单个企业的偶然因素"),
    ("spread = square root of the new recognitions", "离差为新增认定数的平方根"),
    ("current prices", "现价"),
    ("the worst year of its window", "期内最差年份"),
    (r"measured from (\d+), the first year of the run, not from (\d+)", r"自运行首年 \1 年起计,而非 \2 年"),
    (r"sum over (\d+)-(\d+)", r"\1—\2 年合计"),
    ("a share is read on a date, and the target has none", "占比须有时点,而该目标没有"),
    ("its window lies outside the horizon", "目标期在模拟期外"),
    (r"(\S+) lies outside the horizon", r"\1 在模拟期外"),
    (r"(\d+) is not a full year of the horizon", r"\1 年在模拟期内不完整"),
    (r"the run does not keep the outcome '(\S+)'", r"本次运行未保存结果“\1”"),
    ("no outcome of the model measures this indicator", "模型没有衡量该指标的结果"),
    ("the model has no processes inside a firm", "模型不含企业内部流程"),
    ("networks are built by carriers outside the model", "网络由模型之外的运营商建设"),
    ("schools are outside the model", "学校在模型之外"),
    ("agriculture is outside the model", "农业在模型之外"),
    ("the nine industries cut across the classification of the model", "九大产业与模型的行业分类交叉"),
    ("platforms are claims in the model, not a stock by place", "平台在模型中是申领事项,不是按地区的存量"),
    ("platforms are claims in the model, not a stock", "平台在模型中是申领事项,不是存量"),
    ("institutions are no firms of the model", "机构不是模型中的企业"),
    ("the model has no market for technology contracts", "模型不含技术合同市场"),
    ("incubators are not distinguished from other premises", "模型不区分孵化器与其他场所"),
    ("the model has R&D stocks, not patents", "模型有研发存量,没有专利"),
    ("signing is not distinguished from arrival", "模型不区分签约与落地"),
    ("firms have no parent companies in the model", "模型中的企业没有母公司"),
    ("the cluster is not defined by industry", "该集群不按行业界定"),
    ("clusters outside the core industries are outside the model", "核心产业以外的集群在模型之外"),
    ("clusters cut across the industries of the model", "集群与模型的行业分类交叉"),
    ("trips are an activity, not an outcome", "出访是活动,不是结果"),
    ("a selection is an activity, not an outcome", "评选是活动,不是结果"),
    ("firms are kept by rung and size in the model, not counted by a revenue line of 5 billion",
     "模型按梯队和规模记录企业,不按50亿元营收线计数"),
    ("the model keeps a stock of firms with equipment of their own over all its industries, not upgrades of a year in "
     "industry", "模型记录各行业自有设备企业的存量,不记录工业企业的年度改造数"),
    ("the model has firms, not products", "模型有企业,没有产品"),
    ("laboratories are claims in the model, not a stock", "实验室在模型中是申领事项,不是存量"),
    ("laboratories are no firms of the model", "实验室不是模型中的企业"),
    ("platforms and their data are not in the model", "平台及其数据不在模型中"),
    ("the model keeps adopters of all industries and sizes together", "模型把各行业各规模的采用企业合并记录"),
    ("nodes are claims in the model, not a stock by industry", "节点在模型中是申领事项,不是按行业的存量"),
    ("certificates are outside the model", "认证在模型之外"),
    ("publishing is an act of the office, not an outcome; the model knows only tasks that are claimed as done",
     "发布是部门行为,不是结果;模型只知道已申报完成的任务"),
)  # fmt: skip
"""What notes of targets say, as patterns, and their Chinese."""

_called: ContextVar[Mapping[str, Name] | None] = ContextVar("names of what is told", default=None)


@contextmanager
def naming(names: Mapping[str, Name]) -> Iterator[None]:
    """Call places, industries, clauses and packages by their titles."""
    token = _called.set(names)
    try:
        yield
    finally:
        _called.reset(token)


def name_of(id: str) -> Name:
    """English and Chinese name of a group of firms, a place, an industry or a package; the id where none is known."""
    known = _called.get() or {}
    return known.get(id) or GENERAL.get(id) or (id, id)


def shown(id: str) -> str:
    """Name of a group in the language of the figure."""
    return said(*name_of(id))


def clause_name(address: str) -> Name:
    """A clause by its address, which is what commands take, and its title."""
    title = (_called.get() or {}).get(address)
    return (f"{address} {title[0]}", f"{address} {title[1]}") if title else name_of(address)


def names_of(results: xarray.Dataset, inputs: Inputs | None = None) -> dict[str, Name]:
    """Titles of a run's places, industries, packages and clauses, from its inputs, or from the files of these names.

    What is not found any more, such as a package of the user's that has moved, is left to be called by its id.
    """
    if inputs is not None:
        own = {inputs.environment.id: _title(inputs.environment)}
        return own | _of_region(inputs.region) | _of_packages(tuple(inputs.packages.values()))
    parts = [part for dim in ("clause", "player") if dim in results for part in results[dim].values]
    packages = {str(part).split("/")[0] for part in parts}
    packages |= {name for held in json.loads(results.attrs.get("mixes", "{}")).values() for name in held}
    found = dict(_from_catalog("regions", str(results.attrs.get("region", ""))))
    found |= _from_catalog("environments", str(results.attrs.get("environment", "")))
    for name in sorted(packages):
        found |= _from_catalog("packages", name)
    return found


def note_zh(note: str) -> str:
    """A note on a target in Chinese; what has no Chinese form stays as it is."""
    parts = [part.strip() for part in note.split("; ")]
    whole = _translated(note.strip())
    return whole if whole != note.strip() else ";".join(_translated(part) for part in parts)


def _translated(note: str) -> str:
    text = note.removeprefix("untracked: ")
    for english, chinese in NOTES_ZH:
        if english == text:
            return chinese
        if "(" in english and (met := re.fullmatch(english, text)):
            return met.expand(chinese)
    return text


@functools.lru_cache(maxsize=32)
def _from_catalog(kind: str, name: str) -> Mapping[str, Name]:
    """Titles within a shipped region, environment or package."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", catalog.HiddenFile)
            if kind == "packages":
                return _of_packages((load_package(name),))
            return _of_region(load_region(name)) if kind == "regions" else {name: _title(load_environment(name))}
    except PolicymixError:
        return {}


def _of_region(region: Any) -> dict[str, Name]:
    """Titles of a region, its places, its roles and its industries."""
    found = {region.id: _title(region), "city": _title(region)}
    found |= {each.id: _title(each) for each in (*region.place, *region.industry)}
    return found | {role: found[place] for role, place in region.roles.items() if place in found}


def _of_packages(packages: tuple[Any, ...]) -> dict[str, Name]:
    """Titles of packages and, by address, of their clauses."""
    found: dict[str, Name] = {}
    for package in packages:
        found[package.id] = _title(package.head)
        found[f"{package.id}{OPENED}"] = ("opportunities opened", "开放的应用场景")
        for clause in package.clause:
            if clause.title is not None:
                found[f"{package.id}/{clause.id}"] = _title(clause)
    return found


def _title(one: Any) -> Name:
    return one.title.en, one.title.zh or one.title.en
