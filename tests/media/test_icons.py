"""Icons of lists: they fit what an item says in its language, and an item that is not understood has a tick."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from services.media import drawings, model_files
from services.media.benefit_icons import TICK, fitting_icons, icon_names, icons_for, read_table
from services.media.colour import Colour
from services.media.drawing_files import drawing_file
from services.media.skia import skia


@pytest.fixture(scope="module")
def path() -> Path:
    try:
        return model_files.model_path(model_files.ICONS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


class TestMeaning:
    @pytest.mark.parametrize(
        ("text", "language", "icon"),
        [
            ("Free delivery within 24 hours", "en-GB", "truck"),
            ("5 Jahre Motorgarantie", "de", "shield-check"),
            ("Lavable en machine", "fr", "washing-machine"),
            ("Pago sin intereses", "es-MX", "credit-card"),
            ("Aperto tutti i giorni", "it", "calendar-days"),
            ("Café da manhã", "pt-BR", "utensils"),
            ("14 dagars öppet köp", "sv", "undo-2"),
            ("Håndlavet i Aarhus", "da", "hand"),
            ("送料無料", "ja", "truck"),
            ("5 minutes from the beach", "en", "map-pin"),
            ("Save 20 % on a second pair", "en_GB", "piggy-bank"),
            ("İADE KABUL EDİLİR", "tr", "undo-2"),
            ("KARGO ÜCRETSİZ", "tr", "truck"),
            ("Su geçirmez", "tr", "droplets"),
            ("Klar på 30 minutter", "da", "clock"),
            ("Bed and breakfast", "en", "bed-double"),
        ],
    )
    def test_item_has_the_icon_of_what_it_says(self, text: str, language: str, icon: str) -> None:
        assert fitting_icons(text, language)[0] == icon

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("No delivery on Sundays", "en"),
            ("Lieferung nicht enthalten", "de"),
            ("Sin garantía", "es"),
            ("Deliverance", "en"),
            ("Free delivery", "de"),
            ("Free delivery", ""),
        ],
    )
    def test_denied_and_unknown_words_have_none(self, text: str, language: str) -> None:
        assert fitting_icons(text, language) == ()

    @pytest.mark.parametrize(
        ("language", "texts"),
        [
            ("en", "Cannot be refunded|Shipping unavailable|Refunds excluded|Warranty void if opened"),
            ("en", "Excludes delivery|Delivery wasn’t included|Parking is extra|Breakfast, except Mondays"),
            ("de", "Umtausch ausgeschlossen|Rückgabe ausgenommen|Exkl. Versand|Zzgl. Versand|Lieferung gegen Aufpreis"),
            ("fr", "Livraison exclue|Hors livraison|Livraison non comprise|Livraison en sus|Garantie sauf casse"),
            ("es", "Entrega aparte|Garantía excluida|Entregas excepto domingos|Devoluciones jamás"),
            ("it", "Spedizione esclusa|Reso escluso|Garanzia tranne la batteria|Spedizione a parte"),
            ("pt", "Entrega não incluída|Garantia exceto pilhas|Envio à parte|Reembolso excluído"),
            ("nl", "Exclusief verzending|Levering excl. montage|Garantie uitgesloten|Garantie behalve accu"),
            ("pl", "Dostawa płatna osobno|Gwarancja oprócz baterii|Zwrot wykluczony"),
            ("sv", "Exkl. frakt|Garanti undantaget batteri|Frakt tillkommer"),
            ("da", "Ekskl. levering|Garanti undtagen batteri|Levering mod tillæg"),
            ("nb", "Ekskl. levering|Garanti unntatt batteri|Levering mot tillegg"),
            ("tr", "Kargo hariç|İade edilmez|Garanti kapsam dışı|İade yapılamaz"),
            ("ja", "返品不可|配送不可|保証対象外|送料別途|配送を除く"),
        ],
    )
    def test_what_is_excluded_or_costs_extra_has_none(self, language: str, texts: str) -> None:
        shown = {text: fitting_icons(text, language) for text in texts.split("|")}
        assert not any(shown.values()), shown

    @pytest.mark.parametrize(
        ("language", "texts"),
        [
            ("en", "Model ships|Delivers results|Deliver a baby safely|Returns to shape|Baby blue|Save paper"),
            ("en", "Hours of fun|24 hour clock|Guaranteed to annoy|Repairs dry hair|At your disposal|Book a table"),
            ("en", "Three-course menu of flower beds|Piano keys|Remote island|Licensed bar|Window shades"),
            ("de", "Stunden der Ruhe|Fühl dich wie zu Hause|Sparen Sie Wasser"),
            ("tr", "Kol saati|Su tasarrufu"),
            ("it", "Ore di sole|Risparmia acqua"),
        ],
    )
    def test_words_of_more_than_one_meaning_have_none(self, language: str, texts: str) -> None:
        shown = {text: fitting_icons(text, language) for text in texts.split("|")}
        assert not any(shown.values()), shown

    def test_item_that_names_a_day_has_a_calendar(self) -> None:
        assert icons_for(("Saturday January 16, 2027", "Town hall"), "en") == ("calendar-days", "map-pin")
        assert icons_for(("13–14. März", "Gutes Essen"), "de") == ("calendar-days", "check")
        assert icons_for(("3月5日",), "ja") == ("calendar-days",)
        assert icons_for(("Twelve guests at most", "you may 5"), "en") == ("check", "check")

    def test_denial_that_is_the_benefit_has_an_icon(self) -> None:
        assert fitting_icons("No contract", "en") == ("calendar-x",)
        assert fitting_icons("ohne Zucker", "de") == ("candy-off",)
        assert fitting_icons("No hidden fees, no sugar", "en") == ("tag", "candy-off")


class TestList:
    def test_no_icon_stands_twice_and_an_unsure_item_has_a_tick(self) -> None:
        items = ("Delivery on Monday", "Shipping insured", "Hand-stitched", "Smells of rain")
        assert icons_for(items, "en") == ("truck", "shield-check", "hand", TICK)

    def test_list_of_mostly_unsure_items_has_ticks(self) -> None:
        assert icons_for(("Delivery on Monday", "Smells of rain", "Sounds like home"), "en") == (TICK,) * 3


class TestTable:
    def test_every_icon_exists_in_the_package(self, path: Path) -> None:
        assert icon_names() <= drawing_file(path).names

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('[denials]\nen = ["no"]\n[a]\nen = ["x"]', "no icon"),
            ('[denials]\nen = ["no"]\n[a]\nicon = "a"\nen = ["X"]', "lower case"),
            ('[denials]\nen = ["no"]\n[a]\nicon = "a"\nen = ["x"]\n[b]\nicon = "b"\nen = ["x"]', "two meanings"),
            ('[denials]\nen = ["no"]\n[a]\nicon = "a"\nfr = ["x"]', "deny"),
        ],
    )
    def test_faulty_table_is_refused(self, text: str, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            read_table(text)


def test_every_icon_is_drawn_in_the_given_colour(path: Path) -> None:
    colour = Colour.of("#aa3311")
    for name in sorted(icon_names()):
        surface = skia.Surface(48, 48)
        surface.getCanvas().clear(skia.ColorTRANSPARENT)
        drawings.draw_icon(surface.getCanvas(), path, name, left=4, top=4, size=40, colour=colour)
        pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
        inked = pixels[pixels[..., 3] == 255]
        assert len(inked) > 30, name
        assert numpy.abs(inked[:, :3].astype(int) - (0xAA, 0x33, 0x11)).max() <= 2, name
