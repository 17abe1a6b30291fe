-- Begin a unit, unless it is done, begun by somebody who is alive, or no longer wanted.
-- KEYS: scan, done bitmap, leases, attempts
-- ARGV: phase, unit, now (s), end of lease (s), most attempts
-- Returns: go | stale | done | busy | exhausted
local at = redis.call('HMGET', KEYS[1], 'state', 'phase')
if (at[1] ~= 'queued' and at[1] ~= 'running') or at[2] ~= ARGV[1] then return 'stale' end
local total = redis.call('HGET', KEYS[1], 'total:' .. ARGV[1])
if total and tonumber(ARGV[2]) >= tonumber(total) then return 'stale' end -- no unit of this scan: forged
if redis.call('GETBIT', KEYS[2], ARGV[2]) == 1 then return 'done' end
local name = ARGV[1] .. ':' .. ARGV[2]
local lease = redis.call('ZSCORE', KEYS[3], name)
if lease and tonumber(lease) > tonumber(ARGV[3]) then return 'busy' end
if redis.call('HINCRBY', KEYS[4], name, 1) > tonumber(ARGV[5]) then return 'exhausted' end
redis.call('ZADD', KEYS[3], ARGV[4], name)
redis.call('HSET', KEYS[1], 'active', ARGV[3])
if at[1] == 'queued' then redis.call('HSET', KEYS[1], 'state', 'running', 'started', ARGV[3]) end
return 'go'
