# GeneratorSources.cmake: the files that decide what code is generated, listed once: the generator, and what it asks about
# operators, modules and networks.
#
# Included by the build, which depends on them, and by CodeDigest.cmake, which digests them.
# SPDX-License-Identifier: Apache-2.0
macro(generator_sources variable root)
    set(again CONFIGURE_DEPENDS) # which a script may not say
    if(CMAKE_SCRIPT_MODE_FILE)
        set(again)
    endif()
    file(GLOB_RECURSE ${variable} ${again}
         ${root}/include/dcngen.h ${root}/include/dcngen/*.h ${root}/codegen/*.[ch]
         ${root}/runtime/base/*.[ch] ${root}/runtime/spec/*.[ch] ${root}/runtime/ops/*.[ch]
         ${root}/runtime/network/*.[ch] ${root}/runtime/exec/kernel.h)
endmacro()
