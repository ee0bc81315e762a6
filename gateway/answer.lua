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
local RETRYABLE = { [429] = true, [502] = true, [503] = true, [504] = true }

local function quoted(text)
  local safe = text:gsub('[%c"\\\127-\255]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. safe .. '"'
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

function envoy_on_request(handle)
  local kind = handle:headers():get("content-type") or ""
  if kind:sub(1, 16) ~= "application/grpc" then
    handle:streamInfo():dynamicMetadata():set("adwright", "request_id", handle:headers():get("x-request-id") or "")
  end
end

function envoy_on_response(handle)
  local noted = handle:streamInfo():dynamicMetadata():get("adwright")
  if noted == nil then return end -- a gRPC client reads status and details by itself
  local headers = handle:headers()
  local told = headers:get("x-adwright-error")
  local asked = headers:get("x-adwright-status")
  local refused = headers:get("grpc-status")
  for _, name in ipairs(names_of(headers)) do headers:remove(name) end
  -- Three digits from 200 to 599 and nothing else: the header comes from a service, and is still not taken on trust.
  if asked ~= nil and asked:match("^[2-5]%d%d$") then headers:replace(":status", asked) end
  if told ~= nil then
    set_body(handle, told)
    return
  end
  if refused ~= nil and refused ~= "0" then
    local status = tonumber(headers:get(":status")) or 500
    local reason = REASONS[status] or "REQUEST_FAILED"
    local message = MESSAGES[status] or "Something went wrong on our side."
    set_body(handle, '{"error":{"reason":' .. quoted(reason) .. ',"message":' .. quoted(message)
      .. ',"requestId":' .. quoted(noted["request_id"]) .. ',"retryable":' .. tostring(RETRYABLE[status] == true) .. '}}')
  end
end
