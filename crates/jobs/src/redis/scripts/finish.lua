-- Forgets tickets that a worker is done with, but for those that were taken from it.
-- KEYS: tickets, the worker's own. ARGV: keys.
for _, key in ipairs(ARGV) do
  if redis.call('SREM', KEYS[2], key) == 1 then redis.call('HDEL', KEYS[1], key) end
end
