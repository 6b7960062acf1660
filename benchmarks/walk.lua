-- The requests of wrk: the cookies of a file in turn, reading, writing or neither.
-- Arguments after `--`: the cookie file, what to do (reads, writes, livez), the mark of this run.
-- At the end one line of JSON says what happened; times in it are microseconds.

local requests, heads, what, mark = {}, {}, nil, nil
local sent = -1 -- wrk first calls request() once more than it sends

local function read_lines(path)
   local lines = {}
   for line in io.lines(path) do lines[#lines + 1] = line end
   return lines
end

-- Always nine digits, so that all writes have the same Content-Length.
local function body(number)
   return string.format('{"name":"Lisbon","note":"%s %09d"}', mark, number)
end

function init(args)
   local cookies = read_lines(args[1])
   what, mark = args[2], args[3]
   for i, cookie in ipairs(cookies) do
      requests[i] = wrk.format("GET", "/api/places", { Cookie = cookie })
      heads[i] = table.concat({
         "PUT /api/places/x HTTP/1.1",
         "Host: " .. wrk.headers["Host"],
         "Cookie: " .. cookie,
         "Content-Type: application/json",
         "Content-Length: " .. #body(0),
         "", "",
      }, "\r\n")
   end
   if what == "livez" then requests = { wrk.format("GET", "/livez") } end
end

function request()
   sent = sent + 1
   local turn = (sent - 1) % #requests + 1
   if what == "writes" then return heads[turn] .. body(sent) end
   return requests[turn]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"duration":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d,"late":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
