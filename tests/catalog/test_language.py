"""The language of a product's texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.understanding.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hand-thrown mugs for people who like their tea hot.", "en"),
        ("Tazas hechas a mano para quienes toman el té muy caliente.", "es"),
        ("Des tasses faites à la main pour ceux qui aiment le thé chaud.", "fr"),
        ("Handgetöpferte Tassen für alle, die ihren Tee heiß mögen.", "de"),
        ("Tazze fatte a mano per chi ama il tè bollente.", "it"),
        ("Canecas feitas à mão para quem gosta do chá bem quente.", "pt"),
        ("Handgedraaide mokken voor wie zijn thee graag heet drinkt.", "nl"),
        ("Ręcznie toczone kubki dla tych, którzy lubią gorącą herbatę.", "pl"),
        ("Handgjorda muggar för dig som vill ha ditt te riktigt varmt.", "sv"),
        ("Håndlavede krus til dig, der gerne vil have varm te hver dag.", "da"),
        ("Håndlagde krus for deg som liker teen skikkelig varm.", "no"),
        ("Käsintehtyjä mukeja niille, jotka pitävät kuumasta teestä.", "fi"),
        ("Ručně vyrobené hrnky pro ty, kdo mají rádi horký čaj.", "cs"),
        ("Căni făcute manual pentru cei care își beau ceaiul fierbinte.", "ro"),
        ("Kézzel készült bögrék azoknak, akik forrón szeretik a teát.", "hu"),
        ("Çayını sıcak sevenler için el yapımı kupalar.", "tr"),
        ("Χειροποίητες κούπες για όσους αγαπούν το ζεστό τσάι.", "el"),
        ("Кружки ручной работы для тех, кто любит горячий чай.", "ru"),
        ("Кухлі ручної роботи для тих, хто любить гарячий чай.", "uk"),
        ("أكواب مصنوعة يدويا لمحبي الشاي الساخن", "ar"),
        ("ספלים בעבודת יד לאוהבי תה חם", "he"),
        ("गर्म चाय पसंद करने वालों के लिए हाथ से बने मग", "hi"),
        ("熱いお茶が好きな人のための手作りマグカップ", "ja"),
        ("为喜欢热茶的人手工制作的杯子", "zh"),
        ("뜨거운 차를 좋아하는 분을 위한 수제 머그컵", "ko"),
        ("Cốc gốm làm thủ công cho những ai thích uống trà nóng.", "vi"),
        ("แก้วเซรามิกทำมือสำหรับคนรักชาร้อน", "th"),
        ("Ručno rađene šalice za sve koji vole vrući čaj, a vrlo dugo traju i nakon pranja.", "hr"),
        ("Ručne vyrábané hrnčeky pre všetkých, ktorí majú radi horúci čaj.", "sk"),
        ("Ročno izdelane skodelice za vse, ki imajo radi vroč čaj in lepe stvari.", "sl"),
        ("Tasses fetes a mà per a tothom qui pren el te ben calent cada dia.", "ca"),
        ("Rankų darbo puodeliai visiems, kurie mėgsta karštą arbatą kiekvieną dieną.", "lt"),
        ("Käsitsi valmistatud kruusid kõigile, kes armastavad kuuma teed ja head seltskonda.", "et"),
        ("Ръчно изработени чаши за всички, които обичат горещ чай и хубави вечери.", "bg"),
        ("لیوان‌های دست‌ساز برای همه کسانی که چای داغ را دوست دارند و مهمانی می‌گیرند", "fa"),
        ("Cangkir buatan tangan untuk Anda yang suka teh panas, dan tahan lama.", "id"),
    ],
)
def test_language_of_one_sentence(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "   ", "12,50 €", "XK-40 Mk II", "Taxi", "Nova 3 Pro", "!!!"])
def test_text_that_tells_nothing_is_undetermined(text: str) -> None:
    assert language_of(text) == "und"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Blue Whale Running Shoes von Trailhead sind ab sofort im Laden.", "de"),
        ("Compostura de máquinas. Caseras e industriales, de cualquier marca. Se descuenta si la arreglamos.", "es"),
        ("Barra de sonido Sound Blaster Pro X para tu televisor, con mando incluido", "es"),
        ("シンプルなデザインの USB-C ハブ (Model X200 Pro Max)", "ja"),
        ("Беспроводные наушники SoundMax Pro X200 Bluetooth", "ru"),
    ],
)
def test_foreign_product_names_do_not_change_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_has_a_code(text: str) -> None:
    assert language_of(text).isalpha()
