
error({})
