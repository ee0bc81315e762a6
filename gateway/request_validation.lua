-- Validates the query and the body of a request before the transcoder reads them. The transcoder stops at the first value
-- of a wrong type and does not always name it, accepts a field from any location, and accepts text for numbers and
-- JavaScript for JSON. The API promises that every wrong field is named and that each field has one location. A body
-- without a wrong type is passed on unchanged, but for numbers in fields that accept them as well as text: the service
-- checks the rules, and alone.
-- lua_filters.py prepends json_parser.lua and field_validation.lua, and before them SCHEMA, METHODS, MAX_DEPTH and
-- MAX_VALUES. METHODS maps a gRPC path to the fields that the method accepts and their locations.

local UNKNOWN_HEADER = "x-adwright-unknown-fields" -- read by services/chassis/rpc/request_headers.py; clients cannot set it
local MAX_NAMES = 10 -- parameters and fields that a message lists; `fields` lists all of them
local MAX_PARAMETERS = 100 -- of one query; no method has a tenth of them

local function quoted(text)
  local safe = text:gsub('[%c"\\\127]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

local function refuse(handle, reason, message, fields, headers)
  local listed = {}
  for _, item in ipairs(fields) do
    listed[#listed + 1] = '{"field":' .. quoted(item.field) .. ',"message":' .. quoted(item.message) .. "}"
  end
  local part = #listed > 0 and '"fields":[' .. table.concat(listed, ",") .. "]," or ""
  local identifier = handle:headers():get("x-request-id") or ""
  -- Not in a header: names that a client invents may hold any bytes. response.lua reads the metadata.
  handle:streamInfo():dynamicMetadata():set("adwright", "refusal", '{"error":{"reason":' .. quoted(reason)
    .. ',"message":' .. quoted(message) .. "," .. part .. '"requestId":' .. quoted(identifier)
    .. ',"retryable":' .. tostring(REASONS[reason].retryable) .. "}}")
  local response_headers = headers or {}
  response_headers[":status"] = REASONS[reason].status
  handle:respond(response_headers, "")
end

local function named(fields)
  local parts = {}
  for index, item in ipairs(fields) do
    if index > MAX_NAMES then break end
    parts[index] = item.field .. ": " .. item.message
  end
  return table.concat(parts, "; ")
end

local function refuse_fields(handle, fields, headers)
  refuse(handle, "VALIDATION_FAILED", "The request is not valid: " .. named(fields), fields, headers)
end

local function refuse_type(handle, message)
  refuse(handle, "UNSUPPORTED_MEDIA_TYPE", message, {})
end

local BYTES = {} -- for gsub: maps two hexadecimal digits to their byte
for code = 0, 255 do
  local low, high = string.format("%02x", code), string.format("%02X", code)
  BYTES[low], BYTES[high] = string.char(code), string.char(code)
  BYTES[low:sub(1, 1) .. high:sub(2)], BYTES[high:sub(1, 1) .. low:sub(2)] = string.char(code), string.char(code)
end

local function decoded(text)
  return (text:gsub("%%(%x%x)", BYTES))
end

local function is_unreadable(path)
  local plain = decoded(path)
  return plain:find("%z") ~= nil or not is_utf8(plain)
end

-- Returns the message about a Content-Type that is not JSON in UTF-8; nil: it is accepted. An empty one declares nothing.
local function media_type_complaint(kind)
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

-- Returns the encoding that the first bytes reveal if it is not UTF-8: JSON starts with an ASCII character.
local function other_encoding(text)
  local a, b, c, d = text:byte(1, 4)
  if (a == 0 and b == 0) or (a == 255 and b == 254 and c == 0 and d == 0) or (b == 0 and c == 0) then return "UTF-32" end
  if (a == 254 and b == 255) or (a == 255 and b == 254) or a == 0 or b == 0 then return "UTF-16" end
  return nil
end

local function encoding_complaint(text)
  local other = other_encoding(text)
  if other ~= nil then
    return "The body is " .. other .. " text; JSON must be sent as UTF-8. PowerShell: -Encoding utf8."
  end
  if not is_utf8(text) then
    return "The body is not UTF-8 text. It may be Windows-1252 or Latin-1: save it as UTF-8."
  end
  return nil
end

-- Reports whether the request has Prefer: handling=strict (RFC 7240). Of repeated preferences, the first one counts.
local function is_strict(prefer)
  for preference in (prefer or ""):gmatch("[^,]+") do
    local name, value = preference:lower():match('^%s*([%w-]+)%s*=%s*"?([%w-]*)')
    if name == "handling" then return value == "strict" end
  end
  return false
end

local CREDENTIALS = { apikey = true, xapikey = true, accesstoken = true, token = true, authorization = true, key = true }

local function parameter_list(method)
  if #method.parameters == 0 then return "This method accepts no query parameters." end
  return "The parameters are " .. table.concat(method.parameters, ", ") .. "."
end

-- Returns the message about a query parameter that the method does not have.
local function parameter_complaint(method, name)
  local plain = decoded(name)
  local field = method.fields[plain] or method.fields[plain:match("^[^.]*")]
  if field ~= nil and field.location == "path" then return "belongs in the path" end
  if field ~= nil and field.location == "body" then return "belongs in the body, not in the query" end
  if CREDENTIALS[plain:lower():gsub("[-_]", "")] then
    return "is not a parameter: API keys are sent in the header X-API-Key, tokens in Authorization"
  end
  return "is not a parameter of this method. " .. parameter_list(method)
end

-- The transcoder accepts path and body fields from the query too, and takes the last value of a repeated parameter.
local function check_query(method, path)
  local wrong, given, count = {}, {}, 0
  local query = path:match("%?([^#]*)")
  if query == nil then return wrong end
  for pair in query:gmatch("[^&]+") do
    count = count + 1
    if count > MAX_PARAMETERS then
      add_complaint(wrong, "query", "has more than " .. MAX_PARAMETERS .. " parameters")
      break
    end
    local name = pair:match("^[^=]*")
    local field = method.fields[name]
    if field == nil or field.location ~= "query" then
      add_complaint(wrong, decoded(name), parameter_complaint(method, name))
    elseif given[field.name] and not field.repeated then
      add_complaint(wrong, field.name, "is given more than once")
    else
      given[field.name] = true
    end
  end
  return wrong
end

local function encoded(text)
  return (text:gsub("[^%w_.-]", function(c) return string.format("%%%02X", c:byte()) end))
end

-- Encodes unknown fields for the service, which names them in its response: "ratio=aspectRatio,size,+3".
local function unknown_header(found)
  local parts = {}
  for index, item in ipairs(found.unknown) do
    parts[index] = encoded(item.field) .. (item.known and "=" .. encoded(item.known) or "")
  end
  if found.unknown_count > #found.unknown then parts[#parts + 1] = "+" .. found.unknown_count - #found.unknown end
  return table.concat(parts, ",")
end

-- Returns the text with quotation marks around the numbers of these members: the transcoder passes on the digits of a
-- string as they are.
local function with_quoted(text, numbers)
  table.sort(numbers, function(one, other) return one.from < other.from end) -- they are in the order of the fields
  local parts, from = {}, 1
  for _, member in ipairs(numbers) do
    parts[#parts + 1] = text:sub(from, member.from - 1)
    parts[#parts + 1] = '"' .. text:sub(member.from, member.to) .. '"'
    from = member.to + 1
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

-- Rejects the request and returns nil if its members are not valid; otherwise returns the header of its unknown fields,
-- and the members that are numbers where the service reads a string.
local function check_body(handle, method, members, strict, unstorable, text)
  local found = {
    wrong = {}, unknown = {}, unknown_count = 0, unstorable = unstorable, text = text, numbers = {},
    read_only = method.read_only,
  }
  check_members(method.message, members, "", found, method.path)
  local applied = nil
  if found.unknown_count > 0 and (strict or not method.names_unknown) then
    if method.names_unknown then applied = { ["preference-applied"] = "handling=strict" } end
    for _, item in ipairs(found.unknown) do
      local hint = item.known and ". Did you mean " .. item.known .. "?" or ""
      add_complaint(found.wrong, item.field, "is not a field of this request" .. hint)
    end
  end
  if #found.wrong > 0 then
    refuse_fields(handle, found.wrong, applied)
    return nil
  end
  return unknown_header(found), found.numbers
end

local function check_no_body(handle, method)
  local body = handle:body()
  if body == nil or body:length() == 0 then return end
  local message = method.verb .. " accepts no body. " .. parameter_list(method)
  refuse(handle, "MALFORMED_REQUEST", message, { { field = "body", message = "is not accepted by " .. method.verb } })
end

function envoy_on_request(handle)
  local route = handle:metadata()
  local method = METHODS[route:get("method") or ""]
  if method == nil then return end -- not a REST request
  -- Read before the body is awaited: objects of the handle are invalid afterwards.
  local limit = route:get("limit")
  local headers = handle:headers()
  local path, strict = headers:get(":path") or "", is_strict(headers:get("prefer"))
  if is_unreadable(path) then
    refuse(handle, "MALFORMED_REQUEST", "The address is not UTF-8 text.", {})
    return
  end
  local misplaced_parameters = check_query(method, path)
  if #misplaced_parameters > 0 then
    refuse_fields(handle, misplaced_parameters)
    return
  end
  if limit == nil then
    check_no_body(handle, method)
    return
  end
  local length = tonumber(headers:get("content-length") or "")
  if length ~= nil and length > limit then
    handle:respond({ [":status"] = REASONS.BODY_TOO_LARGE.status }, "")
    return
  end
  local coding = (headers:get("content-encoding") or ""):lower()
  if coding ~= "" and coding ~= "identity" then
    refuse_type(handle, "Compressed bodies are not accepted: send it uncompressed, without Content-Encoding.")
    return
  end
  if method.message == nil then return end -- a file
  local complaint = media_type_complaint(headers:get("content-type"))
  if complaint ~= nil then
    refuse_type(handle, complaint)
    return
  end
  local body = handle:body()
  local size = body == nil and 0 or body:length()
  if size == 0 then return end -- the service names the missing fields
  local text = body:getBytes(0, size)
  if text:sub(1, 3) == UTF_8_BOM then
    text = text:sub(4)
    handle:body():setBytes(text)
  end
  complaint = encoding_complaint(text)
  if complaint ~= nil then
    refuse(handle, "MALFORMED_REQUEST", complaint, {})
    return
  end
  local ok, value, unstorable, lone_surrogate = pcall(read_json, text)
  if not ok then
    if type(value) ~= "table" then error(value, 0) end
    refuse(handle, "MALFORMED_REQUEST", "The body " .. value.complaint .. ".", {})
    return
  end
  if type(value) ~= "table" or value.object == nil then
    refuse(handle, "MALFORMED_REQUEST", "The body must be a JSON object.", {})
    return
  end
  local unknown, numbers = check_body(handle, method, value.object, strict, unstorable, text)
  if unknown == nil then return end
  if lone_surrogate then -- in an unknown field; the transcoder would fail on it
    refuse(handle, "MALFORMED_REQUEST", "The body must not contain an unpaired surrogate: an escape from \\ud800 to \\udfff without its other half.", {})
    return
  end
  if #numbers > 0 then handle:body():setBytes(with_quoted(text, numbers)) end
  if unknown ~= "" then handle:headers():replace(UNKNOWN_HEADER, unknown) end
end
