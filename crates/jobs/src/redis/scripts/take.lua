-- Hands due tickets to a worker; answers their keys and texts in turn, or nothing if the worker counts as dead.
-- KEYS: workers, waiting, tickets, the worker's own. ARGV: the worker, tickets at most.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
local taken = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', KEYS[2], key)
  local text = redis.call('HGET', KEYS[3], key)
  if text then
    redis.call('SADD', KEYS[4], key)
    taken[#taken + 1] = key
    taken[#taken + 1] = text
  end
end
return taken
