-- Pause a scan that has not ended: no unit of it is begun from now on.
-- KEYS: scan
-- ARGV: now (s)
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'queued' or state == 'running' then redis.call('HSET', KEYS[1], 'state', 'paused', 'paused', ARGV[1]) end
