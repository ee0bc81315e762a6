-- The first filter of the chain: it runs before all others on requests, and after all others on responses.
-- It sets the status and the body of REST responses that a service requests in x-adwright-status and x-adwright-error.
-- ERRORS, UNKNOWN_ERROR, JWKS_UNAVAILABLE, RETRY_AFTER and REASONS are prepended by lua_filters.py from protos/errors.toml.

local MAX_LOCAL_REPLY_BYTES = 16384 -- Envoy's local replies are a few hundred bytes

local function quoted(text)
  local safe = text:gsub('[%c"\\\127]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
end

local function error_body(item, identifier)
  return '{"error":{"reason":' .. quoted(item.reason) .. ',"message":' .. quoted(item.message)
    .. ',"requestId":' .. quoted(identifier) .. ',"retryable":' .. tostring(item.retryable) .. "}}"
end

-- The messages of services/chassis/rpc/auth.py, by Envoy's own message about a token.
local MALFORMED = "The token is not a signed JSON Web Token: three base64url parts separated by dots, the last of which is the signature."
local UNREADABLE = "The token cannot be read: its three parts must be base64url, and the first two JSON."
local WRONG_ALGORITHM = "The token's algorithm (alg) is not accepted: use RS256, ES256 or EdDSA."
local TOKEN_MESSAGES = {
  ["Jwt is missing"] = "A bearer token is required.",
  ["Jwt is expired"] = "The token has expired.",
  ["Jwt not yet valid"] = "The token is not valid yet.",
  ["Jwt issuer is not configured"] = "The token's issuer is not trusted.",
  ["Audiences in Jwt are not allowed"] = "The token is for another audience.",
  ["Jwt verification fails"] = "The token's signature is invalid.",
  ["Jwks doesn't have key to match kid or alg from Jwt"] = "The token is not signed with one of the issuer's keys.",
  ["Jwt header [alg] is not supported"] = WRONG_ALGORITHM,
  ["Jwt header [alg] field is required and must be a string"] = WRONG_ALGORITHM,
  ["Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"] = MALFORMED,
}
local JWKS_FETCH_FAILED = "Jwks remote fetch is failed"
local API_KEY_MISPLACED = "Send API keys in the X-API-Key header, not in Authorization."
local NO_BEARER = "The Authorization header must be the word Bearer, a space and the token."
local QUOTED = "Send the token in the Authorization header without quotes or spaces."
local API_KEY_FORM = "The API key is malformed: it must be adw_ followed by 43 letters, digits, - or _, without quotes or spaces."
local API_KEY_LENGTH = 47
local CREDENTIALS = "adwright.credentials" -- the namespace of dynamic metadata about the credentials of a request

-- Returns the scheme and the rest of an Authorization header, without the white space around them. Every pattern is
-- anchored or stops at its first match, so the time is linear even in a header made of spaces.
local function parts_of(authorization)
  local from, to = authorization:find("%S+")
  if from == nil then return "", "" end
  local rest, last = authorization:find("%S", to + 1), #authorization
  if rest == nil then return authorization:sub(from, to), "" end
  while authorization:find("^%s", last) do last = last - 1 end -- terminates: `rest` is not a space
  return authorization:sub(from, to), authorization:sub(rest, last)
end

-- Returns the message about a token that was sent in the wrong form, before the token itself is checked; nil: it is fine.
local function credential_complaint(scheme, token)
  if (token ~= "" and token or scheme):find("^[\"']*adw_") then return API_KEY_MISPLACED end
  if scheme:lower() ~= "bearer" or token == "" then return NO_BEARER end
  if token:find("[%s\"']") then return QUOTED end
end

-- Stores the facts that a 401 response needs. Rewrites the scheme as Envoy expects it: by RFC 9110 its case is free.
local function read_credentials(handle)
  local headers = handle:headers()
  local authorization, key = headers:get("authorization"), headers:get("x-api-key")
  local metadata = handle:streamInfo():dynamicMetadata()
  if authorization == nil then
    if key ~= nil and not (#key == API_KEY_LENGTH and key:find("^adw_[%w_-]+$")) then
      metadata:set(CREDENTIALS, "message", API_KEY_FORM)
    end
    return
  end
  local scheme, token = parts_of(authorization)
  local message = credential_complaint(scheme, token)
  if message ~= nil then
    metadata:set(CREDENTIALS, "message", message)
    return
  end
  if authorization ~= "Bearer " .. token then headers:replace("authorization", "Bearer " .. token) end
  metadata:set(CREDENTIALS, "claims", token:match("^[^.]*%.([^.]*)%.") or "") -- useless without the signature
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

local function token_message(complaint, credentials)
  if credentials ~= nil and credentials["message"] ~= nil then return credentials["message"] end
  if TOKEN_MESSAGES[complaint] ~= nil and complaint ~= "Jwt verification fails" then return TOKEN_MESSAGES[complaint] end
  local claim = complaint:match("^Jwt payload %[(%w+)%] field is not ")
  if claim == "exp" or claim == "nbf" or claim == "iat" then
    return "The token's " .. claim .. " claim is not a number of seconds since 1970."
  elseif claim ~= nil then
    return "The token's " .. claim .. " claim must be a string" .. (claim == "aud" and " or a list of strings." or ".")
  end
  if complaint == "Jwt verification fails" then
    -- Envoy gives the same message for a token without exp.
    local claims = from_base64url(credentials ~= nil and credentials["claims"] or "")
    if claims ~= "" and not claims:find('"exp"%s*:') then return "The token has no exp claim." end
    return TOKEN_MESSAGES[complaint]
  end
  return UNREADABLE
end

local function with_token_message(text, credentials)
  return (text:gsub('("message":")([^"]*)(")', function(before, complaint, after)
    return before .. token_message(complaint, credentials) .. after
  end, 1))
end

local function json_name(path)
  return (path:gsub("_(%l)", string.upper))
end

-- Replaces the transcoder's message about a query parameter or path that it could not read by one that names the field.
local function with_field_message(text)
  local message = text:match('"message":"The request is not valid%. (.-)","reason":"MALFORMED_REQUEST"')
  if message == nil then return text end
  local field, complaint = message:match('^Could not find field \\"([%w_.%-]+)\\" in the type'), "is not a parameter of this method"
  if field == nil then
    field, complaint = message:match("^([%w_.%[%]]+): invalid value .* for type ([%w_./]+)$")
    if field ~= nil then
      complaint = complaint:find("INT") and "must be a whole number" or complaint:find("BOOL") and "must be true or false"
        or complaint:find("Timestamp") and "must be an RFC 3339 time such as 2026-01-31T12:00:00Z" or "has the wrong type"
    end
  end
  if field == nil then return text end
  field = json_name(field)
  local replacement = '"message":"The request is not valid: ' .. field .. ": " .. complaint .. '","reason":"VALIDATION_FAILED","fields":[{"field":"'
    .. field .. '","message":"' .. complaint .. '"}]'
  local from, to = text:find('"message":"The request is not valid. ' .. message .. '","reason":"MALFORMED_REQUEST"', 1, true)
  return text:sub(1, from - 1) .. replacement .. text:sub(to + 1)
end

local function internal_names(headers)
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

-- Removes the body of a response to HEAD. The headers stay those of the response to GET, Content-Length included: a byte
-- of the body would be read as the start of the next response on the connection.
local function drop_body(handle)
  for chunk in handle:bodyChunks() do
    if chunk:length() > 0 then chunk:setBytes("") end
  end
end

-- Reports whether gRPC accepts the value of a "-bin" header. With any other value, the service would abort the call.
local function is_base64(value)
  for part in (value .. ","):gmatch("([^,]*),") do
    -- At least one digit, so that spaces are scanned once and not again from each of their positions.
    local digits = part:find("^%s*$") and "" or part:match("^%s*([A-Za-z0-9+/]+)=?=?%s*$")
    if digits == nil or #digits % 4 == 1 then return false end
  end
  return true
end

-- Removes headers that have a meaning in gRPC only. gRPC clients may send well-formed ones; other clients may send none.
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

-- The transcoder writes empty lists; by the API reference, a response without notes has no such field. It is the last one.
local NO_NOTES = ',"notes":[]}'

local function remove_empty_notes(handle)
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
    -- Envoy's own reply would be gRPC's: status 200 and the error in a trailer.
    local item = REASONS.UNSUPPORTED_MEDIA_TYPE
    facts:set("adwright", "status", item.status)
    facts:set("adwright", "refusal", error_body({
      reason = "UNSUPPORTED_MEDIA_TYPE",
      message = "This path takes JSON: add -H 'Content-Type: application/json'. gRPC clients call /package.Service/Method.",
      retryable = item.retryable,
    }, identifier))
    handle:respond({ [":status"] = item.status }, "")
    return
  end
  if headers:get(":method") == "HEAD" then
    -- Sent on as GET, so that the headers are the same; the body is removed from the response.
    facts:set("adwright", "head", true)
    headers:replace(":method", "GET")
    headers:replace("x-adwright-head", "1")
  end
end

function envoy_on_response(handle)
  local facts = handle:streamInfo():dynamicMetadata():get("adwright")
  local credentials = handle:streamInfo():dynamicMetadata():get(CREDENTIALS)
  local headers = handle:headers()
  -- One request a connection: HTTP/1.0 has no Transfer-Encoding, so the bytes after such a body could be anything.
  if handle:streamInfo():protocol() == "HTTP/1.0" then handle:streamInfo():drainConnectionUponCompletion() end
  if facts == nil then -- a gRPC client, which reads status and details itself
    local message = (headers:get("grpc-message") or ""):match('^{"error":{"message":"([^"]*)"')
    if message ~= nil then
      local unauthenticated = headers:get("grpc-status") == "16" and message ~= JWKS_FETCH_FAILED
      headers:replace("grpc-message", unauthenticated and token_message(message, credentials) or message)
    end
    return
  end
  -- Read before the body is awaited: objects of the handle are invalid afterwards.
  local identifier, refusal, head = facts["request_id"], facts["refusal"], facts["head"] == true
  local service_error = headers:get("x-adwright-error")
  local service_status = headers:get("x-adwright-status")
  local length = headers:get("x-adwright-content-length")
  for _, name in ipairs(internal_names(headers)) do headers:remove(name) end
  -- Only three digits from 200 to 599: headers of services are checked too.
  if service_status ~= nil and service_status:match("^[2-5]%d%d$") then headers:replace(":status", service_status) end
  if service_error ~= nil then
    set_body(handle, service_error, head)
    return
  end
  if refusal ~= nil then
    if facts["status"] ~= nil then headers:replace(":status", facts["status"]) end
    set_body(handle, refusal, head)
    return
  end
  -- The length of a file, which the service states before it sends the file in parts.
  if length ~= nil and length:match("^%d+$") then headers:replace("content-length", length) end
  -- A stopping server cancels calls that it has not started. A client that cancels a call does not read the response.
  if headers:get(":status") == "499" then
    headers:replace(":status", REASONS.UNAVAILABLE.status)
    headers:replace("retry-after", RETRY_AFTER)
  end
  local status = tonumber(headers:get(":status")) or 500
  if status == 204 then
    headers:remove("content-type")
    headers:remove("content-length")
    drop_body(handle)
    return
  end
  if head then
    if status == 400 or status == 401 then headers:remove("content-length") end -- the body of GET is rewritten below
    drop_body(handle)
    return
  end
  if status < 400 then
    if handle:metadata():get("notes") then remove_empty_notes(handle) end
    return
  end
  local body = handle:body(true)
  if body == nil or body:length() > MAX_LOCAL_REPLY_BYTES then return end
  if body:length() == 0 then
    -- An error without a REST body: gRPC's own, or one whose details arrived after the headers.
    body:setBytes(error_body(ERRORS[status] or UNKNOWN_ERROR, identifier))
    headers:replace("content-type", "application/json")
  elseif status == 400 then
    body:setBytes(with_field_message(body:getBytes(0, body:length())))
  elseif status == 401 then
    local text = body:getBytes(0, body:length())
    if text:find(JWKS_FETCH_FAILED, 1, true) then -- not the token's fault
      local response_headers = handle:headers() -- fetched again: the earlier object is invalid
      response_headers:replace(":status", JWKS_UNAVAILABLE.status)
      response_headers:replace("retry-after", RETRY_AFTER)
      response_headers:remove("www-authenticate")
      body:setBytes(error_body(JWKS_UNAVAILABLE, identifier))
      return
    end
    body:setBytes(with_token_message(text, credentials))
  end
end
