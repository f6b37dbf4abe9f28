"""What an experiment can name: variables of a firm and quarter, traits of a firm, totals of a place, expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from policymix.engine.symbols import STEPS

FLOW, STOCK, TRAIT, TOTAL = "flow", "stock", "trait", "total"


@dataclass(frozen=True)
class Named:
    """A variable: a flow (sum of a quarter), a stock (end of a quarter), a trait of a firm, or a total of a place.

    ``expression`` says how it follows from others; without one it is measured.
    """

    name: str
    kind: str
    units: str
    en: str
    zh: str
    expression: str = ""


def _rows(kind: str, text: str) -> list[Named]:
    """Variables of a kind from lines ``name | units | English | Chinese | expression``."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    return [Named(row[0], kind, *row[1:]) for row in rows]


KNOWN: dict[str, Named] = {
    each.name: each
    for each in (
        *_rows(
            FLOW,
            """
            investment | CNY | investment | 投资
            value_added | CNY | value added | 增加值
            revenue | CNY | revenue as reported | 营业收入
            real_rd | CNY | real R&D | 实际研发
            reported_rd | CNY | reported R&D | 申报研发
            received | CNY | money received from packages | 收到的政策资金
            claimed_investment | CNY | investment that granted claims refer to | 获批投资
            claimed_rd | CNY | R&D that granted claims refer to | 获批研发
            spike_investment | CNY | investment of calendar years with I/K above 20 % | 投资激增年份的投资
            small_investment | CNY | investment of all other years | 其他年份的投资
            spikes | count | firm-years with I/K above 20 %, in the year's last quarter | 投资激增次数
            idle_years | count | firm-years with I/K within 1 % of nought, in the year's last quarter | 无投资年数
            inputs | CNY | value added that capital and staff alone would give at cost shares | 要素投入
            profit | CNY | profit before tax at the usual R&D | 税前利润
            services | CNY | digital services bought outside | 外购数字服务
            started | CNY | projects begun | 新开工项目投资
            starts | count | projects begun | 新开工项目数
            free_to_build | count | firm-quarters that begin without a project under way | 可开工的企业季度数
            adopted | count | own digital equipment taken up | 新购自有数字设备
            asked | CNY | asked for in claims filed | 申请金额
            granted | CNY | granted on claims filed | 批准金额
            claims | count | claims filed that would be paid | 申请件数
            base | CNY | what the claims filed refer to | 申请对应的投资或研发
            relabelled | CNY | R&D reported beyond the real one | 重标研发 | reported_rd - real_rd
            """,
        ),
        *_rows(
            STOCK,
            """
            active | 1 | 1 while active | 存续
            staff | persons | staff | 用工人数
            capital | CNY | capital | 资本存量
            funds | CNY | liquid funds | 流动资金
            age | years | age | 企业年龄
            demand_state | CNY/year | demand state S | 需求状态
            own_equipment | 1 | digital equipment of its own | 自有数字设备
            bought_services | 1 | share of the service budget bought outside | 外购数字服务份额
            ladder | 1 | rungs held, a bit mask | 梯度资格
            deflator | 1 | price level, 1 in the base year: money of firms is at constant prices | 价格指数
            cash | 1 | liquid funds over capital | 流动资金与资本之比 | funds / capital
            margin | 1 | profit over revenue | 利润率 | profit / revenue
            intensity | 1 | reported R&D over revenue | 申报研发强度 | reported_rd / revenue
            real_intensity | 1 | real R&D over revenue | 实际研发强度 | real_rd / revenue
            investment_rate | 1 | investment over capital | 投资率 | investment / capital
            """
            + "".join(f"\n{step} | 1 | holds the rung {step} | 持有{step}资格" for step in STEPS),
        ),
        *_rows(
            TRAIT,
            """
            industry | word | industry of the region file | 行业
            place | word | place or its role, at the treatment date | 区域
            born | word | before or after the treatment date | 成立先后
            recipient | 1 | has a granted claim under the mix | 获批企业
            absent | 1 | never there under the control mix | 对照情景下不存在
            diverted | 1 | there under both mixes, first at different places | 区位不同
            moved | 1 | an incumbent or entrant that later changed its place | 迁移企业
            mobile | 1 | entered as a mobile project, not as a local founder | 流动项目
            """,
        ),
        *_rows(
            TOTAL,
            """
            entries | count | active firms that entered | 新进入企业
            exits | count | exits | 退出
            moves | count | incumbents that moved in from the other place | 市内迁入
            paper | count | registrations without staff | 空壳登记
            registrations | count | firms that entered and registrations without staff | 登记数
            paid | CNY | paid by packages | 拨付
            committed | CNY | committed by packages | 批准
            recovered | CNY | recovered by packages | 追回
            claims_made | count | clauses claimed | 申请数
            claims_approved | count | clauses approved | 获批数
            claims_rationed | count | clauses cut by a budget | 被限额削减数
            """,
        ),
    )
}
FUNCTIONS: dict[str, tuple[int, Callable[..., np.ndarray]]] = {
    "log": (1, np.log),
    "exp": (1, np.exp),
    "sqrt": (1, np.sqrt),
    "abs": (1, np.abs),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
}
_OPERATORS: dict[type, Callable[..., np.ndarray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
}
GRAMMAR = "names of variables, parameter.NAME, numbers, + - * /, one comparison, and " + ", ".join(FUNCTIONS)


def names_in(expression: str) -> set[str]:
    """Variables that an expression names.

    Raises
    ------
    ValueError
        It uses more than `GRAMMAR`; the message says what.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise ValueError(f"'{expression}', which cannot be read") from None
    found: set[str] = set()
    _walk(tree, found)
    return found


def _walk(node: ast.AST, found: set[str]) -> None:
    match node:
        case ast.Name():
            found.add(node.id)
        case ast.Attribute(value=ast.Name(id="parameter")):
            found.add(f"parameter.{node.attr}")
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.BinOp() if type(node.op) in _OPERATORS:
            _walk(node.left, found)
            _walk(node.right, found)
        case ast.UnaryOp(op=ast.USub()):
            _walk(node.operand, found)
        case ast.Compare() if len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
            _walk(node.left, found)
            _walk(node.comparators[0], found)
        case ast.Call(func=ast.Name(id=called)) if not node.keywords and called in FUNCTIONS:
            if len(node.args) != FUNCTIONS[called][0]:
                raise ValueError(f"{called} with {len(node.args)} arguments")
            for each in node.args:
                _walk(each, found)
        case _:
            raise ValueError(f"'{ast.unparse(node)}'")


def value_of(expression: str, look_up: Callable[[str], np.ndarray]) -> np.ndarray:
    """The value of an expression; where it is not a number (0 / 0, log of 0) it is NaN.

    Parameters
    ----------
    look_up : function from a variable's name to its array; all arrays have one shape
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = np.asarray(_value(ast.parse(expression, mode="eval").body, look_up), float)
    return np.where(np.isfinite(value), value, np.nan)


def _value(node: ast.AST, look_up: Callable[[str], np.ndarray]) -> np.ndarray:
    match node:
        case ast.Name():
            return look_up(node.id)
        case ast.Attribute():
            return look_up(f"parameter.{node.attr}")
        case ast.Constant():
            return np.asarray(node.value, float)
        case ast.BinOp():
            return _OPERATORS[type(node.op)](_value(node.left, look_up), _value(node.right, look_up))
        case ast.UnaryOp():
            return -_value(node.operand, look_up)
        case ast.Compare():
            operator = _OPERATORS[type(node.ops[0])]
            return operator(_value(node.left, look_up), _value(node.comparators[0], look_up)).astype(float)
        case ast.Call(func=ast.Name(id=called)):
            return FUNCTIONS[called][1](*(_value(each, look_up) for each in node.args))
    raise ValueError(f"'{ast.unparse(node)}'")


def needed(names: set[str], defined: Mapping[str, Named]) -> set[str]:
    """Measured variables that some names rest on, their expressions followed."""
    out: set[str] = set()
    for name in names:
        if name.startswith("parameter."):
            continue
        row = defined.get(name) or KNOWN[name]
        out |= needed(names_in(row.expression), defined) if row.expression else {name}
    return out
