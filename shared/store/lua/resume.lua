-- Let a paused scan go on: fill its window again, and leave the pause out of the time that its phase has taken.
-- KEYS: scan
-- ARGV: now (s), most units under way
-- Returns: 1 where this call resumed it, else 0
local at = redis.call('HMGET', KEYS[1], 'state', 'phase', 'paused', 'started', 'phase_started')
if at[1] ~= 'paused' then return 0 end
local done = tonumber(redis.call('HGET', KEYS[1], 'done:' .. at[2]) or '0')
local total = tonumber(redis.call('HGET', KEYS[1], 'total:' .. at[2]) or '0')
local sent = tonumber(redis.call('HGET', KEYS[1], 'sent:' .. at[2]) or '0')
local begun = string.format('%.6f', at[5] + ARGV[1] - at[3])
redis.call('HSET', KEYS[1], 'state', at[4] and 'running' or 'queued', 'phase_started', begun, 'active', ARGV[1],
  'progressed', ARGV[1], 'sent:' .. at[2], math.max(sent, math.min(total, done + tonumber(ARGV[2]))))
redis.call('HDEL', KEYS[1], 'paused')
return 1
