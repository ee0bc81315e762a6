"""Requests and responses of every kind that could cost a Lua filter more than linear work."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

from tests.gateway.lua_cost import Exchange

COPY = "/adwright.copy.v1.CopyService/GenerateCopy"
VIDEO = "/adwright.video.v1.VideoService/GenerateVideo"
PROJECT = "/adwright.catalog.v1.CatalogService/UpdateProject"
PRODUCT = "/adwright.catalog.v1.CatalogService/CreateProduct"
GRANT = "/adwright.billing.v1.BillingAdminService/GrantCredits"
JOBS = "/adwright.job.v1.JobService/ListJobs"
DELETE = "/adwright.catalog.v1.CatalogService/DeleteProject"

Shape = Callable[[int], Exchange]
"""Makes an exchange whose size grows with the number."""


def body(method: str, text: str, prefer: str = "") -> Exchange:
    headers = {":path": "/api/x", "content-type": "application/json"} | ({"prefer": prefer} if prefer else {})
    return Exchange(method=method, headers=headers, body=text.encode("utf-8", "surrogatepass"))


def members(method: str, each: str, prefer: str = "") -> Shape:
    """Makes an object with `size` members, each containing its number."""
    return lambda size: body(method, "{" + ",".join(each % number for number in range(size)) + "}", prefer)


def repeated(method: str, before: str, each: str, after: str) -> Shape:
    return lambda size: body(method, before + each * size + after)


def path(method: str, before: str, each: str, content: bytes | None = None) -> Shape:
    return lambda size: Exchange(method=method, headers={":path": before + each * size}, body=content)


def refusal(words: str, *, reason: str = "MALFORMED_REQUEST", status: str = "400") -> Exchange:
    error = {"message": words, "reason": reason, "requestId": "r", "retryable": False}
    text = json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False)
    return Exchange(headers={":status": status}, body=text.encode(), stored_facts={"request_id": "r"})


# The number of members and items stays below the limit, above which the filter stops early.
MANY_VALUES: Mapping[str, Shape] = {
    "a path field again and again": members(PROJECT, '"projectId":"%d"'),
    "one known field again and again": members(PROJECT, '"name":"%d"'),
    "known fields of wrong types": members(PROJECT, '"name":%d'),
    "unknown fields, refused": members(PROJECT, '"x%d":1'),
    "unknown fields, named": members(COPY, '"x%d":1'),
    "unknown fields, strict": members(COPY, '"x%d":1', "handling=strict"),
    "names close to known ones": members(COPY, '"platfrm%d":1'),
    "one unknown field again and again": members(COPY, '"unknown":%d'),
    "escaped names": members(COPY, '"\\u00e9%d":"\\n"'),
    "a map": lambda size: body(
        VIDEO, '{"pronunciations":{' + ",".join(f'"w{number}":"x"' for number in range(size)) + "}}"
    ),
    "a map of wrong types": lambda size: body(
        VIDEO, '{"pronunciations":{' + ",".join(f'"w{number}":1' for number in range(size)) + "}}"
    ),
    "a list of texts": repeated(PRODUCT, '{"features":[', '"abc",', '""]}'),
    "numbers where a text is expected too": members(PRODUCT, '"price":%d'),
    "a list of wrong types": repeated(PRODUCT, '{"features":[', "{},", "1]}"),
    "lists in an unknown field": repeated(COPY, '{"x":[', "[],", "1]}"),
    "objects in an unknown field": repeated(COPY, '{"x":[', '{"a":{}},', "1]}"),
    "numbers": repeated(COPY, '{"x":[', "-12.5e-3,", "1]}"),
    "unknown fields of a nested message": lambda size: body(
        PROJECT, '{"brand":{' + ",".join(f'"x{number}":1' for number in range(size)) + "}}"
    ),
    "nested messages again and again": members(PROJECT, '"brand":{"colours":["%d"]}'),
}
MANY_BYTES: Mapping[str, Shape] = {
    "a long text": repeated(COPY, '{"customInstructions":"', "a", '"}'),
    "a long text of two bytes a character": repeated(COPY, '{"customInstructions":"', "é", '"}'),
    "a long text of three": repeated(COPY, '{"customInstructions":"', "€", '"}'),
    "a long text of four": repeated(COPY, '{"customInstructions":"', "😀", '"}'),
    "short escapes": repeated(COPY, '{"customInstructions":"', "\\n", '"}'),
    "backslashes": repeated(COPY, '{"customInstructions":"', "\\\\", '"}'),
    "escapes of one character": repeated(COPY, '{"customInstructions":"', "\\u20ac", '"}'),
    "escapes of many characters": lambda size: body(
        COPY, '{"x":"' + "".join(f"\\u{32 + number % 50_000:04x}" for number in range(size)) + '"}'
    ),
    "escaped pairs": repeated(COPY, '{"customInstructions":"', "\\ud83d\\ude00", '"}'),
    "halves of pairs": repeated(COPY, '{"customInstructions":"', "\\ud83d", '"}'),
    "a wrong escape at the end": repeated(COPY, '{"x":"', "\\n", '\\x"}'),
    "delete characters": repeated(COPY, '{"x":"', "\x7f", '"}'),
    "a text without an end": repeated(COPY, '{"x":"', "a", ""),
    "a long name": repeated(COPY, '{"', "a", '":1}'),
    "a long name of a path field's form": repeated(PROJECT, '{"projectId', "x", '":1}'),
    "a long key of a map": repeated(VIDEO, '{"pronunciations":{"', "k", '":1}}'),
    "a long number": repeated(GRANT, '{"credits":', "1", "}"),
    "a long fraction": repeated(GRANT, '{"credits":1.', "1", "}"),
    "a long exponent": repeated(GRANT, '{"credits":1e', "1", "}"),
    "points": repeated(GRANT, '{"credits":1', ".1", "}"),
    "zeros": repeated(GRANT, '{"credits":', "0", "}"),
    "blanks": repeated(COPY, '{"x":', " ", "1}"),
    "blanks before": repeated(COPY, "", "\n", "{}"),
    "deep lists": repeated(COPY, '{"x":', "[", "}"),
    "deep objects": repeated(COPY, '{"x":', '{"a":', "}"),
    "not UTF-8": lambda size: Exchange(method=COPY, headers={":path": "/"}, body=b'{"x":"' + b"\xe2\x82" * size),
    "cut characters": lambda size: Exchange(method=COPY, headers={":path": "/"}, body=b'{"x":"' + b"\xf0" * size),
}
# The largest size that Envoy accepts for a request's headers.
LONG_HEADS: Mapping[str, Shape] = {
    "a long path": path(JOBS, "/", "a"),
    "a long path of escapes": path(JOBS, "/", "%C3%A9"),
    "a long path of escapes that are not text": path(JOBS, "/", "%FF"),
    "a long name of a parameter": path(JOBS, "/x?", "a"),
    "a long value of a parameter": path(JOBS, "/x?pageToken=", "a"),
    "many unknown parameters": path(JOBS, "/x?", "a=1&"),
    "many parameters of one name": path(JOBS, "/x?", "pageSize=1&"),
    "many parameters in escapes": path(JOBS, "/x?", "%61%2e%62=1&"),
    "many dots": path(JOBS, "/x?", "status."),
    "ampersands": path(JOBS, "/x?", "&"),
    "equals signs": path(JOBS, "/x?", "="),
    "question marks": path(DELETE, "/x?", "?"),
    "path fields": path(DELETE, "/x?", "projectId=1&"),
    "many preferences": lambda size: body(COPY, "{}", "a=1," * size),
    "a long preference": lambda size: body(COPY, "{}", "handling" + " " * size + "=strict"),
    "a long media type": lambda size: Exchange(
        method=COPY, headers={":path": "/", "content-type": "application/" + "a+" * size}, body=b"{}"
    ),
}
RESPONSES: Mapping[str, Shape] = {
    "field errors of a service": lambda size: Exchange(
        headers={
            ":status": "400",
            "x-adwright-status": "400",
            "x-adwright-error": json.dumps({"error": {"fields": [{"field": "f", "message": "m"}] * size}}),
        },
        body=b"",
        stored_facts={"request_id": "r"},
    ),
    "field errors of the request filter": lambda size: Exchange(
        headers={":status": "400"}, body=b"", stored_facts={"request_id": "r", "refusal": '{"field":"f"},' * size}
    ),
    "a parameter that the transcoder cannot read": lambda size: refusal(
        "The request is not valid. pageSize: invalid value " + " for type " * size + " for type INT32"
    ),
    "a parameter of many letters": lambda size: refusal("The request is not valid. " + "a" * size + ": invalid value"),
    "words that are the transcoder's again and again": lambda size: refusal("The request is not valid. " * size),
    "quotation marks": lambda size: refusal('"message":"' * size),
    "a token's refusal": lambda size: refusal("Jwt " + "." * size, reason="UNAUTHENTICATED", status="401"),
    "a gRPC message": lambda size: Exchange(headers={":status": "200", "grpc-message": '{"error":{' + "a" * size}),
    "many headers of ours": lambda size: Exchange(
        headers={":status": "200", **{f"x-adwright-{number}": "a" for number in range(size)}},
        stored_facts={"request_id": "r"},
    ),
    "an answer without words": lambda size: Exchange(
        headers={":status": "500"}, body=b"", stored_facts={"request_id": "é" * size}
    ),
}

PIECES = (
    '"name":"%d"', '"projectId":"%d"', '"project_id":%d', '"brand":{"colours":["%d"]}', '"brand":{"x%d":[]}',
    '"x%d":{}',
    '"\\u0061%d":"\\ud83d\\ude00"', '"features":[%d,"é"]', '"pronunciations":{"w%d":null}', '"price":-%d.5e+1',
    '"😀%d":[[[{}]]]', '"script":"\\"\\\\%d"', '"credits":%d', '"a b":"%d"', '"":%d', ' "captions" : %d ',
)  # fmt: skip


def random_shape(seed: int) -> Shape:
    """A method, and a body of a few repeated members."""
    chance = random.Random(seed)
    method = chance.choice([COPY, VIDEO, PROJECT, PRODUCT, GRANT])
    pieces = chance.choices(PIECES, k=chance.randint(1, 4))

    def made(size: int) -> Exchange:
        written = [pieces[number % len(pieces)] % number for number in range(size)]
        return body(method, "{" + ",".join(written) + "}", "handling=strict" if seed % 3 == 0 else "")

    return made
