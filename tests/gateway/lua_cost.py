"""The cost of the gateway's Lua filters in a real LuaJIT: instructions, bytes scanned and bytes allocated.

Counted and not timed, so that a busy machine gives the same numbers. Instructions are counted by the interpreter's own
hook. A library function that walks through a text is one instruction whatever the text's length, so those are counted
by the bytes that they look at; what concatenating costs is seen in the memory, with the collector stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa import luajit21

from gateway.lua_filters import request_filter, response_filter
from gateway.routes import read_descriptors, routes_of
from gateway.schema import messages_of

DESCRIPTORS = Path(__file__).parents[2] / "gen" / "descriptors.binpb"
PER_HOOK = 100  # instructions between two calls of the hook

# The part of Envoy's filter API that the filters use. Headers are a table by name, so that pairs() iterates them.
HARNESS = b"""
local bytes, hooks = 0, 0
local find, sub, gsub, rep, lower = string.find, string.sub, string.gsub, string.rep, string.lower
local match, gmatch = string.match, string.gmatch

local function scanned_bytes(text, pattern, init, plain)
  init = init or 1
  local _, stop = find(text, pattern, init, plain)
  if stop ~= nil then return math.max(stop - init + 1, 1) end
  return sub(pattern, 1, 1) == "^" and not plain and 1 or math.max(#text - init + 1, 1)
end

local function count()
  string.find = function(text, pattern, init, plain)
    bytes = bytes + scanned_bytes(text, pattern, init, plain)
    return find(text, pattern, init, plain)
  end
  string.match = function(text, pattern, init)
    bytes = bytes + scanned_bytes(text, pattern, init)
    return match(text, pattern, init)
  end
  string.sub = function(text, from, to)
    local part = sub(text, from, to)
    bytes = bytes + #part
    return part
  end
  string.gsub = function(text, ...)
    bytes = bytes + #text
    return gsub(text, ...)
  end
  string.gmatch = function(text, pattern)
    bytes = bytes + #text
    return gmatch(text, pattern)
  end
  string.rep = function(text, times) bytes = bytes + #text * times return rep(text, times) end
  string.lower = function(text) bytes = bytes + #text return lower(text) end
end

local function headers_of(given)
  return setmetatable(given, { __index = {
    get = function(self, name) return rawget(self, name) end,
    replace = function(self, name, value) rawset(self, name, value) end,
    remove = function(self, name) rawset(self, name, nil) end,
  } })
end

local function body_of(text)
  if text == nil then return nil end
  return {
    length = function() return #text end,
    getBytes = function(_, from, size) return sub(text, from + 1, from + size) end,
    setBytes = function(_, changed) text = changed end,
  }
end

local function handle_of(facts, headers, text, stored_facts, answer)
  headers = headers_of(headers)
  return {
    metadata = function() return { get = function(_, name) return facts[name] end } end,
    headers = function() return headers end,
    body = function() return body_of(text) end,
    bodyChunks = function()
      local given = false
      return function()
        if given then return nil end
        given = true
        return body_of(text or "")
      end
    end,
    streamInfo = function()
      return {
        protocol = function() return "HTTP/1.1" end,
        dynamicMetadata = function()
          return {
            get = function() return stored_facts end,
            set = function(_, _, name, value) stored_facts[name] = value answer[name] = value end,
          }
        end,
      }
    end,
    respond = function(_, given) answer.status = given[":status"] end,
  }
end

function run(entry, facts, headers, text, stored_facts)
  local answer = {}
  local handle = handle_of(facts, headers, text, stored_facts, answer)
  entry(handle)
  answer.unknown = headers["x-adwright-unknown-fields"]
  return answer
end

function run_counted(entry, facts, headers, text, stored_facts)
  jit.off()
  jit.flush()
  count()
  collectgarbage() collectgarbage()
  collectgarbage("stop")
  bytes, hooks = 0, 0
  local before = collectgarbage("count")
  debug.sethook(function() hooks = hooks + 1 end, "", PER_HOOK)
  local answer = run(entry, facts, headers, text, stored_facts)
  debug.sethook()
  local allocated = (collectgarbage("count") - before) * 1024
  collectgarbage("restart")
  return answer, hooks * PER_HOOK + bytes, allocated
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request or a response as a filter receives it."""

    headers: Mapping[str, str]
    body: bytes | None = None
    method: str = ""
    """The gRPC path of a request's method."""
    stored_facts: Mapping[str, str] = field(default_factory=dict)
    """The metadata that the filter stored for the request, before it handles the response."""

    @property
    def size(self) -> int:
        """The number of bytes sent by clients and services."""
        return sum(map(len, self.headers.values())) + len(self.body or b"") + sum(map(len, self.stored_facts.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The result of a filter for one exchange. work: instructions and bytes scanned; allocated: bytes."""

    status: str
    """The status of the error; empty: the request was accepted."""
    refusal: str
    unknown: str
    """The header that names unknown fields."""
    work: int
    allocated: float


class Filters:
    """The two filters of the configuration, or others of the same form."""

    def __init__(self, request: str | None = None, response: str | None = None) -> None:
        descriptors = read_descriptors(DESCRIPTORS)
        self.request = request_filter(routes_of(descriptors), messages_of(descriptors)) if request is None else request
        self.response = response_filter() if response is None else response

    def cost(self, exchange: Exchange) -> Cost:
        """Counts in a new interpreter, so that no state is cached."""
        lua, entry, arguments = self._prepared(exchange)
        response, work, allocated = lua.globals()[b"run_counted"](entry, *arguments)

        def result(name: bytes) -> str:
            return (response[name] or b"").decode("utf-8")

        return Cost(
            status=result(b"status"),
            refusal=result(b"refusal"),
            unknown=result(b"unknown"),
            work=work,
            allocated=allocated,
        )

    def nanoseconds(self, exchange: Exchange, *, times: int = 5) -> float:
        """Returns the processor time of one run, compiled as in Envoy: the minimum of several runs."""
        lua, entry, arguments = self._prepared(exchange)
        best = float("inf")
        for _ in range(times):
            began = time.process_time_ns()
            lua.globals()[b"run"](entry, *arguments)
            best = min(best, time.process_time_ns() - began)
        return best

    def _prepared(self, exchange: Exchange) -> tuple[Any, Any, tuple[Any, ...]]:
        lua = luajit21.LuaRuntime(encoding=None)
        lua.execute(b"local PER_HOOK = %d\n" % PER_HOOK + HARNESS)
        lua.execute((self.request if exchange.method else self.response).encode())
        entry = lua.globals()[b"envoy_on_request" if exchange.method else b"envoy_on_response"]
        facts = lua.table_from({b"method": exchange.method.encode(), b"limit": 1 << 20} if exchange.method else {})
        if exchange.method and exchange.body is None:
            facts[b"limit"] = None

        def table(given: Mapping[str, str]) -> Any:
            return lua.table_from({name.encode(): value.encode() for name, value in given.items()})

        return lua, entry, (facts, table(exchange.headers), exchange.body, table(exchange.stored_facts))
