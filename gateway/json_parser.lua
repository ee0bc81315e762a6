-- Parses the JSON of request bodies, strictly by RFC 8259, because the transcoder also accepts JavaScript as JSON.
-- Time and memory are linear in the length of the text; tests/gateway/test_lua_cost.py counts them.
-- lua_filters.py prepends MAX_DEPTH and MAX_VALUES.
-- An object is { object = list of { name, value } }, an array is { array = list }, null is NULL; other values are Lua's.
-- A member whose value is a number also has `from` and `to`, the positions of its first and last digit in the text.

local NULL = {}
local MARK = "\1" -- replaces "\u" while escapes are decoded; JSON strings hold no control characters

local function fail(message) error({ complaint = "is not valid JSON: " .. message }, 0) end
local function fail_size(message) error({ complaint = message }, 0) end

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

-- Tables for gsub, which looks up replacements in them without a call into Lua.
local ESCAPES = setmetatable(
  { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", u = MARK },
  { __index = function(_, letter) fail("\\" .. (letter:match("[%w%p]") or "") .. " is not an escape sequence") end }
)

-- Returns a table that decodes the digits of \u escapes on access. It flags U+0000 and lone surrogates on the reader,
-- since PostgreSQL can store neither.
local function characters_by_code(reader)
  return setmetatable({}, {
    __index = function(known, hex)
      local code = tonumber(hex:sub(1, 4), 16)
      if #hex == 4 and code == 0 then reader.unstorable = true end
      if #hex == 4 and code >= 0xD800 and code < 0xE000 then reader.unstorable, reader.lone_surrogate = true, true end
      if #hex > 4 then code = 0x10000 + (code - 0xD800) * 1024 + tonumber(hex:sub(-4), 16) - 0xDC00 end
      known[hex] = utf8_of(code)
      return known[hex]
    end,
  })
end

local function unescaped(raw, known)
  local text = raw:gsub("\\(.)", ESCAPES)
  local _, marks = text:gsub(MARK, "%0")
  if marks == 0 then return text end
  local pairs_found, singles
  text, pairs_found = text:gsub(MARK .. "([dD][89abAB]%x%x" .. MARK .. "[dD][c-fC-F]%x%x)", known)
  text, singles = text:gsub(MARK .. "(%x%x%x%x)", known)
  if marks ~= 2 * pairs_found + singles then fail("a \\u escape is not four hexadecimal digits") end
  return text
end

-- Each read_… function takes the reader ({ text, values, known, … }) and the position of a value, and returns the value
-- and the position after it.
local read_value

local function read_string(reader, at)
  local text, from, escaped = reader.text, at + 1, false
  while true do -- terminates: each iteration advances `from`
    local stop = text:find('["\\%c]', from)
    if stop == nil then fail("a string has no closing quotation mark") end
    local letter = text:byte(stop)
    if letter == 34 then -- "
      local raw = text:sub(at + 1, stop - 1)
      return escaped and unescaped(raw, reader.known) or raw, stop + 1
    elseif letter == 92 then -- \
      escaped = true
      from = stop + 2
    elseif letter < 32 then
      fail("a string contains an unescaped control character")
    else
      from = stop + 1
    end
  end
end

local function skip(text, at) return text:find("[^ \t\r\n]", at) or #text + 1 end

local function read_object(reader, at, depth)
  local text, members = reader.text, {}
  at = skip(text, at + 1)
  if text:byte(at) == 125 then return { object = members }, at + 1 end -- }
  while true do -- terminates: each iteration reads one member
    if text:byte(at) ~= 34 then fail("a name in quotation marks is expected") end
    local name, value
    name, at = read_string(reader, at)
    at = skip(text, at)
    if text:byte(at) ~= 58 then fail("a colon is expected") end -- :
    local from = skip(text, at + 1)
    value, at = read_value(reader, from, depth)
    if type(value) == "number" then
      members[#members + 1] = { name = name, value = value, from = from, to = at - 1 }
    else
      members[#members + 1] = { name = name, value = value }
    end
    at = skip(text, at)
    local letter = text:byte(at)
    if letter == 125 then return { object = members }, at + 1 end
    if letter ~= 44 then fail("a comma or a closing brace is expected") end -- ,
    at = skip(text, at + 1)
  end
end

local function read_array(reader, at, depth)
  local text, items = reader.text, {}
  at = skip(text, at + 1)
  if text:byte(at) == 93 then return { array = items }, at + 1 end -- ]
  while true do -- terminates: each iteration reads one item
    items[#items + 1], at = read_value(reader, at, depth)
    at = skip(text, at)
    local letter = text:byte(at)
    if letter == 93 then return { array = items }, at + 1 end
    if letter ~= 44 then fail("a comma or a closing bracket is expected") end
    at = skip(text, at + 1)
  end
end

local function read_number(text, at)
  local _, stop = text:find("^%-?%d+", at)
  if stop == nil then
    fail(at > #text and "it ends before the value is complete" or "a value is expected at byte " .. at)
  end
  if text:find("^%-?0%d", at) then fail("a number starts with 0") end
  local _, fraction = text:find("^%.%d+", stop + 1)
  stop = fraction or stop
  local _, exponent = text:find("^[eE][+-]?%d+", stop + 1)
  stop = exponent or stop
  local number = tonumber(text:sub(at, stop))
  if number == math.huge or number == -math.huge then fail("a number is too large") end
  return number, stop + 1
end

function read_value(reader, at, depth)
  if depth > MAX_DEPTH then fail_size("is nested more than " .. MAX_DEPTH .. " levels deep") end
  reader.values = reader.values + 1
  if reader.values > MAX_VALUES then fail_size("contains more than " .. MAX_VALUES .. " values") end
  local text = reader.text
  local letter = text:byte(at)
  if letter == 34 then return read_string(reader, at) end
  if letter == 123 then return read_object(reader, at, depth + 1) end -- {
  if letter == 91 then return read_array(reader, at, depth + 1) end -- [
  if letter == 116 and text:sub(at, at + 3) == "true" then return true, at + 4 end
  if letter == 102 and text:sub(at, at + 4) == "false" then return false, at + 5 end
  if letter == 110 and text:sub(at, at + 3) == "null" then return NULL, at + 4 end
  return read_number(text, at)
end

-- Parses a whole body. Returns the value, whether a string in it may hold U+0000 or a lone surrogate, and whether one
-- holds a lone surrogate. Raises { complaint = message }.
local function read_json(text)
  local reader = { text = text, values = 0, unstorable = false, lone_surrogate = false }
  reader.known = characters_by_code(reader)
  local value, at = read_value(reader, skip(text, 1), 0)
  if skip(text, at) <= #text then fail("text follows the JSON value") end
  return value, reader.unstorable, reader.lone_surrogate
end

-- Reports whether the bytes are UTF-8 as gRPC accepts it (RFC 3629): no overlong forms, no surrogates, nothing past
-- U+10FFFF. It works byte by byte without patterns, so that LuaJIT compiles it: 1 MiB takes about 5 ms.
local function is_utf8(text)
  local at = text:find("[\128-\255]")
  while at ~= nil do -- terminates: each iteration advances `at` past a character, or to the next one that is not ASCII
    local a, b, c, d = text:byte(at, at + 3)
    if a == nil then return true end
    if a < 0x80 then
      at = text:find("[\128-\255]", at)
    elseif b == nil or b < 0x80 or b > 0xBF then
      return false
    elseif a >= 0xC2 and a <= 0xDF then
      at = at + 2
    elseif c == nil or c < 0x80 or c > 0xBF then
      return false
    elseif a >= 0xE0 and a <= 0xEF then
      if (a == 0xE0 and b < 0xA0) or (a == 0xED and b > 0x9F) then return false end
      at = at + 3
    elseif d == nil or d < 0x80 or d > 0xBF then
      return false
    elseif a >= 0xF0 and a <= 0xF4 then
      if (a == 0xF0 and b < 0x90) or (a == 0xF4 and b > 0x8F) then return false end
      at = at + 4
    else
      return false
    end
  end
  return true
end
