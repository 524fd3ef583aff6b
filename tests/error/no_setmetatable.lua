return setmetatable({}, {})
