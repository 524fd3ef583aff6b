/* watch.c: a spec is stopped where it needs more steps or more time than it may have.
**
**     memory   dsl_alloc (state.c) counts every allocation; beyond the limit Lua gets none
**     steps    a hook counts instructions
**     seconds  of this thread's CPU: the hook looks at them, and bounded.c after long calls of C
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

enum { STEPS_PER_LOOK = 1000 };

void dsl_check_time(lua_State *L)
{
    const dsl_loader *l = dsl_of(L);
    if (dsl_cpu_seconds() - l->started > l->limits->seconds)
        dsl_raise(L, dsl_here(L), "takes longer than %g seconds (an endless loop?)",
                  l->limits->seconds);
}

static void on_line_or_count(lua_State *L, lua_Debug *frame)
{
    dsl_loader *l = dsl_of(L);
    if (frame->event == LUA_HOOKLINE) {
        l->at = dsl_here(L);
        return;
    }
    l->steps += STEPS_PER_LOOK;
    if (l->steps > l->limits->steps)
        dsl_raise(L, dsl_here(L), "takes more than %ld steps (an endless loop?)", l->limits->steps);
    dsl_check_time(L);
}

void dsl_watch(lua_State *L)
{
    lua_sethook(L, on_line_or_count, LUA_MASKLINE | LUA_MASKCOUNT, STEPS_PER_LOOK);
}
