-- wrk: each request asks for a random user. USERS: ids are 1 … USERS. HOT: the part of them that is asked for.
local users = tonumber(os.getenv("HOT") or os.getenv("USERS"))
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init()
  math.randomseed(seed * 7919 + tonumber(os.getenv("ROUND") or 1))
end

function request()
  return wrk.format("GET", "/rates/" .. math.random(1, users))
end

-- One line that a script can read; anything but a 2xx spoils a measurement.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %.1f %d %.2f %.2f\n", summary.requests / (summary.duration / 1e6),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
