-- Whether a record that was not found is not there.
--
-- KEYS: the record; the index of its kind and scope. ARGV: its name.
-- Answers its value if it is there after all, and how often the index has its name.
return {redis.call('GET', KEYS[1]), #redis.call('ZRANGEBYLEX', KEYS[2], '[' .. ARGV[1], '[' .. ARGV[1])}
