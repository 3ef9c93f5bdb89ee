-- wrk: random users at a pace. USERS: ids are 1 … USERS. DELAY: milliseconds a connection waits between requests.
local users = tonumber(os.getenv("USERS"))
local pause = tonumber(os.getenv("DELAY") or 0)
local threads = {}

function setup(thread)
  thread:set("seed", #threads + 1)
  table.insert(threads, thread)
end

function init()
  math.randomseed(seed * 7919 + os.time())
  good, shed, other = 0, 0, 0
end

function delay()
  return math.random(0, 2 * pause)
end

function request()
  return wrk.format("GET", "/rates/" .. math.random(1, users))
end

function response(status)
  if status == 200 then good = good + 1 elseif status == 503 then shed = shed + 1 else other = other + 1 end
end

-- One line that a script can read: seconds, answers with 200, with 503, with anything else, socket errors, time-outs.
function done(summary)
  local good, shed, other = 0, 0, 0
  for _, thread in ipairs(threads) do
    good, shed, other = good + thread:get("good"), shed + thread:get("shed"), other + thread:get("other")
  end
  local errors = summary.errors
  io.write(string.format("RESULT %.3f %d %d %d %d %d\n", summary.duration / 1e6, good, shed, other,
    errors.connect + errors.read + errors.write, errors.timeout))
end
