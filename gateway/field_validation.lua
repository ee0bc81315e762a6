-- Compares a JSON body with its message: finds fields of a wrong type and unknown fields. The service checks the rules.
-- lua_filters.py prepends SCHEMA, which maps a message's name to the list of its fields.

local MAX_COMPLAINTS = 50 -- of one response; the service names at most 15
local MAX_NAME_BYTES = 100 -- of an unknown name
local MAX_UNKNOWN = 10 -- unknown fields that are named; they are sent in a header, and gRPC accepts 8 KiB of headers

-- Shortens a text from the client for a response or a header, and makes it valid UTF-8.
local function printable(text)
  if #text > MAX_NAME_BYTES then
    text = text:sub(1, MAX_NAME_BYTES):gsub("[\192-\255][\128-\191]*$", "") .. "…"
  end
  if not is_utf8(text) then
    text = text:gsub("\237[\160-\191][\128-\191]", "\239\191\189") -- a lone surrogate becomes U+FFFD
    if not is_utf8(text) then text = text:gsub("[\128-\255]", "?") end
  end
  return text
end

local BY_NAME = {} -- maps a message to its fields by JSON name and by proto name
for message, fields in pairs(SCHEMA) do
  BY_NAME[message] = {}
  for _, field in ipairs(fields) do
    BY_NAME[message][field.name] = field
    BY_NAME[message][field.proto_name] = field
  end
end

-- "Did you mean …": finds the field of a message whose name is closest to an unknown name.

local MIN_WORD = 4 -- letters; shorter names are part of too many others
local MAX_COMPARED = 32 -- letters of an unknown name; no field has a longer one

local function split_words(name)
  return (name:gsub("(%l)(%u)", "%1 %2"):gsub("%W+", " "):lower())
end

local function joined(words) return (words:gsub(" ", "")) end

local CANDIDATES = {} -- maps a message to its fields and those of its inner messages; filled on first use

local function candidates_of(message)
  if CANDIDATES[message] == nil then
    local found = {}
    local function add(name, path)
      found[#found + 1] = { path = path, name = joined(split_words(name)), words = " " .. split_words(path) .. " " }
    end
    for _, field in ipairs(SCHEMA[message]) do add(field.name, field.name) end
    for _, field in ipairs(SCHEMA[message]) do
      local inner = not field.repeated and SCHEMA[field.message] or {}
      for _, item in ipairs(inner) do add(item.name, field.name .. "." .. item.name) end
    end
    CANDIDATES[message] = found
  end
  return CANDIDATES[message]
end

-- Returns the Damerau-Levenshtein distance: the number of letters to insert, delete, change or swap with the next one.
local function distance(one, other)
  local last, row = {}, {}
  for column = 0, #other do row[column] = column end
  for first = 1, #one do
    local above, letter = row, one:byte(first)
    row = { [0] = first }
    for second = 1, #other do
      local same = letter == other:byte(second)
      row[second] = math.min(above[second - 1] + (same and 0 or 1), above[second] + 1, row[second - 1] + 1)
      if first > 1 and second > 1 and letter == other:byte(second - 1) and one:byte(first - 1) == other:byte(second) then
        row[second] = math.min(row[second], last[second - 2] + 1)
      end
    end
    last = above
  end
  return row[#other]
end

local function max_edits(name)
  if #name < MIN_WORD then return 0 end
  return #name < 6 and 1 or 2
end

-- Returns the path of the closest field; nil: no field is close.
local function closest(message, name)
  if #name > MAX_COMPARED then return nil end
  local words = split_words(name)
  local plain = joined(words)
  local best, fewest = nil, max_edits(plain)
  for _, candidate in ipairs(candidates_of(message)) do
    if plain == candidate.name or plain == joined(candidate.words) then return candidate.path end
    if math.abs(#plain - #candidate.name) <= fewest then
      local edits = distance(plain, candidate.name)
      if edits <= fewest and (best == nil or edits < fewest) then best, fewest = candidate.path, edits end
    end
  end
  if best ~= nil or #plain < MIN_WORD then return best end
  for _, candidate in ipairs(candidates_of(message)) do -- "ratio" for aspectRatio, "productName" for name
    if candidate.words:find(" " .. words .. " ", 1, true) then return candidate.path end
  end
  for _, candidate in ipairs(candidates_of(message)) do
    local whole = " " .. joined(candidate.words:sub(2, -2)) .. " "
    if #candidate.name >= MIN_WORD and (" " .. words .. " "):find(whole, 1, true) then return candidate.path end
  end
  return nil
end

local EXPECTED = {
  string = "must be a string", bytes = "must be a string", timestamp = "must be a string", duration = "must be a string",
  fieldmask = "must be a string", enum = "must be a string", bool = "must be true or false", number = "must be a number",
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

local function add_complaint(list, field, message)
  if #list < MAX_COMPLAINTS then list[#list + 1] = { field = printable(field), message = message } end
end

-- PostgreSQL does not store U+0000 in text, and a lone surrogate is not a character.
local function is_storable(value)
  return type(value) ~= "string" or (not value:find("%z") and is_utf8(value))
end

local check_members

local function check_one(field, value, path, found)
  if not has_type(field.kind, value) then
    add_complaint(found.wrong, path, EXPECTED[field.kind] .. (field.accepts_number and " or a number" or ""))
  elseif found.unstorable and not is_storable(value) then
    add_complaint(found.wrong, path, "must not contain U+0000 or an unpaired surrogate")
  elseif field.kind == "message" then
    if SCHEMA[field.message] ~= nil then check_members(field.message, value.object, path .. ".", found) end
  end
end

local function check_field(field, value, path, found)
  if field.kind == "other" then return end
  if not (field.repeated or field.map) then
    check_one(field, value, path, found)
    return
  end
  local list = type(value) == "table" and (field.repeated and value.array or field.map and value.object) or nil
  if list == nil then
    add_complaint(found.wrong, path, field.repeated and "must be a list" or "must be an object")
    return
  end
  for index, item in ipairs(list) do
    if field.repeated then
      check_one(field, item, path .. "[" .. (index - 1) .. "]", found)
    else
      local entry = path .. '["' .. printable(item.name) .. '"]'
      if found.unstorable and not is_storable(item.name) then
        add_complaint(found.wrong, entry, "must not have U+0000 or an unpaired surrogate in its name")
      else
        check_one(field, item.value, entry, found)
      end
    end
  end
end

local function check_unknown(message, member, prefix, found)
  if prefix == "" and found.read_only[member.name] then return end -- the transcoder skips it
  local path = prefix .. printable(member.name)
  if found.unstorable and not (is_storable(member.name) and is_storable(member.value)) then
    add_complaint(found.wrong, path, "must not contain U+0000 or an unpaired surrogate")
    return
  end
  found.unknown_count = found.unknown_count + 1
  if #found.unknown < MAX_UNKNOWN then
    local known = closest(message, member.name)
    found.unknown[#found.unknown + 1] = { field = printable(path), known = known and prefix .. known }
  end
end

-- Checks the members of an object. Complaints are in the order of the message's fields, like those of the services. A
-- repeated member is an error: the transcoder takes the last value of some, joins others, and rejects the rest with a
-- message of its own.
function check_members(message, members, prefix, found, in_path)
  local given, unknown = {}, {} -- maps a field to its members; the names of unknown ones
  for _, member in ipairs(members) do
    local field = BY_NAME[message][member.name]
    if member.name == "" then
      add_complaint(found.wrong, prefix .. '""', "a field must have a name") -- the transcoder rejects it
    elseif field == nil and not unknown[member.name] then
      unknown[member.name] = true
      check_unknown(message, member, prefix, found)
    elseif field ~= nil then
      given[field] = given[field] or {}
      table.insert(given[field], member)
    end
  end
  for _, field in ipairs(SCHEMA[message]) do
    local path, values, present = prefix .. field.name, given[field] or {}, false
    if in_path ~= nil and in_path[field.proto_name] then
      if #values > 0 then add_complaint(found.wrong, path, "belongs in the path") end
    else
      for _, member in ipairs(values) do
        local value = member.value
        if value ~= NULL then -- null is the same as absent
          if present then add_complaint(found.wrong, path, "is given more than once") end
          present = true
          if field.accepts_number and type(value) == "number" then
            value = found.text:sub(member.from, member.to)
            found.numbers[#found.numbers + 1] = member
          end
          check_field(field, value, path, found)
        end
      end
    end
  end
end
