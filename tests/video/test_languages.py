"""Scripts in other languages than English: recognised, read aloud as people read, spoken by a voice of the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from adwright.campaign.v1 import campaign_pb2
from adwright.video.v1 import video_pb2
from buf.validate import validate_pb2

from services.video import messages
from services.video.domain import DEFAULT_VOICES, VOICES, VoiceOfAnotherLanguage
from services.video.film_request import why_not_renderable
from services.video.providers.local.phonemes import VOCABULARY, passages
from services.video.providers.local.pronunciation import phonemes
from services.video.providers.local.visemes import BY_SYMBOL
from services.video.script.check import why_not_speakable
from services.video.script.language import SPOKEN, spoken_language
from services.video.script.languages import CODES
from services.video.script.speakable import speakable

FOLDER = Path(__file__).parent
LEAST_PHRASES = 150
validate: Any = validate_pb2


def table(folder: str, language: str) -> list[tuple[str, list[str]]]:
    lines = (FOLDER / folder / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("# ")]
    return [(written, said.split("|")) for written, said in pairs]


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


@pytest.mark.parametrize("language", CODES)
def test_phrases_are_read_as_a_person_reads_them(language: str) -> None:
    phrases = table("phrases/languages", language)
    wrong = [
        f"{written!r} was read {speakable(written, language=language).text!r}"
        for written, readings in phrases
        if letters(speakable(written, language=language).text) not in [letters(reading) for reading in readings]
    ]
    assert len(phrases) >= LEAST_PHRASES
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", CODES)
def test_scripts_are_recognised_and_every_word_keeps_its_place(language: str) -> None:
    unclear = []
    for script, (said, *_) in table("spoken", language):
        spoken = speakable(script, language=language)
        assert letters(spoken.text) == letters(said)
        assert list(spoken.origin) == sorted(spoken.origin)
        assert why_not_speakable(script, language=language) is None, script
        words = [word for passage in passages(spoken, language) for word in passage.words]
        assert all(set(word.phonemes) <= set(VOCABULARY) for word in words)
        first = re.search(r"\w+", script)
        assert first is not None
        assert script[words[0].start : words[0].end].startswith(first[0])
        if spoken_language(script) != language:
            unclear.append(script)
    assert not unclear, unclear


@pytest.mark.parametrize(
    ("script", "language"),
    [
        ("¡Última semana de rebajas!", "es"),
        ("Mochila trekking Alpine Pro 40, tamaño cabina.", "es"),
        ("Gestiona tu equipo con la app Smart Planning y el chat Premium Support.", "es"),
        ("Our jalapeño jam is cooked in small batches by the two of us.", "en"),
        ("Prenota la tua app Smart Planning con il pacchetto Premium Support.", "it"),
        ("Il nostro olio extravergine nasce tra le colline del Garda.", "it"),
        ("Our gnocchi al pesto and tiramisu are made by the two of us.", "en"),
        ("Como o seu negócio cresce com a nossa ajuda, todos os dias.", "pt"),
        ("Notre savon est fait à la main avec de l'huile d'olive et du miel.", None),
    ],
)
def test_signs_and_small_words_tell_spanish_among_foreign_names(script: str, language: str | None) -> None:
    assert spoken_language(script) == language


def test_dollar_sign_is_the_products_currency_in_spanish() -> None:
    for currency, said in (("MXN", "pesos"), ("COP", "pesos"), ("USD", "dólares"), ("", "dólares"), ("EUR", "dólares")):
        assert speakable("Desde $150.", language="es", currency=currency).text == f"Desde ciento cincuenta {said}."
    assert speakable("Da $150.", language="it", currency="MXN").text == "Da centocinquanta dollari."


def test_price_is_spoken_for_as_long_as_its_written_form_is_shown() -> None:
    script = "Solo 12,50 € hoy."
    words = [word for part in passages(speakable(script, language="es"), "es") for word in part.words]
    price = {(word.start, word.end) for word in words if 5 <= word.start < 12}
    assert price
    assert script[min(start for start, _ in price) : max(end for _, end in price)] == "12,50 €"


@pytest.mark.parametrize(
    ("language", "word", "sounds"),
    [
        ("es", "cuidado", "kwiðˈaðo"),
        ("es", "guitarra", "ɡitˈara"),
        ("es", "jamón", "xamˈon"),
        ("es", "viajar", "bjaxˈaɾ"),
        ("es", "pingüino", "piŋɡwˈino"),
        ("es", "rápidamente", "rˈapiðamˈente"),
        ("it", "telefono", "telˈɛfono"),  # of the dictionary
        ("it", "telefoni", "telˈɛfoni"),  # of the same stem
        ("it", "gratuite", "ɡratˈuːite"),
        ("it", "provalo", "prˈɔvalo"),  # the verb's stress, with a pronoun behind it
        ("it", "scopritelo", "skˈɔpritelo"),
        ("it", "ordinalo", "ˈɔrdinalo"),
        ("it", "iscriviti", "iskrˈiviti"),
        ("it", "cucinano", "kʊʧˈinano"),
        ("it", "facilissimo", "faʧilˈissimo"),  # of the ending
        ("it", "trentasei", "trentasˈɛɪ"),
        ("it", "psicologhe", "psikˈɔloɡe"),
        ("it", "lasciateci", "laʃˈateʧi"),
        ("it", "l'olio", "lˈɔlio"),
        ("it", "c'è", "ʧˈɛ"),
        ("it", "perché", "perkˈe"),
        ("pt", "coração", "koɾasˈɐ̃ʊ̃"),
        ("pt", "cidade", "sidˈaʤy"),
        ("pt", "gostosa", "ɡostˈɔzæ"),  # the dictionary's vowel
        ("pt", "horas", "ˈɔɾæs"),  # of the singular
        ("pt", "cinquenta", "siŋkwˈAŋtæ"),
        ("pt", "guitarra", "ɡitˈaxæ"),
        ("pt", "rainha", "xaˈiɲæ"),
        ("pt", "família", "fæmˈiljæ"),
        ("pt", "exame", "ezˈɐ̃my"),
        ("pt", "táxi", "tˈaksi"),
        ("pt", "próximo", "prˈɔsimʊ"),
        ("pt", "também", "tɐ̃mbˈAŋ"),
        ("pt", "Brasil", "brazˈiʊ"),
        ("pt", "falam", "fˈalɐ̃ʊ̃"),
    ],
)
def test_words_sound_as_they_are_spelt(language: str, word: str, sounds: str) -> None:
    assert phonemes(word, language) == sounds


def test_last_s_has_a_voice_before_a_word_with_one() -> None:
    said = {
        word.text.strip(): word.phonemes
        for part in passages(speakable("Dois anos, dois pães. Mais, alho.", language="pt"), "pt")
        for word in part.words
    }
    assert (said["anos,"], said["pães."], said["Mais,"]) == ("ˈɐ̃nʊs,", "pˈɐ̃ys.", "mˈIs,")
    assert [
        word.phonemes
        for part in passages(speakable("Dois anos, dois pães.", language="pt"), "pt")
        for word in part.words
    ][::2] == ["dˈoɪz", "dˈoɪs"]


@pytest.mark.parametrize("language", CODES)
def test_every_sound_of_a_language_moves_the_mouth(language: str) -> None:
    sounds = {
        symbol
        for script, _ in table("spoken", language)
        for passage in passages(speakable(script, language=language), language)
        for word in passage.words
        for symbol in word.phonemes
        if symbol.isalpha() and symbol not in "ˈˌː"
    }
    assert len(sounds) > 20
    assert sounds <= set(BY_SYMBOL)


def request(script: str, **fields: str) -> video_pb2.GenerateVideoRequest:
    return video_pb2.GenerateVideoRequest(script=script, **fields)  # type: ignore[arg-type]


SCRIPTS = {
    "es": "Prueba nuestro café recién tostado y recibe el primer paquete gratis en tu casa.",
    "it": "Prova il nostro caffè appena tostato e ricevi il primo pacchetto gratis a casa tua.",
    "pt": "Experimente o nosso café torrado na hora e receba o primeiro pacote de graça na sua casa.",
}


@pytest.mark.parametrize("language", CODES)
def test_script_without_a_voice_gets_one_of_its_language(language: str) -> None:
    order = request(SCRIPTS[language])
    messages.settle_language(order)
    assert (order.language, order.voice_id) == (language, DEFAULT_VOICES[language])
    assert why_not_renderable(order, {}) is None


@pytest.mark.parametrize("language", CODES)
def test_voice_of_another_language_is_refused_with_the_voices_that_fit(language: str) -> None:
    for voice_id in (voice for voice in DEFAULT_VOICES.values() if VOICES[voice].language != language):
        with pytest.raises(VoiceOfAnotherLanguage) as caught:
            messages.settle_language(request(SCRIPTS[language], voice_id=voice_id))
        named = set(re.findall(r"[\w-]+", str(caught.value).rpartition(":")[2]))
        assert named == {voice.id for voice in VOICES.values() if voice.language == language}


def test_script_that_does_not_tell_is_in_its_voices_language() -> None:
    order = request("Gazpacho, paella, tortilla.", voice_id="male-es-1")
    messages.settle_language(order)
    assert order.language == "es"


@pytest.mark.parametrize(
    ("language", "script", "name"),
    [
        ("es", "Unser neuer Rucksack hält jeden Regen aus und wiegt nur ein Kilo.", "German"),
        ("es", "This is the best coffee that you can get for your morning.", "English"),
        ("es", "Notre savon est fait à la main avec de l'huile d'olive et du miel.", "French"),
        ("es", "Il nostro olio nasce tra le colline e arriva direttamente a casa tua.", "Italian"),
        ("it", "Nuestro aceite nace entre las colinas y llega directamente a tu casa.", "Spanish"),
        ("it", "This is the best coffee that you can get for your morning.", "English"),
        ("it", "Notre savon est fait à la main avec de l'huile d'olive et du miel.", "French"),
        ("pt", "Nuestro aceite nace entre las colinas y llega directamente a tu casa.", "Spanish"),
        ("pt", "This is the best coffee that you can get for your morning.", "English"),
    ],
)
def test_script_in_another_language_than_named_is_refused_by_its_name(language: str, script: str, name: str) -> None:
    reason = why_not_speakable(script, language=language)
    assert reason is not None
    assert f"reads as {name}" in reason
    assert all(spoken in reason for spoken in SPOKEN.values())


def test_every_language_has_a_default_voice_that_speaks_it() -> None:
    assert set(SPOKEN) == {"en", *CODES} == set(DEFAULT_VOICES) == {voice.language for voice in VOICES.values()}


@pytest.mark.parametrize(
    "field",
    [
        video_pb2.GenerateVideoRequest.DESCRIPTOR.fields_by_name["language"],
        campaign_pb2.VideoDeliverable.DESCRIPTOR.fields_by_name["languages"],
    ],
    ids=lambda field: field.full_name,
)
def test_requests_take_the_languages_that_voices_speak(field: Any) -> None:
    rules = field.GetOptions().Extensions[validate.field]
    each = rules.repeated.items if rules.HasField("repeated") else rules
    assert set(getattr(each.string, "in")) == set(SPOKEN)
    assert not rules.HasField("repeated") or rules.repeated.max_items == len(SPOKEN)
    assert all(VOICES[voice].language == language for language, voice in DEFAULT_VOICES.items())
