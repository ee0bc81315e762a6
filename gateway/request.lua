-- Reads the query and the JSON body of a request before the transcoder does. The transcoder stops at the first value of a wrong type
-- and does not always name it, and it takes text for numbers and JavaScript for JSON; the contract wants every wrong
-- field named. A body without a wrong type goes on untouched: the service checks the rules. Where a type is wrong the
-- service can never see the request, so the rules that are told to this filter are checked here as well.
-- SCHEMA and MAX_DEPTH are written above this text when the configuration is made.

local NULL = {}
local MAX_TOLD = 50

local function fail(message) error({ told = message }, 0) end

-- Whether the body holds half a surrogate pair: set while it is read. What the transcoder says of it nobody understands.
local half_a_pair = false

local function utf8_of(code)
  if code >= 0xD800 and code < 0xE000 then half_a_pair = true end
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local SIMPLE = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function unescaped(raw)
  local out, from = {}, 1
  while true do -- ends: each turn moves `from` past one backslash
    local at = raw:find("\\", from, true)
    if at == nil then break end
    out[#out + 1] = raw:sub(from, at - 1)
    local letter = raw:sub(at + 1, at + 1)
    if letter == "u" then
      local hex = raw:match("^%x%x%x%x", at + 2)
      if hex == nil then fail("a \\u escape is not four hexadecimal digits") end
      local code = tonumber(hex, 16)
      from = at + 6
      if code >= 0xD800 and code < 0xDC00 then
        local low = raw:match("^\\u([dD][c-fC-F]%x%x)", from)
        if low ~= nil then
          code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
          from = from + 6
        end
      end
      out[#out + 1] = utf8_of(code)
    else
      local plain = SIMPLE[letter]
      if plain == nil then fail("there is no escape \\" .. letter) end
      out[#out + 1] = plain
      from = at + 2
    end
  end
  out[#out + 1] = raw:sub(from)
  return table.concat(out)
end

local function skip(text, at) return text:find("[^ \t\r\n]", at) or #text + 1 end

local function read_string(text, at)
  local from = at + 1
  local escaped = false
  while true do -- ends: each turn moves `from` on
    local stop = text:find('["\\%c]', from)
    if stop == nil then fail("a text has no closing quotation mark") end
    local letter = text:sub(stop, stop)
    if letter == '"' then
      local raw = text:sub(at + 1, stop - 1)
      return escaped and unescaped(raw) or raw, stop + 1
    elseif letter == "\\" then
      escaped = true
      from = stop + 2
    elseif letter:byte() < 32 then
      fail("a text holds a control character")
    else
      from = stop + 1
    end
  end
end

local read_value

local function read_object(text, at, depth)
  local members = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "}" then return { object = members }, at + 1 end
  while true do -- ends: each turn reads one member
    if text:sub(at, at) ~= '"' then fail("a name in quotation marks is expected") end
    local name, after = read_string(text, at)
    local member = { name = name, from = at, to = after - 1 }
    at = skip(text, after)
    if text:sub(at, at) ~= ":" then fail("a colon is expected") end
    member.value, at = read_value(text, skip(text, at + 1), depth)
    members[#members + 1] = member
    at = skip(text, at)
    local letter = text:sub(at, at)
    if letter == "}" then return { object = members }, at + 1 end
    if letter ~= "," then fail("a comma or a closing brace is expected") end
    at = skip(text, at + 1)
  end
end

local function read_array(text, at, depth)
  local items = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "]" then return { array = items }, at + 1 end
  while true do -- ends: each turn reads one item
    items[#items + 1], at = read_value(text, at, depth)
    at = skip(text, at)
    local letter = text:sub(at, at)
    if letter == "]" then return { array = items }, at + 1 end
    if letter ~= "," then fail("a comma or a closing bracket is expected") end
    at = skip(text, at + 1)
  end
end

function read_value(text, at, depth)
  if depth > MAX_DEPTH then fail("it is nested too deeply") end
  local letter = text:sub(at, at)
  if letter == '"' then return read_string(text, at) end
  if letter == "{" then return read_object(text, at, depth + 1) end
  if letter == "[" then return read_array(text, at, depth + 1) end
  if text:sub(at, at + 3) == "true" then return true, at + 4 end
  if text:sub(at, at + 4) == "false" then return false, at + 5 end
  if text:sub(at, at + 3) == "null" then return NULL, at + 4 end
  local number = text:match("^-?%d+%.%d+[eE][+-]?%d+", at) or text:match("^-?%d+[eE][+-]?%d+", at)
    or text:match("^-?%d+%.%d+", at) or text:match("^-?%d+", at)
  if number == nil then
    fail(at > #text and "it ends too early" or "a value is expected at byte " .. at)
  end
  if number:match("^-?0%d") then fail("a number begins with 0") end
  return tonumber(number), at + #number
end

local function read_json(text)
  local value, at = read_value(text, skip(text, 1), 0)
  if skip(text, at) <= #text then fail("there is more after the end") end
  return value
end

local function characters(text)
  local _, trailing = text:gsub("[\128-\191]", "")
  return #text - trailing
end

local EXPECTED = {
  string = "must be a text", bytes = "must be a text", timestamp = "must be a text", duration = "must be a text",
  fieldmask = "must be a text", enum = "must be a text", bool = "must be true or false", number = "must be a number",
  int32 = "must be a whole number", int64 = "must be a whole number", message = "must be an object",
}

local function is_whole(value, limit)
  return type(value) == "number" and value == math.floor(value) and value >= -limit and value < limit
end

local function has_type(kind, value)
  if kind == "bool" then return type(value) == "boolean" end
  if kind == "number" then return type(value) == "number" end
  if kind == "int32" then return is_whole(value, 2147483648) end
  if kind == "int64" then
    return is_whole(value, 2 ^ 63) or (type(value) == "string" and value:match("^-?%d+$") ~= nil)
  end
  if kind == "enum" then return type(value) == "string" or is_whole(value, 2147483648) end
  if kind == "message" then return type(value) == "table" and value.object ~= nil end
  return type(value) == "string"
end

local function broken_rule(rules, kind, value)
  if kind == "string" then
    if rules.ignore_empty and value == "" then return nil end
    if rules.uuid then
      if value == "" then return "value is empty, which is not a valid UUID" end
      if not value:match("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") then
        return "must be a valid UUID"
      end
    end
    if rules.one_of ~= nil then
      local known = false
      for _, option in ipairs(rules.one_of) do known = known or option == value end
      if not known then return "must be in list [" .. table.concat(rules.one_of, ", ") .. "]" end
    end
    local length = characters(value)
    if rules.min_length ~= nil and length < rules.min_length then
      return "must be at least " .. rules.min_length .. " characters"
    end
    if rules.max_length ~= nil and length > rules.max_length then
      return "must be at most " .. rules.max_length .. " characters"
    end
  elseif kind == "int32" then
    if (rules.least ~= nil and value < rules.least) or (rules.most ~= nil and value > rules.most) then
      if rules.most == nil then return "must be greater than or equal to " .. rules.least end
      if rules.least == nil then return "must be less than or equal to " .. rules.most end
      return "must be greater than or equal to " .. rules.least .. " and less than or equal to " .. rules.most
    end
  end
  return nil
end

-- Whether the bytes are UTF-8 as gRPC takes it: no overlong forms, no surrogates, nothing past U+10FFFF.
local function is_utf8(text)
  local at = text:find("[\128-\255]")
  while at ~= nil do -- ends: each turn moves `at` past one character
    local a, b = text:byte(at, at + 1)
    b = b or 0
    local size
    if a >= 0xC2 and a <= 0xDF then size = 2
    elseif a >= 0xE0 and a <= 0xEF then size = 3
    elseif a >= 0xF0 and a <= 0xF4 then size = 4
    else return false end
    if (a == 0xE0 and b < 0xA0) or (a == 0xED and b > 0x9F) or (a == 0xF0 and b < 0x90) or (a == 0xF4 and b > 0x8F) then
      return false
    end
    if not text:match("^" .. ("[\128-\191]"):rep(size - 1), at + 1) then return false end
    at = text:find("[\128-\255]", at + size)
  end
  return true
end

local function note(list, field, message)
  if #list < MAX_TOLD then list[#list + 1] = { field = field, message = message } end
end

local EMPTY = { string = "", int32 = 0 }
local check_message

-- Notes a name that the transcoder would refuse in words of its own; shown with U+FFFD where it is no text.
local function check_name(name, before, after, wrong)
  if not is_utf8(name) then
    local shown = name:gsub("\237[\160-\191][\128-\191]", "\239\191\189")
    note(wrong, before .. shown .. after, "a name must not hold half a surrogate pair")
  end
end

local function check_one(field, value, path, wrong, broken)
  if not has_type(field.kind, value) then
    note(wrong, path, EXPECTED[field.kind])
  elseif type(value) == "string" and (value:find("%z") or not is_utf8(value)) then
    -- No database of ours keeps U+0000 in text, and half a surrogate pair is not a character.
    note(wrong, path, "must not hold U+0000 or half a surrogate pair")
  elseif field.kind == "message" then
    if SCHEMA[field.message] ~= nil then check_message(SCHEMA[field.message], value, path .. ".", wrong, broken) end
  else
    local complaint = broken_rule(field.rules, field.kind, value)
    if complaint ~= nil then note(broken, path, complaint) end
  end
end

local function check_field(field, value, path, wrong, broken)
  if field.kind == "other" then return end
  if value == nil or value == NULL then
    local empty = EMPTY[field.kind]
    if field.needed and empty ~= nil and not (field.repeated or field.map) then
      note(broken, path, broken_rule(field.rules, field.kind, empty) or "is required")
    elseif field.needed then
      note(broken, path, "is required")
    end
  elseif field.repeated or field.map then
    local list = type(value) == "table" and (field.repeated and value.array or field.map and value.object) or nil
    if list == nil then
      note(wrong, path, field.repeated and "must be a list" or "must be an object")
      return
    end
    if field.max_items ~= nil and #list > field.max_items then
      note(broken, path, "must contain no more than " .. field.max_items .. " item(s)")
    end
    for index, item in ipairs(list) do
      if field.repeated then
        check_one(field, item, path .. "[" .. (index - 1) .. "]", wrong, broken)
      else
        check_name(item.name, path .. '["', '"]', wrong)
        check_one(field, item.value, path .. '["' .. item.name .. '"]', wrong, broken)
      end
    end
  else
    check_one(field, value, path, wrong, broken)
  end
end

function check_message(schema, value, prefix, wrong, broken, skipped)
  local given = {}
  for _, member in ipairs(value.object) do
    given[member.name] = member.value
    check_name(member.name, prefix, "", wrong)
    if member.name == "" then note(wrong, prefix .. '""', "a field must have a name") end -- the transcoder refuses it
  end
  for _, field in ipairs(schema) do
    if not (skipped and skipped[field.proto_name]) then
      local found = given[field.name]
      if found == nil then found = given[field.proto_name] end
      check_field(field, found, prefix .. field.name, wrong, broken)
    end
  end
end

local function quoted(text)
  local safe = text:gsub('[%c"\\\127]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

local function refuse(handle, reason, message, fields, status)
  local told = {}
  for _, item in ipairs(fields) do
    told[#told + 1] = '{"field":' .. quoted(item.field) .. ',"message":' .. quoted(item.message) .. "}"
  end
  local listed = #told > 0 and '"fields":[' .. table.concat(told, ",") .. "]," or ""
  local identifier = handle:headers():get("x-request-id") or ""
  -- Not in a header: names that a client has made up may hold anything. answer.lua takes it from here.
  handle:streamInfo():dynamicMetadata():set("adwright", "refusal", '{"error":{"reason":' .. quoted(reason)
    .. ',"message":' .. quoted(message) .. "," .. listed .. '"requestId":' .. quoted(identifier) .. ',"retryable":false}}')
  handle:respond({ [":status"] = status or "400" }, "")
end

local function named(fields)
  local parts = {}
  for index, item in ipairs(fields) do
    if index > 10 then break end
    parts[index] = item.field .. ": " .. item.message
  end
  return table.concat(parts, "; ")
end

local function unreadable(path)
  local plain = path:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  return plain:find("%z") ~= nil or not is_utf8(plain)
end

-- What is wrong with the declared form of a JSON body, in words; nil: nothing. An empty Content-Type declares nothing.
local function wrong_media_type(kind)
  if kind == nil or kind:match("^%s*$") then return nil end
  kind = kind:lower()
  local plain = kind:match("^%s*([^;%s]*)")
  if plain ~= "application/json" and not plain:match("^application/[%w.-]+%+json$") then
    return "The body must be JSON: add -H 'Content-Type: application/json' (without it, curl declares a form)."
  end
  local charset = kind:match(";%s*charset%s*=%s*[\"']?([^\"';%s]*)")
  if charset ~= nil and charset ~= "utf-8" and charset ~= "utf8" and charset ~= "us-ascii" then
    return "JSON must be sent as UTF-8: Content-Type: application/json; charset=utf-8."
  end
  return nil
end

local UTF_8_BOM = "\239\187\191"

-- Which other encoding a text is in, as far as its first bytes show: JSON begins with an ASCII character.
local function other_encoding(text)
  local a, b, c, d = text:byte(1, 4)
  if (a == 0 and b == 0) or (a == 255 and b == 254 and c == 0 and d == 0) or (b == 0 and c == 0) then return "UTF-32" end
  if (a == 254 and b == 255) or (a == 255 and b == 254) or a == 0 or b == 0 then return "UTF-16" end
  return nil
end

local function wrong_encoding(text)
  local other = other_encoding(text)
  if other ~= nil then
    return "The body is " .. other .. " text; JSON must be sent as UTF-8. PowerShell: -Encoding utf8."
  end
  if not is_utf8(text) then
    return "The body is not UTF-8 text. It may be Windows-1252 or Latin-1: save it as UTF-8."
  end
  return nil
end

-- The text with each name that stands in the path made unknown: else the transcoder would let the body win.
local function hide(text, members, schema, named)
  for _, member in ipairs(members) do
    for _, field in ipairs(schema) do
      if named[field.proto_name] and (member.name == field.name or member.name == field.proto_name) then
        text = text:sub(1, member.from) .. ("_"):rep(member.to - member.from - 1) .. text:sub(member.to)
      end
    end
  end
  return text
end

function envoy_on_request(handle)
  local route = handle:metadata()
  if not route:get("rest") then return end
  -- Read now: what the handle has given is gone once the body has been waited for.
  local limit, message, named_in_path = route:get("limit"), route:get("message"), route:get("path") or ""
  local headers = handle:headers()
  if unreadable(headers:get(":path") or "") then
    refuse(handle, "MALFORMED_REQUEST", "The address is not UTF-8 text.", {})
    return
  end
  if limit == nil then return end -- it takes no body
  local length = tonumber(headers:get("content-length") or "")
  if length ~= nil and length > limit then
    handle:respond({ [":status"] = "413" }, "")
    return
  end
  local coding = (headers:get("content-encoding") or ""):lower()
  if coding ~= "" and coding ~= "identity" then
    refuse(handle, "UNSUPPORTED_MEDIA_TYPE", "Compressed bodies are not accepted: send it uncompressed, without Content-Encoding.", {}, "415")
    return
  end
  if message == nil then return end -- a file
  local complaint = wrong_media_type(headers:get("content-type"))
  if complaint ~= nil then
    refuse(handle, "UNSUPPORTED_MEDIA_TYPE", complaint, {}, "415")
    return
  end
  local body = handle:body()
  local size = body == nil and 0 or body:length()
  if size == 0 then return end -- the service says what is missing
  local text = body:getBytes(0, size)
  if text:sub(1, 3) == UTF_8_BOM then
    text = text:sub(4)
    handle:body():setBytes(text)
  end
  complaint = wrong_encoding(text)
  if complaint ~= nil then
    refuse(handle, "MALFORMED_REQUEST", complaint, {})
    return
  end
  half_a_pair = false
  local fine, value = pcall(read_json, text)
  if not fine then
    if type(value) ~= "table" then error(value, 0) end
    refuse(handle, "MALFORMED_REQUEST", "The body is not valid JSON: " .. value.told .. ".", {})
    return
  end
  if type(value) ~= "table" or value.object == nil then
    refuse(handle, "MALFORMED_REQUEST", "The body must be a JSON object.", {})
    return
  end
  local skipped, schema = {}, SCHEMA[message]
  for name in named_in_path:gmatch("[^,]+") do skipped[name] = true end
  local wrong, broken = {}, {}
  check_message(schema, value, "", wrong, broken, skipped)
  if #wrong > 0 then
    for _, item in ipairs(broken) do note(wrong, item.field, item.message) end
    refuse(handle, "VALIDATION_FAILED", "The request is not valid: " .. named(wrong), wrong)
    return
  end
  if half_a_pair then -- in what no method knows
    refuse(handle, "MALFORMED_REQUEST", "The body holds half an emoji: an escape from \\ud800 to \\udfff without its other half.", {})
    return
  end
  local hidden = hide(text, value.object, schema, skipped)
  if hidden ~= text then handle:body():setBytes(hidden) end
end
