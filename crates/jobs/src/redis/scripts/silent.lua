-- Answers some workers that showed no sign of life for long.
-- KEYS: workers. ARGV: how long, in milliseconds; workers at most.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])
