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
  local safe = text:gsub('[%c"\\\127]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

-- Envoy's complaints of a token, in the words of services/chassis/rpc/auth.py.
local MALFORMED = "The token is not a signed JSON Web Token: three parts in base64url with dots between them, the last of which is the signature."
local UNREADABLE = "The token cannot be read: its three parts must be base64url, and the first two JSON."
local WRONG_ALGORITHM = "The token's algorithm (alg) is not accepted: use RS256, ES256 or EdDSA."
local TOKEN_WORDS = {
  ["Jwt is missing"] = "A bearer token is required.",
  ["Jwt is expired"] = "The token has expired.",
  ["Jwt not yet valid"] = "The token is not valid yet.",
  ["Jwt issuer is not configured"] = "The token is not of the issuer that is trusted here.",
  ["Audiences in Jwt are not allowed"] = "The token is for another audience.",
  ["Jwt verification fails"] = "The token's signature is not right.",
  ["Jwks doesn't have key to match kid or alg from Jwt"] = "The token is not signed with a key of the issuer.",
  ["Jwt header [alg] is not supported"] = WRONG_ALGORITHM,
  ["Jwt header [alg] field is required and must be a string"] = WRONG_ALGORITHM,
  ["Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"] = MALFORMED,
}
local NO_KEYS = "Jwks remote fetch is failed"
local API_KEY_MISPLACED = "API keys go into the X-API-Key header, not into Authorization."
local NO_BEARER = "The Authorization header must be the word Bearer, a space and the token."
local QUOTED = "The token must stand in the Authorization header without quotes or spaces."
local API_KEY_FORM = "The API key does not look like one: it is adw_ and 43 letters, digits, - or _, without quotes or spaces."
local API_KEY_LENGTH = 47
local SENT = "adwright.sent"

-- The scheme and the rest of an Authorization header, without the white space around them. Every pattern is anchored or
-- stops at its first match, so the time is linear in a header that may be made of spaces.
local function parts_of(authorization)
  local from, to = authorization:find("%S+")
  if from == nil then return "", "" end
  local rest, last = authorization:find("%S", to + 1), #authorization
  if rest == nil then return authorization:sub(from, to), "" end
  while authorization:find("^%s", last) do last = last - 1 end -- ends: the rest holds what is no space
  return authorization:sub(from, to), authorization:sub(rest, last)
end

-- What can be seen to be wrong with how a token was sent, before anybody has checked it; nil: nothing.
local function misplaced(scheme, token)
  if (token ~= "" and token or scheme):find("^[\"']*adw_") then return API_KEY_MISPLACED end
  if scheme:lower() ~= "bearer" or token == "" then return NO_BEARER end
  if token:find("[%s\"']") then return QUOTED end
end

-- Remembers what an answer of 401 needs, and writes the scheme as Envoy reads it: by RFC 9110 it may be in any case.
local function read_credentials(handle)
  local headers = handle:headers()
  local authorization, key = headers:get("authorization"), headers:get("x-api-key")
  local metadata = handle:streamInfo():dynamicMetadata()
  if authorization == nil then
    if key ~= nil and not (#key == API_KEY_LENGTH and key:find("^adw_[%w_-]+$")) then
      metadata:set(SENT, "words", API_KEY_FORM)
    end
    return
  end
  local scheme, token = parts_of(authorization)
  local words = misplaced(scheme, token)
  if words ~= nil then
    metadata:set(SENT, "words", words)
    return
  end
  if authorization ~= "Bearer " .. token then headers:replace("authorization", "Bearer " .. token) end
  metadata:set(SENT, "claims", token:match("^[^.]*%.([^.]*)%.") or "") -- without its signature it opens nothing
end

local DIGITS = {}
for index = 1, 64 do
  DIGITS[("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"):byte(index)] = index - 1
end

local function from_base64url(text)
  local out, bits, count = {}, 0, 0
  for index = 1, #text do
    local digit = DIGITS[text:byte(index)]
    if digit == nil then return "" end
    bits, count = bits * 64 + digit, count + 6
    if count >= 8 then
      count = count - 8
      out[#out + 1] = string.char(math.floor(bits / 2 ^ count))
      bits = bits % 2 ^ count
    end
  end
  return table.concat(out)
end

local function token_words(complaint, sent)
  if sent ~= nil and sent["words"] ~= nil then return sent["words"] end
  if TOKEN_WORDS[complaint] ~= nil and complaint ~= "Jwt verification fails" then return TOKEN_WORDS[complaint] end
  local claim = complaint:match("^Jwt payload %[(%w+)%] field is not ")
  if claim == "exp" or claim == "nbf" or claim == "iat" then
    return "The token's " .. claim .. " claim is not a number of seconds since 1970."
  elseif claim ~= nil then
    return "The token's " .. claim .. " claim is not a text" .. (claim == "aud" and " or a list of texts." or ".")
  end
  if complaint == "Jwt verification fails" then
    -- Envoy says the same of a token without an end.
    local claims = from_base64url(sent ~= nil and sent["claims"] or "")
    if claims ~= "" and not claims:find('"exp"%s*:') then return "The token has no exp claim." end
    return TOKEN_WORDS[complaint]
  end
  return UNREADABLE
end

local function reworded_token(text, sent)
  return (text:gsub('("message":")([^"]*)(")', function(before, complaint, after)
    return before .. token_words(complaint, sent) .. after
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

local function set_body(handle, text, head)
  if head then
    handle:headers():replace("content-length", tostring(#text))
  else
    local body = handle:body(true)
    if body == nil then return end
    body:setBytes(text)
  end
  handle:headers():replace("content-type", "application/json")
end

-- An answer without its body: the headers are those of the answer to GET, Content-Length included. A byte after them
-- would be read as the start of the next answer on the connection.
local function drop_body(handle)
  for chunk in handle:bodyChunks() do
    if chunk:length() > 0 then chunk:setBytes("") end
  end
end

-- gRPC's metadata cannot hold such a value: the service would end the call.
local function is_base64(value)
  for part in (value .. ","):gmatch("([^,]*),") do
    -- One digit at least, so that spaces are passed over once and not from each of their places.
    local digits = part:find("^%s*$") and "" or part:match("^%s*([A-Za-z0-9+/]+)=?=?%s*$")
    if digits == nil or #digits % 4 == 1 then return false end
  end
  return true
end

-- What means something to gRPC only: taken from a gRPC client where it is well-formed, and from others never.
local function drop_grpc_headers(headers, native)
  local names = {}
  for name, value in pairs(headers) do
    if name:sub(-4) == "-bin" then
      if not (native and is_base64(value)) then names[name] = true end
    elseif not native and name:sub(1, 5) == "grpc-" then
      names[name] = true
    end
  end
  for name in pairs(names) do headers:remove(name) end
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
  read_credentials(handle)
  local headers = handle:headers()
  local kind = (headers:get("content-type") or ""):lower()
  local named = (headers:get(":path") or ""):match("^/[%w_]+%.[%w_.]+/[%w_]+$") ~= nil -- /package.Service/Method
  local typed = kind:sub(1, 16) == "application/grpc"
  drop_grpc_headers(headers, named and typed)
  if named and typed then return end
  local facts = handle:streamInfo():dynamicMetadata()
  local identifier = headers:get("x-request-id") or ""
  facts:set("adwright", "request_id", identifier)
  if typed then
    -- Envoy would answer as gRPC does: with status 200 and the refusal in a trailer.
    facts:set("adwright", "status", "415")
    facts:set("adwright", "refusal", '{"error":{"reason":"UNSUPPORTED_MEDIA_TYPE","message":' .. quoted(
      "This path takes JSON: add -H 'Content-Type: application/json'. gRPC clients call /package.Service/Method."
    ) .. ',"requestId":' .. quoted(identifier) .. ',"retryable":false}}')
    handle:respond({ [":status"] = "415" }, "")
    return
  end
  if headers:get(":method") == "HEAD" then
    -- Asked as GET is, so that the headers are the same; the body is dropped on the way back.
    facts:set("adwright", "head", true)
    headers:replace(":method", "GET")
    headers:replace("x-adwright-head", "1")
  end
end

function envoy_on_response(handle)
  local noted = handle:streamInfo():dynamicMetadata():get("adwright")
  local sent = handle:streamInfo():dynamicMetadata():get(SENT)
  local headers = handle:headers()
  -- One request a connection: HTTP/1.0 does not know Transfer-Encoding, and what follows such a body could be anything.
  if handle:streamInfo():protocol() == "HTTP/1.0" then handle:streamInfo():drainConnectionUponCompletion() end
  if noted == nil then -- a gRPC client reads status and details by itself
    local words = (headers:get("grpc-message") or ""):match('^{"error":{"message":"([^"]*)"')
    if words ~= nil then
      local refused = headers:get("grpc-status") == "16" and words ~= NO_KEYS
      headers:replace("grpc-message", refused and token_words(words, sent) or words)
    end
    return
  end
  -- Read now: what the handle has given is gone once the body has been waited for.
  local identifier, refusal, head = noted["request_id"], noted["refusal"], noted["head"] == true
  local told = headers:get("x-adwright-error")
  local asked = headers:get("x-adwright-status")
  local length = headers:get("x-adwright-content-length")
  for _, name in ipairs(names_of(headers)) do headers:remove(name) end
  -- Three digits from 200 to 599 and nothing else: the header comes from a service, and is still not taken on trust.
  if asked ~= nil and asked:match("^[2-5]%d%d$") then headers:replace(":status", asked) end
  if told ~= nil then
    set_body(handle, told, head)
    return
  end
  if refusal ~= nil then
    if noted["status"] ~= nil then headers:replace(":status", noted["status"]) end
    set_body(handle, refusal, head)
    return
  end
  -- How long a file is, said by the service before it sends it in parts.
  if length ~= nil and length:match("^%d+$") then headers:replace("content-length", length) end
  -- A server that stops cancels what it has not begun. Who cancels a call themselves does not read the answer.
  if headers:get(":status") == "499" then
    headers:replace(":status", "503")
    headers:replace("retry-after", "1")
  end
  local status = tonumber(headers:get(":status")) or 500
  if status == 204 then
    headers:remove("content-type")
    headers:remove("content-length")
    drop_body(handle)
    return
  end
  if head then
    if status == 400 or status == 401 then headers:remove("content-length") end -- GET gets other words, see below
    drop_body(handle)
    return
  end
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
    local text = body:getBytes(0, body:length())
    if text:find(NO_KEYS, 1, true) then -- not the token's fault
      local own = handle:headers()
      own:replace(":status", "503")
      own:replace("retry-after", "1")
      own:remove("www-authenticate")
      body:setBytes('{"error":{"reason":"DEPENDENCY_UNAVAILABLE","message":"The token cannot be checked right now; try again."'
        .. ',"requestId":' .. quoted(identifier) .. ',"retryable":true}}')
      return
    end
    body:setBytes(reworded_token(text, sent))
  end
end
