-- End a scan that has not ended: failed or cancelled.
-- KEYS: scan
-- ARGV: state, now (s), error code, error message
-- Returns: 1 where this call ended it, else 0
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'running' and state ~= 'paused' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'ended', ARGV[2], 'note', '')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'error_code', ARGV[3], 'error_message', ARGV[4]) end
return 1
