-- Sends the lines of a log of the crowd, each once, as POST /v1/resolve; every thread of wrk takes a stripe.
local threads = {}

function setup(thread)
  thread:set("stripe", #threads)
  table.insert(threads, thread)
  for _, one in ipairs(threads) do one:set("stripes", #threads) end
end

function init(args)
  bodies, position = {}, 0
  local number = 0
  for line in io.lines(args[1]) do
    if number % stripes == stripe then bodies[#bodies + 1] = line end
    number = number + 1
  end
  wrk.method = "POST"
  wrk.path = "/v1/resolve"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  position = position + 1
  if position > #bodies then wrk.thread:stop(); position = #bodies end
  return wrk.format(nil, nil, nil, bodies[position])
end
