-- Locks and writes under way, in Redis: the rules of src/locks/table.rs, each operation one call of this script.
-- In: KEYS, all with one hash tag; ARGV: the operation, the last moment at which it may take effect (0: none), what it is about as JSON.
-- Out: the time, what became of it, and locks as "made ends timeout {json}". Times are milliseconds by the clock of this server.
local LOCKS, ROOTS, ENDS, COUNTS, WRITES, WRITE_ENDS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local operation, last_moment, ask = ARGV[1], tonumber(ARGV[2]), cjson.decode(ARGV[3])
for key, value in pairs(ask) do
    if value == cjson.null then
        ask[key] = nil
    end
end

-- A command that writes, though it finds nothing: so that a replica, which may be behind, and a server that cannot write refuse to answer.
redis.call('ZREMRANGEBYSCORE', WRITE_ENDS, '-inf', '-inf')

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function text(number)
    return string.format('%.0f', number)
end

local function answer(outcome, locks)
    local out = { text(now), outcome }
    for _, lock in ipairs(locks or {}) do
        out[#out + 1] = lock.text
    end
    return out
end

-- Whoever asked has given up by now: nothing may happen behind its back.
if last_moment > 0 and now > last_moment then
    return answer('late')
end

-- Names. A path ends with a slash, so what is below it begins with it; '0' is what follows '/'.
local function id_of(back_end, token)
    return back_end .. '\0' .. token
end

local function place(lock)
    return lock.back_end .. '\0' .. lock.path .. '\0' .. lock.token
end

local function id_at(member)
    local cut = string.find(member, '\0', 1, true)
    local next_cut = string.find(member, '\0', cut + 1, true)
    return string.sub(member, 1, cut) .. string.sub(member, next_cut + 1)
end

local function is_below(path, other)
    return #path > #other and string.sub(path, 1, #other) == other
end

local function parent(path)
    return string.match(path, '^(.*/)[^/]+/$')
end

-- Locks as they are stored.
local function read(id)
    local stored = redis.call('HGET', LOCKS, id)
    if not stored then
        return nil
    end
    local made, ends, timeout, json = string.match(stored, '^(%d+) (%d+) (%d+) (.*)$')
    local lock = cjson.decode(json)
    lock.text, lock.json, lock.made = stored, json, made
    lock.ends, lock.timeout = tonumber(ends), tonumber(timeout)
    return lock
end

local function live(id)
    local lock = read(id)
    return lock and now < lock.ends and lock or nil
end

local function count(creator, by)
    if creator and redis.call('HINCRBY', COUNTS, creator, by) <= 0 then
        redis.call('HDEL', COUNTS, creator)
    end
end

local function remove(id)
    local lock = read(id)
    if lock then
        redis.call('HDEL', LOCKS, id)
        redis.call('ZREM', ROOTS, place(lock))
        redis.call('ZREM', ENDS, id)
        count(lock.creator, -1)
    end
    return lock
end

local function put(json, made, timeout)
    local lock = cjson.decode(json)
    local id = id_of(lock.back_end, lock.token)
    remove(id)
    lock.text = made .. ' ' .. text(now + timeout) .. ' ' .. text(timeout) .. ' ' .. json
    redis.call('HSET', LOCKS, id, lock.text)
    redis.call('ZADD', ROOTS, 0, place(lock))
    redis.call('ZADD', ENDS, text(now + timeout), id)
    count(lock.creator, 1)
    return lock
end

local function sweep(most)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', text(now), 'LIMIT', 0, most)) do
        remove(id)
    end
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', WRITE_ENDS, '-inf', text(now), 'LIMIT', 0, most)) do
        redis.call('HDEL', WRITES, id)
        redis.call('ZREM', WRITE_ENDS, id)
    end
end

-- Which locks concern what.
local function rooted_at(back_end, path)
    local root = back_end .. '\0' .. path
    return redis.call('ZRANGEBYLEX', ROOTS, '[' .. root .. '\0', '(' .. root .. '\1')
end

local function rooted_below(back_end, path)
    local root = back_end .. '\0' .. path
    return redis.call('ZRANGEBYLEX', ROOTS, '[' .. root .. '\1', '(' .. string.sub(root, 1, -2) .. '0')
end

-- How many members are read in one go, and how many locks a refusal names at most: there may be very many below a folder.
local PAGE, MOST_NAMED = 500, 100

-- Tells `visit` of every live lock that concerns `claims`, once, until it says that it has enough.
local function each_near(claims, visit)
    local seen = {}
    local function add(places, deep_only)
        for _, member in ipairs(places) do
            local id = id_at(member)
            local lock = not seen[id] and live(id)
            if lock and (lock.deep or not deep_only) then
                seen[id] = true
                if visit(lock) then
                    return true
                end
            end
        end
        return false
    end
    local function add_below(back_end, path)
        local root = back_end .. '\0' .. path
        local from, to = '[' .. root .. '\1', '(' .. string.sub(root, 1, -2) .. '0'
        while true do
            local places = redis.call('ZRANGEBYLEX', ROOTS, from, to, 'LIMIT', 0, PAGE)
            if add(places, false) then
                return true
            elseif #places < PAGE then
                return false
            end
            from = '(' .. places[#places]
        end
    end
    for _, claim in ipairs(claims) do
        local enough = add(rooted_at(claim.back_end, claim.path), false)
        local above = parent(claim.path)
        while above and not enough do
            enough = add(rooted_at(claim.back_end, above), true)
            above = parent(above)
        end
        if enough or claim.tree and add_below(claim.back_end, claim.path) then
            return
        end
    end
end

local function survey(claims)
    local found = {}
    each_near(claims, function(lock)
        found[#found + 1] = lock
        return false
    end)
    return found
end

local function covers(lock, back_end, path)
    return lock.back_end == back_end and (lock.path == path or lock.deep and is_below(path, lock.path))
end

local function concerns(claim, lock)
    return covers(lock, claim.back_end, claim.path)
        or claim.tree and claim.back_end == lock.back_end and is_below(lock.path, claim.path)
end

-- The first of those that bar `claims` to the creator with these tokens: as src/locks/claim.rs has it.
local function in_the_way(claims, creator, tokens)
    if not claims[1] then
        return {}
    end
    local own, by_token = {}, {}
    for _, token in ipairs(tokens) do
        local lock = not by_token[token] and live(id_of(claims[1].back_end, token))
        if lock and creator and lock.creator == creator then
            own[#own + 1], by_token[token] = lock, lock
        end
    end
    local function satisfied(lock)
        return by_token[lock.token] and lock.back_end == claims[1].back_end
    end
    local function helped(back_end, path, tree)
        for _, lock in ipairs(own) do
            if lock.shared and covers(lock, back_end, path) and (lock.deep or not tree) then
                return true
            end
        end
        return false
    end
    local function bars(claim, lock)
        if not concerns(claim, lock) then
            return false
        elseif not lock.shared then
            return not satisfied(lock)
        end
        if is_below(lock.path, claim.path) then
            return not helped(claim.back_end, lock.path, lock.deep)
        end
        return not helped(claim.back_end, claim.path, lock.deep and claim.tree)
    end
    local barring = {}
    each_near(claims, function(lock)
        for _, claim in ipairs(claims) do
            if bars(claim, lock) then
                barring[#barring + 1] = lock
                break
            end
        end
        return #barring == MOST_NAMED
    end)
    return barring
end

local function others_write(lock)
    local writes = redis.call('HGETALL', WRITES)
    for at = 2, #writes, 2 do
        local write = cjson.decode(writes[at])
        if not write.creator or write.creator ~= lock.creator then
            for _, claim in ipairs(write.claims) do
                if now < write.ends and concerns(claim, lock) then
                    return true
                end
            end
        end
    end
    return false
end

local operations = {}

function operations.ping()
    return answer('ok')
end

function operations.survey()
    return answer('ok', survey(ask.claims))
end

function operations.find()
    return answer('ok', { live(id_of(ask.back_end, ask.token)) })
end

function operations.lock()
    sweep(200)
    local new = cjson.decode(ask.lock)
    local same = live(id_of(new.back_end, new.token))
    if same then -- asked for a second time, because the first answer was lost
        return answer('ok', { same })
    end
    local conflicting = {}
    each_near({ { back_end = new.back_end, path = new.path, tree = new.deep } }, function(lock)
        if not new.shared or not lock.shared then
            conflicting[#conflicting + 1] = lock
        end
        return #conflicting == MOST_NAMED
    end)
    if #conflicting > 0 then
        return answer('conflict', conflicting)
    end
    local barring = in_the_way(ask.claims, new.creator, ask.submitted)
    if #barring > 0 then
        return answer('locked', barring)
    end
    local function too_many()
        return tonumber(redis.call('HGET', COUNTS, new.creator) or '0') >= ask.most
    end
    if too_many() then
        sweep(-1) -- of those counted, some may have ended
    end
    if too_many() then
        return answer('many')
    end
    if others_write(new) then
        return answer('writing')
    end
    return answer('ok', { put(ask.lock, text(now), ask.timeout) })
end

function operations.refresh()
    local lock = live(id_of(ask.back_end, ask.token))
    return answer('ok', { lock and put(lock.json, lock.made, ask.timeout) })
end

function operations.remove()
    local id = id_of(ask.back_end, ask.token)
    local lock = live(id)
    remove(id)
    return answer('ok', { lock })
end

function operations.put()
    sweep(200)
    return answer('ok', { put(ask.lock, text(now), ask.timeout) })
end

function operations.begin()
    sweep(200)
    local barring = in_the_way(ask.claims, ask.creator, ask.submitted)
    if #barring > 0 then
        return answer('locked', barring)
    end
    for _, token in ipairs(ask.relied_on) do
        if not ask.claims[1] or not live(id_of(ask.claims[1].back_end, token)) then
            return answer('changed')
        end
    end
    local write = { claims = ask.claims, creator = ask.creator, ends = now + ask.time }
    redis.call('HSET', WRITES, ask.id, cjson.encode(write))
    redis.call('ZADD', WRITE_ENDS, text(now + ask.time), ask.id)
    return answer('ok')
end

operations['end'] = function()
    redis.call('HDEL', WRITES, ask.id)
    redis.call('ZREM', WRITE_ENDS, ask.id)
    for _, effect in ipairs(ask.effects) do
        local gone = rooted_below(effect.back_end, effect.path)
        if effect.itself then
            for _, member in ipairs(rooted_at(effect.back_end, effect.path)) do
                gone[#gone + 1] = member
            end
        end
        for _, member in ipairs(gone) do
            remove(id_at(member))
        end
    end
    return answer('ok')
end

function operations.count()
    return answer(text(redis.call('ZCOUNT', ENDS, '(' .. text(now), '+inf')))
end

function operations.held()
    sweep(-1)
    return answer(redis.call('HGET', COUNTS, ask.creator) or '0')
end

function operations.list()
    local from, to = '-', '+'
    if ask.path then
        local root = ask.back_end .. '\0' .. ask.path
        from, to = '[' .. root, '(' .. string.sub(root, 1, -2) .. '0'
    end
    local found = {}
    if ask.after then
        from = '(' .. place(ask.after)
    end
    while #found < ask.most do
        local places = redis.call('ZRANGEBYLEX', ROOTS, from, to, 'LIMIT', 0, ask.most)
        for _, member in ipairs(places) do
            local lock = #found < ask.most and live(id_at(member))
            if lock then
                found[#found + 1] = lock
            end
        end
        if #places < ask.most then
            break
        end
        from = '(' .. places[#places]
    end
    return answer('ok', found)
end

return operations[operation]()
