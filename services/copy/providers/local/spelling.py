"""British and American spelling: one table, read both ways."""

from __future__ import annotations

import re
from functools import cache

_PAIRS = """
colour color|colours colors|coloured colored|colouring coloring|colourful colorful|flavour flavor|flavours flavors|
flavoured flavored|favourite favorite|favourites favorites|favour favor|honour honor|honours honors|labour labor|
neighbour neighbor|neighbours neighbors|neighbourhood neighborhood|behaviour behavior|humour humor|harbour harbor|
odour odor|odours odors|odourless odorless|vapour vapor|savour savor|rumour rumor|armour armor|endeavour endeavor|
centre center|centres centers|centred centered|metre meter|metres meters|kilometre kilometer|kilometres kilometers|
centimetre centimeter|centimetres centimeters|litre liter|litres liters|theatre theater|theatres theaters|fibre fiber|
fibres fibers|calibre caliber|organise organize|organises organizes|organised organized|organising organizing|
organiser organizer|customise customize|customised customized|customisable customizable|personalise personalize|
personalised personalized|optimise optimize|optimised optimized|analyse analyze|analyses analyzes|analysed analyzed|
recognise recognize|recognises recognizes|recognised recognized|moisturise moisturize|moisturises moisturizes|
moisturiser moisturizer|moisturisers moisturizers|moisturising moisturizing|realise realize|realised realized|
specialise specialize|specialised specialized|minimise minimize|minimises minimizes|maximise maximize|
prioritise prioritize|apologise apologize|apologising apologizing|summarise summarize|digitise digitize|
cancelled canceled|cancelling canceling|travelled traveled|travelling traveling|traveller traveler|
travellers travelers|labelled labeled|labelling labeling|modelling modeling|fuelled fueled|jewellery jewelry|
jewellers jewelers|grey gray|greys grays|tyre tire|tyres tires|aluminium aluminum|pyjamas pajamas|cosy cozy|
cosier cozier|mould mold|plough plow|sceptic skeptic|sceptics skeptics|sceptical skeptical|catalogue catalog|
catalogues catalogs|programme program|programmes programs|cheque check|licence license|defence defense|offence offense|
practise practice|enrol enroll|enrols enrolls|fulfil fulfill|skilful skillful|fertiliser fertilizer|ageing aging|
storey story|kerb curb|yoghurt yogurt|doughnut donut|unflavoured unflavored|sulphate sulfate|draught draft|
paediatric pediatric|ageing aging|manoeuvre maneuver|nappies diapers|nappy diaper|mum mom|enquire inquire|
counselling counseling|counsellor counselor|woollen woolen|dialogue dialog|wilful willful|instalment installment|
make-up makeup|film movie-night|trousers pants
"""
# These are other words, not other spellings, or are right in both: left out of what is read from the table.
_LEFT_OUT = frozenset(
    {"storey", "draught", "cheque", "film", "trousers", "practise", "dialogue", "programme", "programmes"}
)


@cache
def _table(spelling: str) -> tuple[re.Pattern[str], dict[str, str]]:
    pairs = {}
    for pair in _PAIRS.replace("\n", "").split("|"):
        british, american = pair.split()
        if british in _LEFT_OUT:
            continue
        if spelling == "american":
            pairs[british] = american
        else:
            pairs[american] = british
    # "tire" and "license" are verbs in British English too, and "check", "mold", "inquire", "curb" have other senses
    for ambiguous in ("tire", "tires", "license", "check", "curb", "mold", "aging") if spelling == "british" else ():
        pairs.pop(ambiguous, None)
    if spelling == "american":
        pairs |= {"programme": "program", "programmes": "programs"}
    words = sorted(pairs, key=len, reverse=True)
    return re.compile(r"(?<![A-Za-z])(" + "|".join(map(re.escape, words)) + r")(?![a-z])", re.I), pairs


def respell(text: str, spelling: str, *, protected: tuple[str, ...]) -> str:
    """The text in "american" or "british" spelling. `protected` passages (names, quoted offers) stay as they are."""
    pattern, pairs = _table(spelling)

    def changed(match: re.Match[str]) -> str:
        word = match.group(0)
        other = pairs[word.lower()]
        if word.isupper() and len(word) > 1:
            return other.upper()
        return other[0].upper() + other[1:] if word[0].isupper() else other

    if not protected:
        return pattern.sub(changed, text)
    fence = re.compile("(" + "|".join(re.escape(part) for part in protected) + ")")
    return "".join(part if index % 2 else pattern.sub(changed, part) for index, part in enumerate(fence.split(text)))
