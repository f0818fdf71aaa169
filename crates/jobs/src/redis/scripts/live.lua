-- A worker's sign of life; answers whether it counts as living.
-- KEYS: workers, waiting, the worker's own. ARGV: the worker, whether this is its first sign, and the keys of the
-- tickets that it holds.
if ARGV[2] ~= 'first' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
-- What it does not know to hold was finished, or handed out, in a moment that Redis lost when it restarted.
local holds = {}
for at = 3, #ARGV do holds[ARGV[at]] = true end
for _, key in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  if not holds[key] then
    redis.call('SREM', KEYS[3], key)
    redis.call('ZADD', KEYS[2], now, key)
  end
end
return 1
