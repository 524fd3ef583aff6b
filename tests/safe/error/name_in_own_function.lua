local height = 3
function area(h, w) return h * w end
return areas(height, height)
