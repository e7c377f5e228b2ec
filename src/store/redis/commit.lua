-- Judges every expectation of a commit, then does all its writes.
--
-- KEYS: a record key an expectation (those of the writes last, in their order), then an index key a write.
-- ARGV: number of expectations; number of writes; an expected revision an expectation ('' for no record);
--       then for each write its name, and its new value or '' for a removal.
-- Answers 0, or the position of the first expectation that does not hold; then nothing was written.
--
-- Revisions are compared as text: a Lua number does not hold 64 bits. All that can fail is done before the
-- first write, and what takes memory before what gives it back: Redis does not undo a script that fails.
local expectations = tonumber(ARGV[1])
local writes = tonumber(ARGV[2])
for i = 1, expectations do
    local found = redis.call('GET', KEYS[i])
    local revision = ''
    if found then
        revision = string.match(found, '^(%d+) ') or 'damaged'
    end
    if revision ~= ARGV[2 + i] then
        return i
    end
end
for i = 1, writes do
    redis.call('ZCARD', KEYS[expectations + i])
end
local function each_write(act)
    for i = 1, writes do
        local at = 2 + expectations + 2 * i - 1
        act(KEYS[expectations - writes + i], KEYS[expectations + i], ARGV[at], ARGV[at + 1])
    end
end
each_write(function(key, index, name, value)
    if value ~= '' then
        redis.call('SET', key, value)
        redis.call('ZADD', index, 0, name)
    end
end)
each_write(function(key, index, name, value)
    if value == '' then
        redis.call('DEL', key)
        redis.call('ZREM', index, name)
    end
end)
return 0
