"""Words that facts of a claim may have, and units of their numbers, in Chinese for the calculator's form."""

from __future__ import annotations

WORDS_ZH = {
    "agriculture": "农业", "electronics": "电子", "industrial_software": "工业软件", "manufacturing": "制造业",
    "pre_ipo": "拟上市企业", "services": "服务业", "software_it": "软件和信息技术服务业", "technology": "科技",
    "5g_application": "5G应用", "abroad": "境外", "angel": "天使投资", "application_demonstration": "应用示范",
    "automated_line": "自动化生产线", "automotive_electronics": "汽车电子", "chick_eagle": "雏鹰企业", "city": "市级",
    "city_key": "市级重点", "commerce_ministry": "商务部", "convertible": "可转债", "core_industry": "数字经济核心产业",
    "county": "县级", "cross_sector_platform": "跨行业跨领域平台", "data_management_maturity": "数据管理能力成熟度",
    "data_security_pilot": "数据安全试点", "debt": "债权", "decision_maker": "决策层人员", "diagnosis": "诊断服务",
    "digital": "数字经济企业", "digital_agriculture_park": "数字农业园区", "digital_commerce_firm": "数字商务企业",
    "digital_infrastructure": "数字基础设施", "digital_innovation": "数字化创新", "digital_pioneer": "数字化先锋",
    "digital_village": "数字乡村", "digital_workshop": "数字化车间", "dual_software_certificates": "双软认证",
    "ecommerce_base": "电子商务基地", "ecommerce_firm": "电子商务企业", "edge": "边缘数据中心", "elsewhere": "市外",
    "enterprise": "企业级", "equity": "股权", "excellent": "优秀", "expansion": "增资扩产", "fail": "不合格",
    "five_g_application_centre": "5G应用中心", "five_g_factory": "5G工厂", "full_time": "全职", "gazelle": "瞪羚企业",
    "good": "良好", "high_level": "高层次人才", "high_tech_enterprise": "高新技术企业",
    "identifier_node": "标识解析节点",
    "industrial_internet": "工业互联网", "industrial_internet_platform": "工业互联网平台",
    "industrial_security": "工业安全", "industrial_software_title": "工业软件称号", "industry": "行业级",
    "industry_ministry": "工业和信息化部", "industry_platform": "行业平台", "influential_platform": "有影响力的平台",
    "information_consumption_title": "信息消费称号", "it_manufacturing_integration": "信息技术与制造业融合",
    "key_field_informatisation": "重点领域信息化", "large": "大型", "leading": "头部企业",
    "listed_talent_project": "入选人才项目", "little_giant": "专精特新小巨人", "manager": "管理层人员",
    "medium": "中型",
    "move_in": "迁入", "national": "国家级", "national_cross_sector_platform": "国家级跨行业跨领域平台",
    "national_innovation_platform": "国家级创新平台", "national_key": "国家重点",
    "national_science_programme": "国家科技计划",
    "national_specialised_platform": "国家级特色专业型平台", "new_registration": "新注册", "other": "其他",
    "other_province": "外省", "output": "产值", "part_time": "兼职", "pass": "合格", "provincial": "省级",
    "provincial_platform": "省级平台", "public_service": "公共服务", "revenue": "营业收入",
    "same_province": "省内其他城市",
    "scarce_specialist": "紧缺专业人才", "scenario_application": "场景应用", "science_ministry": "科学技术部",
    "secondary": "二级", "secondary_node": "二级节点", "small": "小型", "smart_business_district": "智慧商圈",
    "smart_city": "智慧城市", "smart_community": "智慧社区", "smart_elderly_care_pilot": "智慧养老试点",
    "smart_factory": "智能工厂", "smart_ocean": "智慧海洋", "smart_upgrading": "智能化改造", "software": "软件",
    "software_innovation_centre": "软件创新中心", "software_service_platform": "软件服务平台",
    "specialised_platform": "特色专业型平台", "technology_sme": "科技型中小企业", "trained_here": "本地培养",
    "transformation_centre": "转型促进中心", "unicorn": "独角兽企业", "venture": "创业投资", "zone": "高新区",
}  # fmt: skip
UNITS_ZH = {
    "CNY": "元", "CNY per m2 and month": "元/平方米·月", "USD": "美元", "m2": "平方米", "months": "个月", "number": "",
    "share 0..1": "比例(0至1)", "identifier": "标识",
}  # fmt: skip


def word_in(word: str, lang: str) -> str:
    """A word of a fact as a reader of the language says it."""
    return WORDS_ZH[word] if lang == "zh" else word.replace("_", " ")


def unit_in(unit: str, lang: str) -> str:
    """A unit of a fact as a reader of the language says it."""
    return UNITS_ZH[unit] if lang == "zh" else unit
