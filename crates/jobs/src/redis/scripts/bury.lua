-- Takes tickets from a worker that showed no sign of life for long, and forgets it with the last; answers how many.
-- KEYS: workers, waiting, the worker's own. ARGV: the worker, how long in milliseconds, tickets at most.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
if seen and now - seen < tonumber(ARGV[2]) then return 0 end
local keys = redis.call('SPOP', KEYS[3], ARGV[3])
for _, key in ipairs(keys) do redis.call('ZADD', KEYS[2], now, key) end
if #keys < tonumber(ARGV[3]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return #keys
