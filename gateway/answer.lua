-- The first filter of the chain: sees every request before all others and every answer after them.
-- It gives REST answers the status and the body that a service asked for in x-adwright-status and x-adwright-error.

local REASONS = {
  [400] = "VALIDATION_FAILED", [401] = "UNAUTHENTICATED", [403] = "FORBIDDEN", [404] = "NOT_FOUND",
  [409] = "CONFLICT", [413] = "BODY_TOO_LARGE", [429] = "LIMITED", [500] = "INTERNAL", [501] = "NOT_PROVIDED",
  [502] = "BAD_UPSTREAM", [503] = "UNAVAILABLE", [504] = "TIMED_OUT",
}
local MESSAGES = {
  [400] = "The request is not valid.", [401] = "A valid token is required.",
  [403] = "This is not open to the caller.", [404] = "There is no such thing.",
  [409] = "This clashes with what is there.", [413] = "The body is larger than this method takes.",
  [429] = "Too much at once; try again.", [501] = "This is not provided.",
  [502] = "Part of the system gave no usable answer.",
  [503] = "Part of the system cannot be reached right now; try again.", [504] = "This took too long; try again.",
}
local MAX_OWN = 16384 -- Envoy's own answers are a few hundred bytes
local RETRYABLE = { [429] = true, [502] = true, [503] = true, [504] = true }

local function quoted(text)
  local safe = text:gsub('[%c"\\\127-\255]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

local TOKEN_WORDS = {
  ["Jwt is missing"] = "A bearer token is required.",
  ["Jwt is expired"] = "The token has expired.",
  ["Jwt not yet valid"] = "The token is not valid yet.",
  ["Jwt issuer is not configured"] = "The token is not of the issuer that is trusted here.",
  ["Audiences in Jwt are not allowed"] = "The token is for another audience.",
  ["Jwt verification fails"] = "The token's signature is not right.",
  ["Jwks doesn't have key to match kid or alg from Jwt"] = "The token is not signed with a key of the issuer.",
}

local function reworded_token(text)
  return (text:gsub('("message":")([^"]*)(")', function(before, words, after)
    return before .. (TOKEN_WORDS[words] or "The token is not valid: " .. words:gsub("%.+$", "") .. ".") .. after
  end, 1))
end

local function json_name(path)
  return (path:gsub("_(%l)", string.upper))
end

-- The transcoder's words for a query parameter or a path that it could not read, as the field that is wrong.
local function reworded_fields(text)
  local words = text:match('"message":"The request is not valid%. (.-)","reason":"MALFORMED_REQUEST"')
  if words == nil then return text end
  local field, complaint = words:match('^Could not find field \\"([%w_.%-]+)\\" in the type'), "is not a parameter of this method"
  if field == nil then
    field, complaint = words:match("^([%w_.%[%]]+): invalid value .* for type ([%w_./]+)$")
    if field ~= nil then
      complaint = complaint:find("INT") and "must be a whole number" or complaint:find("BOOL") and "must be true or false"
        or complaint:find("Timestamp") and "must be a time as RFC 3339 writes it" or "has the wrong type"
    end
  end
  if field == nil then return text end
  field = json_name(field)
  local told = '"message":"The request is not valid: ' .. field .. ": " .. complaint .. '","reason":"VALIDATION_FAILED","fields":[{"field":"'
    .. field .. '","message":"' .. complaint .. '"}]'
  local from, to = text:find('"message":"The request is not valid. ' .. words .. '","reason":"MALFORMED_REQUEST"', 1, true)
  return text:sub(1, from - 1) .. told .. text:sub(to + 1)
end

local function names_of(headers)
  local names = {}
  for name in pairs(headers) do
    if name:sub(1, 11) == "x-adwright-" or name:sub(1, 5) == "grpc-" then names[#names + 1] = name end
  end
  return names
end

local function set_body(handle, text)
  local body = handle:body(true)
  if body == nil then return end
  body:setBytes(text)
  handle:headers():replace("content-type", "application/json")
end

-- The transcoder writes empty lists; the reference's answers have no notes where there is nothing to say. They stand last.
local NO_NOTES = ',"notes":[]}'

local function leave_out_empty_notes(handle)
  local body = handle:body()
  if body == nil or body:length() < #NO_NOTES then return end
  local size = body:length() - #NO_NOTES
  if body:getBytes(size, #NO_NOTES) == NO_NOTES then body:setBytes(body:getBytes(0, size) .. "}") end
end

function envoy_on_request(handle)
  local kind = handle:headers():get("content-type") or ""
  if kind:sub(1, 16) ~= "application/grpc" then
    handle:streamInfo():dynamicMetadata():set("adwright", "request_id", handle:headers():get("x-request-id") or "")
  end
end

function envoy_on_response(handle)
  local noted = handle:streamInfo():dynamicMetadata():get("adwright")
  local headers = handle:headers()
  if noted == nil then -- a gRPC client reads status and details by itself
    local words = (headers:get("grpc-message") or ""):match('^{"error":{"message":"([^"]*)"')
    if words ~= nil then headers:replace("grpc-message", words) end
    return
  end
  -- Read now: what the handle has given is gone once the body has been waited for.
  local identifier, refusal = noted["request_id"], noted["refusal"]
  local told = headers:get("x-adwright-error")
  local asked = headers:get("x-adwright-status")
  for _, name in ipairs(names_of(headers)) do headers:remove(name) end
  -- Three digits from 200 to 599 and nothing else: the header comes from a service, and is still not taken on trust.
  if asked ~= nil and asked:match("^[2-5]%d%d$") then headers:replace(":status", asked) end
  if told ~= nil then
    set_body(handle, told)
    return
  end
  if refusal ~= nil then
    set_body(handle, refusal)
    return
  end
  -- A server that stops cancels what it has not begun. Who cancels a call themselves does not read the answer.
  if headers:get(":status") == "499" then
    headers:replace(":status", "503")
    headers:replace("retry-after", "1")
  end
  local status = tonumber(headers:get(":status")) or 500
  if status < 400 then
    if handle:metadata():get("notes") then leave_out_empty_notes(handle) end
    return
  end
  local body = handle:body(true)
  if body == nil or body:length() > MAX_OWN then return end
  if body:length() == 0 then
    -- A refusal that is not in our words: gRPC's own, or one whose words came after the headers.
    local reason = REASONS[status] or "REQUEST_FAILED"
    local message = MESSAGES[status] or "Something went wrong on our side."
    body:setBytes('{"error":{"reason":' .. quoted(reason) .. ',"message":' .. quoted(message)
      .. ',"requestId":' .. quoted(identifier) .. ',"retryable":' .. tostring(RETRYABLE[status] == true) .. '}}')
    headers:replace("content-type", "application/json")
  elseif status == 400 then
    body:setBytes(reworded_fields(body:getBytes(0, body:length())))
  elseif status == 401 then
    body:setBytes(reworded_token(body:getBytes(0, body:length())))
  end
end
