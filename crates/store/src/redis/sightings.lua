-- Counts one sighting of a client; answers how many there were before it within the window.
-- KEYS[1]: the client's ring. ARGV: slots of the window, a slot's width in microseconds, the slot it is now,
-- the ring's milliseconds to live.
-- Stored: "width newest count count …", the counts being those of slots newest, newest - 1 and so on.
local slots, width, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local newest, counts = now, {}
for age = 0, slots do counts[age] = 0 end

local stored = redis.call('GET', KEYS[1])
if stored then
  local numbers = {}
  for number in string.gmatch(stored, '%d+') do numbers[#numbers + 1] = tonumber(number) end
  local old_width, old_newest = numbers[1], numbers[2]
  -- Where a slot of the stored ring lies in slots of today's width.
  local function place(slot) return math.floor(slot * old_width / width) end
  -- A clock that was set back counts into the newest slot.
  newest = math.max(now, place(old_newest))
  for at = 3, #numbers do
    if numbers[at] > 0 then
      local age = newest - place(old_newest - (at - 3))
      if age <= slots then counts[age] = counts[age] + numbers[at] end
    end
  end
end

local earlier = 0
for age = 0, slots do earlier = earlier + counts[age] end
counts[0] = counts[0] + 1
-- Whole, where tostring would write 1.5e+15.
local ring = { string.format('%.0f %.0f', width, newest) }
for age = 0, slots do ring[age + 2] = string.format('%.0f', counts[age]) end
redis.call('SET', KEYS[1], table.concat(ring, ' '), 'PX', ARGV[4])
return earlier
