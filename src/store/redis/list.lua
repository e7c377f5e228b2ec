-- One page of a kind and scope, as it is at one moment.
--
-- KEYS: the index. ARGV: what a record's key is before its name; where to begin, as ZRANGEBYLEX has it; how many.
-- The records' keys are in the index's hash slot. Answers name, value, name, value, …; a value that is
-- missing is null.
local page = {}
for _, name in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], '+', 'LIMIT', 0, ARGV[3])) do
    page[#page + 1] = name
    page[#page + 1] = redis.call('GET', ARGV[1] .. name)
end
return page
