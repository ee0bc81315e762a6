"""Scripts that cannot be spoken are found before anything is paid for, and what can be spoken is never refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.video.script.check import why_not_speakable
from services.video.script.markup import said
from services.video.script.speakable import speakable

SPOKEN = (
    "Our bakers at Boulangerie Martin fold each croissant by hand. Come early!",
    "Fresh pasta daily. Tagliatelle, Pappardelle, Orecchiette, Cavatelli, Fusilli.",
    "Maison Dubois Paris, Eau de Parfum, Rose Noire.",
    "Soft skin. Bright eyes. Glow.",
    "Run faster, jump higher, land softer.",
    "Wool, silk, cashmere, velvet, denim.",
    "I ❤️ it ✅ 100% Acme™ and Nova® ½ № 5 → 4.9★ ©2026",
    "Jalapeño, crème fraîche, smørrebrød, Żubrówka and Škoda at the Łódź café.",
    "Take μ as the mean and π as a pie; α-lipoic acid helps.",
    "Merci! Grazie! Danke! We say thank you for ten years.",
    "BUY NOW. SAVE BIG. SHIP FREE.",
    "Yes!",
    "New.\nSoft.\nYours.",
)
FOREIGN = (
    ("Spanish", "Prueba nuestro café recién tostado y recibe el primer paquete gratis en tu casa."),
    ("German", "Unser neuer Rucksack hält jeden Regen aus und wiegt nur ein Kilo."),
    ("French", "Notre savon est fait à la main avec de l'huile d'olive et du miel."),
    ("Italian", "Il nostro olio nasce tra le colline e arriva direttamente a casa tua."),
    ("Portuguese", "A nossa loja tem tudo para o seu jardim, com entrega em dois dias."),
    ("Dutch", "Onze fietsen zijn gemaakt voor de stad en je betaalt pas na een maand."),
    ("Swedish", "Våra stolar är gjorda av trä och de håller i hela livet."),
    ("Polish", "Nasze świece są robione ręcznie i pachną przez wiele godzin w domu."),
)
UNSAYABLE = (
    ("Try 珍珠奶茶 with us today", "珍珠奶茶"),
    ("Say Спасибо to your feet", "Спасибо"),
    ("Our brand Ελιά is back", "Ελιά"),
    ("Only for the brave: שלום", "שלום"),
    ("The sum ∑ of all tastes", "∑"),
)


@pytest.mark.parametrize("script", SPOKEN)
def test_english_with_names_and_ornaments_is_spoken(script: str) -> None:
    assert why_not_speakable(script) is None


@pytest.mark.parametrize(("language", "script"), FOREIGN)
def test_script_in_another_language_is_refused_by_its_name(language: str, script: str) -> None:
    reason = why_not_speakable(script)
    assert reason is not None
    assert f"reads as {language}" in reason
    assert script.split(maxsplit=1)[0] in reason


@pytest.mark.parametrize(("language", "script"), FOREIGN[:4])
def test_foreign_sentence_among_english_ones_is_found(language: str, script: str) -> None:
    reason = why_not_speakable(f"Welcome to our little shop on the corner, we are glad to see you. {script}")
    assert reason is not None
    assert language in reason


@pytest.mark.parametrize(("script", "word"), UNSAYABLE)
def test_words_that_the_voice_has_no_sound_for_are_named(script: str, word: str) -> None:
    reason = why_not_speakable(script)
    assert reason is not None
    assert f"“{word}”" in reason


@pytest.mark.parametrize(
    "script",
    [
        "?!?!?! ... !!!",
        "🎉 🎉 🎉 🎉 🎉",
        "ラーメンとお茶",
        "<b></b><break time='2s'/> ---",
        "* * * * * * * *",
    ],
)
def test_script_without_a_spoken_word_is_refused(script: str) -> None:
    reason = why_not_speakable(script)
    assert reason is not None
    assert "no words" in reason


def test_pronunciation_makes_a_word_of_another_script_speakable() -> None:
    script = "Our 珍珠奶茶 is the best in town"
    assert why_not_speakable(script, {"珍珠奶茶": "bubble tea"}) is None
    assert "pronunciation" in (why_not_speakable(script, {"珍珠奶茶": "奶茶"}) or "")


def test_endless_word_is_refused() -> None:
    assert "letters" in (why_not_speakable(f"Hello {'ha' * 60}") or "")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_a_verdict(script: str) -> None:
    reason = why_not_speakable(script)
    assert reason is None or len(reason) < 700


@pytest.mark.parametrize("script", [
    "Write to a²@example.com now.", "See example.com/a² today.", "Follow @shop² for more.", "Model #① is here today.",
    "\u03a2 is here now, come and see.", "Easy to uſe every single day.",
])  # fmt: skip
def test_odd_signs_have_a_verdict(script: str) -> None:
    assert why_not_speakable(script, {}) is None or "speak" in str(why_not_speakable(script, {}))


@pytest.mark.parametrize("script", ["A" + "1" * 1998 + "_", ("1" * 24 + "% ") * 76, "111 " * 500, "A1-" * 660])
def test_a_hostile_script_is_read_in_bounded_time(script: str) -> None:
    """One cubic pattern took 84 seconds. A process of its own, since a pattern cannot be interrupted."""
    code = (
        "import sys; from services.video.script.check import why_not_speakable; why_not_speakable(sys.stdin.read(), {})"
    )
    subprocess.run([sys.executable, "-c", code], input=script, text=True, check=True, timeout=60)


@pytest.mark.parametrize(("script", "spoken"), [
    ("TOP 10 gifts", "TOP ten gifts"), ("TRY 3 flavors", "TRY three flavors"),
    ("Flat 12B is free", "Flat twelve B is free"),
    ("5M downloads", "five million downloads"), ("₹1,00,000 off", "one hundred thousand rupees off"),
])  # fmt: skip
def test_words_that_are_codes_and_letters_that_are_no_millions(script: str, spoken: str) -> None:
    assert speakable(script).text == spoken


def test_tags_hide_no_word_from_the_policy() -> None:
    assert said("vi<b></b>agra") == "viagra"
    assert said("vi<!-- -->agra") == "viagra"
    assert said("vi&#97;gra") == "viagra"
    assert said('buy<break time="1s"/>now') == "buy now"
