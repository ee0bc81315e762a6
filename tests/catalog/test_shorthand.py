"""Shorthand is written out before a text is read, and only where it can mean one thing."""

from __future__ import annotations

import pytest

from services.catalog.understanding.shorthand import without_shorthand, written_out
from services.catalog.understanding.values import Offer, ProductTexts


@pytest.mark.parametrize(
    ("language", "sent", "written"),
    [
        ("en", "pizza oven 4 ur party 30 ppl min", "pizza oven for your party 30 people minimum"),
        ("en", "Ring b4 noon, tell us b4 u come", "Ring before noon, tell us before you come"),
        ("en", "for boats, sheds etc etc. Folds down, diff sizes", "for boats, sheds. Folds down, different sizes"),
        ("en", "abt 40 stems, approx. 2 kg", "about 40 stems, about 2 kg"),
        ("en", "12 hr, 1 hr, 90 mins", "12 hours, 1 hour, 90 minutes"),
        ("en", "72 hr returns, 5yr warranty / 1yr the rest", "72-hour returns, 5-year warranty / 1 year the rest"),
        ("en", "£4 ea, £30pp, £12/pp", "£4 each, £30 per person, £12 per person"),
        ("en", "Seniors 15% off tues", "Seniors 15% off on Tuesdays"),
        ("en", "Refills:2 free", "Refills: 2 free"),
        ("en", "min 12, min. order £20, max 6", "minimum 12, minimum order £20, maximum 6"),
        ("en", "Hose incl. Cover excl.", "Hose included. Cover excluded"),
        ("en", "SHARPENED WHILE U WAIT, they r ready", "SHARPENED WHILE YOU WAIT, they are ready"),
        ("en", "we dont post, u cant miss it", "we don't post, you can't miss it"),
        ("en", "All nearby town's. Visit free no obligation.", "All nearby towns. Visit free, no obligation."),
        ("de", "Waschen u. Bügeln, mind. 4 Pers.", "Waschen und Bügeln, mindestens 4 Personen"),
        ("fr", "cours pr 2 pers, bcp de choix", "cours pour 2 personnes, beaucoup de choix"),
        ("es", "18€ x persona, 10% dto, mín. 3 noches", "18€ por persona, 10% de descuento, mínimo 3 noches"),
        ("it", "20€ x persona, 6 gg, nn serve", "20€ per persona, 6 giorni, non serve"),
        ("pt", "p/ todo o bairro, 12 un., tb entrega", "para todo o bairro, 12 unidades, também entrega"),
    ],
)
def test_shorthand_is_written_out(language: str, sent: str, written: str) -> None:
    assert without_shorthand(sent, language) == written


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Nails 4 U by Mo. 4 kids £20, 3 for 2"),
        ("en", "Open 9:30-5, ratio 2:1, see https://a.example/ur?x:2"),
        ("en", "Model HR-20-MIN, 45 min, cant of the bow, Tues-Thurs"),
        ("en", "£9 incl. VAT, St Mary's, to no avail"),
        ("en", '<div class="u">tea</div> @ur_shop #b4'),
        ("de", "Wo 3 Zimmer sind, 20 m lang"),
        ("pt", "2 sem compromisso"),
    ],
)
def test_what_may_mean_something_else_stays(language: str, text: str) -> None:
    assert without_shorthand(text, language) == text


def test_sender_keeps_the_name_within_texts() -> None:
    texts = ProductTexts(
        project="Pls n Thx",
        name="cards 4 ur mum",
        description="Pls n Thx cards, pls order b4 May",
        features=("abt 40 designs",),
        offer=Offer(text="2 ppl free"),
    )
    written = written_out(texts, "en-GB")
    assert written.project == "Pls n Thx"
    assert written.name == "cards for your mum"
    assert written.description == "Pls n Thx cards, please order before May"
    assert written.description_as_sent == texts.description
    assert written.features == ("about 40 designs",)
    assert written.offer == Offer(text="2 people free")
    assert written_out(texts, "und") is texts
