-- Puts tickets in, but for those that are in already.
-- KEYS: tickets, waiting. ARGV: for each ticket its key, its text, and the milliseconds until it is due.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 1, #ARGV, 3 do
  local wait = tonumber(ARGV[at + 2])
  if redis.call('HSETNX', KEYS[1], ARGV[at], ARGV[at + 1]) == 1 then
    -- A ticket that waits is never a millisecond too soon.
    redis.call('ZADD', KEYS[2], wait > 0 and now + wait + 1 or now, ARGV[at])
  end
end
