-- Answers how many tickets wait, and how many are held.
-- KEYS: tickets, waiting.
local waiting = redis.call('ZCARD', KEYS[2])
return { waiting, redis.call('HLEN', KEYS[1]) - waiting }
