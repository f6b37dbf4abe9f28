"""The claim kinds and their facts as data: what a clause may name, test, pay on and count by.

A kind's ``holder`` is who is paid, its ``matter`` the thing that "the same project" means, ``on`` the fact that dates
the claim. The position of a fact in ``facts_of(kind)`` is its place in the fact array of ``settle``. Identifiers (type
``id``) are not in that array: only accounts use them.
"""

from dataclasses import dataclass

UNITS = {
    "money": "CNY",
    "usd": "USD",
    "share": "share 0..1",
    "count": "count",
    "number": "number",
    "area": "m2",
    "rent": "CNY per m2 and month",
    "months": "months",
    "date": "date",
    "bool": "yes or no",
    "choice": "word",
    "set": "words",
    "place": "place role",
    "id": "identifier",
}
PLACE_WORDS = ("city", "zone", "county", "elsewhere")
STEPS = ("technology_sme", "high_tech_enterprise", "chick_eagle", "gazelle", "unicorn", "leading")
"""Rungs of the ladder, lowest first; bit i of the fact ``steps`` is rung i, the bit after them is ``pre_ipo``."""


@dataclass(frozen=True)
class Fact:
    """One fact of a claim: name, type, meaning in English and Chinese, closed vocabulary of a choice or set."""

    name: str
    type: str
    meaning_en: str
    meaning_zh: str
    words: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of the fact; a bound is in the same unit."""
        return UNITS[self.type]


@dataclass(frozen=True)
class Kind:
    """One claim kind: holder, matter, the dating fact, its own facts."""

    name: str
    meaning_en: str
    meaning_zh: str
    holder: str
    matter: str
    on: str
    facts: tuple[Fact, ...]


def _facts(rows: str, vocabularies: dict[str, str] | None = None) -> tuple[Fact, ...]:
    """Facts from lines ``name | type | English | Chinese``; vocabularies by fact name, words separated by blanks."""
    out = []
    for line in rows.strip().splitlines():
        name, kind, english, chinese = (cell.strip() for cell in line.split("|"))
        words = tuple((vocabularies or {}).get(name, "").split())
        out.append(Fact(name, kind, english, chinese, PLACE_WORDS if kind == "place" else words))
    return tuple(out)


def _kind(head: str, rows: str, vocabularies: dict[str, str] | None = None) -> Kind:
    """A kind from ``name | English | Chinese | holder | matter | dating fact`` and the lines of its facts."""
    name, english, chinese, holder, matter, on = (cell.strip() for cell in head.split("|"))
    return Kind(name, english, chinese, holder, matter, on, _facts(rows, vocabularies))


COMMON = _facts(
    """
    place | place | where the claim is made | 申报地
    applied_on | date | date of application | 申请日期
    registered_on | date | date the firm was registered | 企业登记日期
    steps | set | rungs of the ladder held on the claim date | 企业梯度资格
    fields | set | what the firm does | 业务领域
    local | bool | registered and run in the place | 本地企业
    revenue | money | revenue of the last full year | 上年营业收入
    employees | count | persons employed | 职工人数
    """,
    {
        "steps": " ".join(STEPS) + " pre_ipo",
        "fields": "technology software_it digital electronics industrial_security automotive_electronics manufacturing "
        "agriculture services industrial_software other",
    },
)
COMMON_IDS = ("firm", "matter", "claim")

_TITLES = (
    "national_innovation_platform software_innovation_centre ecommerce_base ecommerce_firm digital_commerce_firm "
    "smart_elderly_care_pilot data_security_pilot dual_software_certificates industrial_software_title "
    "information_consumption_title cross_sector_platform specialised_platform little_giant gazelle unicorn "
    "chick_eagle high_tech_enterprise technology_sme leading five_g_factory digital_pioneer "
    "five_g_application_centre smart_factory digital_workshop automated_line smart_business_district "
    "data_management_maturity smart_community"
)
_GRADES = "national provincial city county"

KINDS: tuple[Kind, ...] = (
    _kind(
        "project | construction or upgrading | 建设或改造项目 | firm | project | on",
        """
        on | date | date of the investment | 投资日期
        types | set | what the project is | 项目类型
        new_investment | money | newly added investment | 新增投资额
        total_investment | money | whole investment | 总投资额
        construction_spending | money | newly added construction spending | 新增建设额
        own_use_investment | money | own-use premises and equipment | 自用房及设备投入
        major | bool | recognised as a major project | 重大项目
        newly_attracted | bool | newly attracted to the place | 新引进
        completed_on | date | date of completion | 完工日期
        accepted_on | date | date of acceptance | 验收日期
        qualified | bool | meets the named technical rules | 符合条件
        """,
        {
            "types": "digital_infrastructure smart_city digital_village smart_ocean industrial_internet "
            "it_manufacturing_integration software_service_platform smart_upgrading core_industry "
            "application_demonstration digital_agriculture_park other"
        },
    ),
    _kind(
        "research | a year's research and development | 年度研发 | firm | project | on",
        """
        on | date | date of the spending | 支出日期
        rd_spending | money | R&D spending | 研发投入
        major | bool | major project | 重大项目
        core_technology | bool | holds core technology | 核心技术
        """,
    ),
    _kind(
        "national_grant | a national grant received | 获得国家项目资金 | firm | project | received_on",
        """
        received_on | date | date received | 到账日期
        programme | choice | programme | 计划名称
        grant_received | money | national grant received | 国家资金额
        """,
        {"programme": "national_science_programme other"},
    ),
    _kind(
        "recognition | a title given by somebody | 认定 | firm | subject | recognised_on",
        """
        recognised_on | date | date of the recognition | 认定日期
        title | choice | the title | 称号
        grade | choice | grade of who gave it | 级别
        authority | choice | who gave it | 认定部门
        first_time | bool | first recognition | 首次
        level | count | level reached | 等级
        standard_passed_on | date | date the standard was passed | 贯标通过日期
        cost | money | cost of obtaining it | 费用
        """,
        {
            "title": _TITLES,
            "grade": _GRADES,
            "authority": "industry_ministry commerce_ministry science_ministry other",
        },
    ),
    _kind(
        "ranking | a rank in an evaluation | 评价排名 | firm | subject | ranked_on",
        """
        ranked_on | date | date of the ranking | 公布日期
        subject_type | choice | what was ranked | 参评对象
        provincial_rank | count | rank in the province | 省内名次
        cloud_revenue_last_year | money | last year's revenue from serving cloud and platform use | 上年上云服务收入
        """,
        {"subject_type": "industrial_internet_platform transformation_centre identifier_node"},
    ),
    _kind(
        "platform | a platform in operation | 平台运营 | firm | platform | on",
        """
        on | date | date of the claim | 申报日期
        platform_type | choice | kind of platform | 平台类型
        titles | set | titles held | 已获称号
        local_firms_served | count | local firms served | 服务本地企业数
        devices_connected | count | devices connected | 接入设备数
        new_firms_connected | count | firms newly connected | 新增接入企业数
        new_registrations | count | identifiers newly registered | 新增标识注册量
        resolutions_per_day | count | resolutions a day | 日解析量
        """,
        {
            "platform_type": "industry_platform secondary_node public_service other",
            "titles": "national_cross_sector_platform national_specialised_platform provincial_platform",
        },
    ),
    _kind(
        "contract | a contract signed | 合同 | firm | contract | signed_on",
        """
        signed_on | date | date signed | 签订日期
        purpose | choice | purpose | 用途
        contract_value | money | value of the contract | 合同额
        local_firms_served | count | local firms served | 服务本地企业数
        third_party | bool | third-party provider | 第三方服务商
        """,
        {"purpose": "key_field_informatisation industrial_security other"},
    ),
    _kind(
        "fund_investment | an equity investment of a fund | 基金股权投资 | fund | investment | paid_on",
        """
        paid_on | date | date paid in | 出资日期
        fund | id | the fund | 基金
        fund_type | choice | kind of fund | 基金类型
        instrument | choice | instrument | 投资方式
        equity_invested | money | equity invested | 股权投资额
        target_place | place | place of the firm invested in | 被投企业所在地
        target_listed | bool | the firm is listed | 被投企业已上市
        target_digital | bool | a digital-economy firm | 数字经济企业
        """,
        {"fund_type": "angel venture industry other", "instrument": "equity debt convertible"},
    ),
    _kind(
        "contest | a contest held | 举办赛事 | organiser | contest | held_on",
        """
        held_on | date | date held | 举办日期
        organiser | id | who holds it | 主办单位
        held_in | place | where it is held | 举办地
        contest_field | choice | field | 领域
        prize_money | money | prize money in all | 奖金总额
        spending | money | spending on the contest | 办赛支出
        """,
        {"contest_field": "digital other"},
    ),
    _kind(
        "prize | a contest prize won | 获奖 | firm | entry | won_on",
        """
        won_on | date | date won | 获奖日期
        contest | choice | contest | 赛事
        grade | choice | grade of the contest | 级别
        prize_rank | count | rank of the prize (1 best) | 奖项等次
        """,
        {"contest": "5g_application digital_innovation other", "grade": _GRADES},
    ),
    _kind(
        "arrival | a new registration or a move in | 新注册或迁入 | firm | arrival | arrived_on",
        """
        arrived_on | date | date of arrival | 落户日期
        how | choice | how it arrived | 落户方式
        from_place | place | where it came from | 迁出地
        headquarters | bool | a headquarters | 总部企业
        paid_in_foreign_capital | usd | paid-in registered foreign capital | 实缴注册外资
        arrived_domestic_capital | money | domestic capital arrived | 实际到位内资
        capital_from | choice | where the capital comes from | 资金来源地
        contest_prize | bool | team won a contest prize | 大赛获奖团队
        planned_value_added | money | value added a year that the firm will produce | 预计年增加值
        """,
        {"how": "new_registration move_in expansion", "capital_from": "other_province same_province abroad"},
    ),
    _kind(
        "lease | premises leased | 租赁场地 | firm | lease | started_on",
        """
        started_on | date | first day of the lease | 起租日期
        how | choice | how the firm arrived | 落户方式
        designated_building | bool | in a designated building | 入驻指定楼宇
        area | area | area leased | 租赁面积
        rent | rent | rent | 租金
        months | months | length of the lease | 租期
        """,
        {"how": "new_registration move_in expansion"},
    ),
    _kind(
        "talent | people hired or rewarded | 人才 | firm | project | on",
        """
        on | date | date of the claim | 申报日期
        role | choice | role | 岗位
        grade | choice | grade of the person | 人才级别
        major | bool | of a major project | 重大项目
        pay | money | pay of the persons concerned | 薪酬总额
        recruitment_fee | money | recruitment fee | 猎头费用
        how | choice | how hired | 引进方式
        """,
        {
            "role": "decision_maker manager scarce_specialist listed_talent_project high_level other",
            "grade": _GRADES,
            "how": "full_time trained_here part_time",
        },
    ),
    _kind(
        "park | a park or base | 园区 | park | park | on",
        """
        on | date | date of the claim | 申报日期
        park | id | the park | 园区
        grade | choice | grade | 级别
        recognised | bool | recognised | 经认定
        operating | bool | in operation | 已运营
        firms | count | firms in it | 入驻企业数
        park_revenue | money | revenue of its firms | 园区营业收入
        influential | bool | influential | 有影响力
        """,
        {"grade": _GRADES},
    ),
    _kind(
        "data_centre | a data centre | 数据中心 | firm | data_centre | on",
        """
        on | date | date of the claim | 申报日期
        size | choice | size class | 规模
        new | bool | newly built | 新建
        pue_cut | number | cut of the power usage effectiveness | 电能利用效率降幅
        kwh_saved | number | power saved, kWh a year | 年节电量
        cloud_share | share | share of high-level cloud | 高等级上云比例
        firms_served | count | firms served | 服务企业数
        indirect_benefit | money | indirect benefit | 间接效益
        visits_a_year | count | visits a year | 年访问量
        racks_in_use | count | racks in use | 在用机架数
        qualified | bool | meets the named technical rules | 符合条件
        """,
        {"size": "edge small medium large"},
    ),
    _kind(
        "milestone | output or revenue first reaches a figure | 达产达规模 | firm | subject | reached_on",
        """
        reached_on | date | date reached | 达到日期
        measure | choice | what is measured | 指标
        value | money | value reached | 达到数额
        first_time | bool | for the first time | 首次
        newly_attracted | bool | newly attracted to the place | 新引进
        product | choice | product | 产品
        paid_in_capital | money | paid-in capital | 实缴资本
        """,
        {"measure": "revenue output", "product": "automotive_electronics software other"},
    ),
    _kind(
        "task | a research task of an open call | 揭榜任务 | firm | task | accepted_on",
        """
        accepted_on | date | date accepted as done | 验收日期
        published_on | date | date published | 发榜日期
        accepted | bool | accepted as done | 通过验收
        score | number | score | 评分
        """,
    ),
    _kind(
        "event | a forum or exhibition | 论坛活动 | organiser | event | held_on",
        """
        held_on | date | date held | 举办日期
        organiser | id | who holds it | 主办单位
        high_level | bool | of a high level | 高水平
        cost | money | cost | 费用
        """,
    ),
    _kind(
        "laboratory | a laboratory | 实验室 | laboratory | laboratory | on",
        """
        on | date | date of the claim | 申报日期
        laboratory | id | the laboratory | 实验室
        laboratory_type | choice | kind | 类型
        assessment | choice | result of the assessment | 考核结果
        investment | money | investment | 投资额
        """,
        {
            "laboratory_type": "scenario_application city_key national_key other",
            "assessment": "excellent good pass fail",
        },
    ),
    _kind(
        "node | an identifier node connected | 标识解析节点 | firm | node | connected_on",
        """
        connected_on | date | date connected | 接入日期
        level | choice | level | 级别
        first_time | bool | for the first time | 首次
        construction_cost | money | construction cost | 建设费用
        """,
        {"level": "secondary enterprise"},
    ),
    _kind(
        "service | a centre or platform that serves others | 服务机构 | firm | service | on",
        """
        on | date | date of the claim | 申报日期
        service_type | choice | kind of service | 服务类型
        served | count | firms served | 服务企业数
        cost | money | cost | 费用
        innovative | bool | innovative | 创新性
        """,
        {"service_type": "diagnosis influential_platform other"},
    ),
)
