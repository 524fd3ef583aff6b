return coroutine.wrap(error)
