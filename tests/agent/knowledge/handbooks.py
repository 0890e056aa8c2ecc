"""The same small handbook in several languages, and questions to it, each with the chapter that answers it."""

from agent.knowledge.index import Document
from agent.knowledge.passages import Section

HANDBOOKS: dict[str, tuple[tuple[str, str], ...]] = {
    "de": (
        ("Rückgabe", "Sie können Artikel innerhalb von dreißig Tagen zurückschicken. Das Geld wird bald erstattet."),
        ("Garantie", "Die Garantiezeit beträgt zwei Jahre ab Kaufdatum. Verschleißteile sind ausgenommen."),
        ("Öffnungszeiten", "Unser Laden ist montags bis samstags von neun bis achtzehn Uhr geöffnet. Sonntags nicht."),
        ("Versand", "Wir liefern nach Österreich und in die Schweiz. Die Versandkosten betragen fünf Euro."),
        ("Reparatur", "Defekte Geräte reparieren wir in Köln. Ein Kostenvoranschlag ist kostenlos."),
    ),
    "en": (
        ("Returns", "You can return items within thirty days of receipt. The refund arrives within a week."),
        ("Warranty", "The warranty lasts two years from the date of purchase. Wear parts are excluded."),
        ("Opening hours", "The shop is open Monday to Saturday from nine to six. It is closed on Sundays."),
        ("Shipping", "We deliver to Ireland and the United Kingdom. Shipping costs five euros."),
        ("Repairs", "We repair broken devices in our workshop in Cork. A quote is free of charge."),
    ),
    "zh": (
        ("退货", "您可以在收到商品后三十天内退货，退款将在一周内到账。"),
        ("保修", "保修期为自购买之日起两年，易损件除外。"),
        ("营业时间", "本店周一至周六上午九点到下午六点营业，周日休息。"),
        ("配送", "我们配送到中国大陆和香港，运费为二十元，满二百元免运费。"),
        ("维修", "有故障的设备由我们在上海的车间维修，报价免费。"),
    ),
    "ja": (
        ("返品", "商品到着後三十日以内であれば返品できます。返金は一週間以内に行われます。"),
        ("保証", "保証期間は購入日から二年間です。消耗品は対象外です。"),
        ("営業時間", "月曜日から土曜日の午前九時から午後六時まで営業しています。日曜日は定休日です。"),
        ("配送", "日本全国に配送します。送料は五百円で、五千円以上のご注文は無料です。"),
        ("修理", "故障した機器は大阪の工場で修理します。見積もりは無料です。"),
    ),
    "th": (
        ("การคืนสินค้า", "คุณสามารถคืนสินค้าได้ภายในสามสิบวันหลังจากได้รับ เงินจะคืนภายในหนึ่งสัปดาห์"),
        ("การรับประกัน", "ระยะเวลารับประกันสองปีนับจากวันที่ซื้อ ไม่รวมชิ้นส่วนสิ้นเปลือง"),
        ("เวลาทำการ", "ร้านของเราเปิดวันจันทร์ถึงวันเสาร์ตั้งแต่เก้าโมงเช้าถึงหกโมงเย็น ปิดวันอาทิตย์"),
        ("การจัดส่ง", "เราจัดส่งทั่วประเทศไทย ค่าจัดส่งห้าสิบบาท สั่งซื้อเกินพันบาทส่งฟรี"),
        ("การซ่อม", "อุปกรณ์ที่เสียเราซ่อมในโรงงานที่เชียงใหม่ ใบเสนอราคาไม่มีค่าใช้จ่าย"),
    ),
    "ko": (
        ("반품", "상품을 받은 후 삼십 일 이내에 반품할 수 있습니다. 환불은 일주일 이내에 됩니다."),
        ("보증", "보증 기간은 구입일로부터 이 년입니다. 소모품은 제외됩니다."),
        ("영업시간", "월요일부터 토요일까지 오전 아홉 시부터 오후 여섯 시까지 영업합니다. 일요일은 휴무입니다."),
        ("배송", "전국으로 배송합니다. 배송비는 삼천 원이며 오만 원 이상은 무료입니다."),
        ("수리", "고장 난 기기는 부산 공장에서 수리합니다. 견적은 무료입니다."),
    ),
}

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("de", "Kann ich etwas zurückgeben?", "Rückgabe"),
    ("de", "Rücksendung", "Rückgabe"),
    ("de", "Erstattung", "Rückgabe"),
    ("de", "Garantiefall", "Garantie"),
    ("de", "offnungszeiten am sonntag", "Öffnungszeiten"),
    ("de", "Was kostet die Lieferung nach Österreich?", "Versand"),
    ("de", "Kostenvoranschläge für Reparaturen", "Reparatur"),
    ("en", "refunds", "Returns"),
    ("en", "how long is the warrenty", "Warranty"),
    ("en", "is it closed on sunday", "Opening hours"),
    ("en", "delivery to ireland", "Shipping"),
    ("en", "quotes", "Repairs"),
    ("zh", "可以退货吗", "退货"),
    ("zh", "保修多久", "保修"),
    ("zh", "周日开门吗", "营业时间"),
    ("zh", "运费多少钱", "配送"),
    ("zh", "报价要钱吗", "维修"),
    ("ja", "返金はいつですか", "返品"),
    ("ja", "保証は何年ですか", "保証"),
    ("ja", "日曜日は開いていますか", "営業時間"),
    ("ja", "送料はいくらですか", "配送"),
    ("ja", "修理の見積もり", "修理"),
    ("th", "คืนสินค้าได้ไหม", "การคืนสินค้า"),
    ("th", "รับประกันกี่ปี", "การรับประกัน"),
    ("th", "วันอาทิตย์เปิดไหม", "เวลาทำการ"),
    ("th", "ค่าจัดส่งเท่าไร", "การจัดส่ง"),
    ("th", "ใบเสนอราคา", "การซ่อม"),
    ("ko", "환불은 언제 되나요", "반품"),
    ("ko", "보증이 몇 년인가요", "보증"),
    ("ko", "일요일에 열어요", "영업시간"),
    ("ko", "배송비가 얼마예요", "배송"),
)


def documents() -> list[Document]:
    """Return the handbooks of all languages, as they are indexed."""
    return [
        Document(f"/handbooks/{language}.md", f"Handbook {language}", "1", 0.0, tuple(Section(*each) for each in book))
        for language, book in HANDBOOKS.items()
    ]
