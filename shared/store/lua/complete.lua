-- Count a unit as done, once, together with all that it found; say what is to be sent next.
-- KEYS: scan, done bitmap, leases, attempts
-- ARGV: phase, unit, now (s), most units under way, JSON {set: {field: value}, add: {field: amount}},
--       the phases in order, separated by commas
-- Returns: {'stale'} | {'repeated'} | {'wait'} | {'end'} | {'send', phase, first unit, end of units}
local name = ARGV[1] .. ':' .. ARGV[2]
redis.call('ZREM', KEYS[3], name)
local at = redis.call('HMGET', KEYS[1], 'state', 'phase')
local paused = at[1] == 'paused' -- what was under way still counts, and nothing follows until it is resumed
if (at[1] ~= 'running' and not paused) or at[2] ~= ARGV[1] then return {'stale'} end
if redis.call('SETBIT', KEYS[2], ARGV[2], 1) == 1 then return {'repeated'} end
redis.call('HDEL', KEYS[4], name) -- else it grows with the number of units

local found = cjson.decode(ARGV[5])
for field, value in pairs(found['set']) do redis.call('HSET', KEYS[1], field, value) end
for field, amount in pairs(found['add']) do
  redis.call('HINCRBY', KEYS[1], field, string.format('%d', amount))
end
redis.call('HSET', KEYS[1], 'active', ARGV[3], 'progressed', ARGV[3])

local done = redis.call('HINCRBY', KEYS[1], 'done:' .. ARGV[1], 1)
local total = tonumber(redis.call('HGET', KEYS[1], 'total:' .. ARGV[1]))
if done < total then
  local sent = tonumber(redis.call('HGET', KEYS[1], 'sent:' .. ARGV[1]))
  if paused or sent >= total then return {'wait'} end
  redis.call('HSET', KEYS[1], 'sent:' .. ARGV[1], sent + 1)
  return {'send', ARGV[1], sent, sent + 1}
end

local passed = false
for phase in string.gmatch(ARGV[6], '[^,]+') do
  local units = tonumber(redis.call('HGET', KEYS[1], 'total:' .. phase) or '0')
  if passed and units > 0 then
    local first = math.min(units, tonumber(ARGV[4]))
    redis.call('HSET', KEYS[1], 'phase', phase, 'phase_started', ARGV[3], 'sent:' .. phase, first, 'note', '')
    if paused then return {'wait'} end
    return {'send', phase, 0, first}
  end
  passed = passed or phase == ARGV[1]
end
redis.call('HSET', KEYS[1], 'state', 'done', 'ended', ARGV[3], 'note', '')
return {'end'}
