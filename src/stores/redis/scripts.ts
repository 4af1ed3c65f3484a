/**
 * What Redis runs itself: scripts, so that what is compared and what is written is one step, whatever others do.
 *
 * Keys: the hash of the live versions, with the keyring and the mark; the hash of the older ones; the sorted set of names.
 * Fields are `scope name`. Every script reads all that it needs before it writes: one that fails in the middle, because a
 * key is of another type, is not undone. For the same reason the mark is written and the change published first: what a
 * full Redis, a replica or an access list refuses is refused there, and a mark alone changes nothing.
 */
import { createHash } from 'node:crypto'

/** A script, and the name that Redis gives it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** The field of the keyring: `revision document`. No secret's, since it has no space. */
export const KEYRING_FIELD = 'keyring'
/** The field of the mark: another text with every write of a secret. Never removed. */
export const MARK_FIELD = 'mark'
/** Stands for a mark that is not there, and for no version. */
export const NONE = '-'
/** A page ends after about so many characters: secrets may be large. */
const PAGE_CHARS = 4_000_000

const SHARED = `
local secrets, older, names = KEYS[1], KEYS[2], KEYS[3]
local function parts(value)
  local revision, item = string.match(value or '', '^([%w_%-]+) (.*)$')
  return revision or '', item or ''
end
local function mark()
  local now = redis.call('HGET', secrets, '${MARK_FIELD}')
  return now and string.match(now, '^[%w_%-]+$') or '${NONE}'
end
local function is(value, expected)
  if not value then return expected == '' end
  return expected == '=' .. parts(value)
end
local function tell(channel, token, text)
  local before = mark()
  redis.call('HSET', secrets, '${MARK_FIELD}', token)
  redis.call('PUBLISH', channel, token .. ' ' .. before .. ' ' .. text)
end
local function complete()
  local fields = redis.call('HLEN', secrets) - redis.call('HEXISTS', secrets, '${KEYRING_FIELD}')
  return fields - redis.call('HEXISTS', secrets, '${MARK_FIELD}') <= redis.call('ZCARD', names)
end
`

/**
 * Writes a live version. ARGV: field, expected, keyring, revision, item, channel, text, then `push`, how many older ones are
 * kept, whether the live one is to be among them (`1`, `0`); or `put`, the older ones.
 *
 * `expected` is `=` and a revision, or nothing: not there. `keyring` is a revision, or nothing: nobody looks.
 */
export const WRITE = script(`
local field, expected, keyring, revision, item, channel, text, how = unpack(ARGV, 1, 8)
local live, before = redis.call('HGET', secrets, field), redis.call('HGET', older, field)
redis.call('ZSCORE', names, field)
-- A client sends again what it has no answer to.
if live and parts(live) == revision then return 'done' end
if not is(live, expected) then return 'conflict' end
if keyring ~= '' and parts(redis.call('HGET', secrets, '${KEYRING_FIELD}')) ~= keyring then return 'rekeyed' end
local kept = ARGV[9]
if how == 'push' then
  local items = {}
  if live and ARGV[10] == '1' then
    local _, now = parts(live)
    items[1] = now
  end
  for one in string.gmatch(before or '', '%S+') do items[#items + 1] = one end
  kept = table.concat(items, ' ', 1, math.min(#items, tonumber(ARGV[9])))
end
tell(channel, revision, text)
redis.call('ZADD', names, 0, field)
if kept ~= '' then
  redis.call('HSET', older, field, kept)
elseif before then
  redis.call('HDEL', older, field)
end
redis.call('HSET', secrets, field, revision .. ' ' .. item)
return 'done'
`)

/** Removes a secret. ARGV: field, expected, mark, channel, text. */
export const REMOVE = script(`
local field, expected, token, channel, text = unpack(ARGV)
local live = redis.call('HGET', secrets, field)
redis.call('HEXISTS', older, field)
redis.call('ZSCORE', names, field)
if mark() == token then return 'done' end
if not live or not is(live, expected) then return 'conflict' end
tell(channel, token, text)
redis.call('ZREM', names, field)
redis.call('HDEL', older, field)
redis.call('HDEL', secrets, field)
return 'done'
`)

/** Writes the keyring. ARGV: expected, revision, document. */
export const WRITE_KEYRING = script(`
local expected, revision, document = unpack(ARGV)
local now = redis.call('HGET', secrets, '${KEYRING_FIELD}')
if now and parts(now) == revision then return 'done' end
if not is(now, expected) then return 'conflict' end
redis.call('HSET', secrets, '${KEYRING_FIELD}', revision .. ' ' .. document)
return 'done'
`)

/** Reads secrets with their older versions. ARGV: fields. Answers: the mark, then live and older of each. */
export const READ = script(`
local answer = { mark() }
for _, field in ipairs(ARGV) do
  answer[#answer + 1] = redis.call('HGET', secrets, field)
  answer[#answer + 1] = redis.call('HGET', older, field)
end
return answer
`)

/**
 * Reads a page of the names from `from` to `to`, in their order. ARGV: from, to, how many, `live`, `all` or `versions`. Answers:
 * `complete` or not, the mark, the last field looked at (nothing: there are no more), then field, live, older of each.
 */
export const PAGE = script(`
local from, to, count, what = unpack(ARGV)
local fields = redis.call('ZRANGEBYLEX', names, from, to, 'LIMIT', 0, count)
local answer = { complete() and 'complete' or 'incomplete', mark(), #fields == tonumber(count) and fields[#fields] or '' }
local size = 0
for at, field in ipairs(fields) do
  local live = redis.call('HGET', secrets, field)
  if live then
    local before = what == 'all' and redis.call('HGET', older, field)
    size = size + #live + (before and #before or 0)
    if what == 'versions' then live = string.match(live, '^[%w_%-]+ (%d+)%.') or '${NONE}' end
    answer[#answer + 1] = field
    answer[#answer + 1] = live
    answer[#answer + 1] = before
    if size > ${PAGE_CHARS} and at < #fields then
      answer[3] = field
      break
    end
  end
end
return answer
`)

/** Lists scopes in their order. ARGV: from, how many. Answers: `complete` or not, the mark, then the scopes. */
export const SCOPES = script(`
local from, count = ARGV[1], tonumber(ARGV[2])
local answer = { complete() and 'complete' or 'incomplete', mark() }
while #answer < count + 2 do
  local field = redis.call('ZRANGEBYLEX', names, from, '+', 'LIMIT', 0, 1)[1]
  if not field then break end
  local scope = string.match(field, '^(%S+) ')
  -- The first that comes after every name of this scope.
  from = scope and '[' .. scope .. '!' or '(' .. field
  if scope then answer[#answer + 1] = scope end
end
return answer
`)

function script(body: string): Script {
  const text = `${SHARED}${body}`.trim()
  return Object.freeze({ text, sha: createHash('sha1').update(text).digest('hex') })
}
