# Warnings and sanitizers for the project's own targets: target_link_libraries(x PRIVATE dcache_options), and for programs
# that test them dcache_test_options.

add_library(dcache_warnings INTERFACE)
target_compile_options(dcache_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Wrong for std::string (GCC bug 105651).
  target_compile_options(dcache_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(DCACHE_WERROR)
  target_compile_options(dcache_warnings INTERFACE -Werror)
endif()

add_library(dcache_options INTERFACE)
add_library(dcache_test_options INTERFACE)
target_link_libraries(dcache_options INTERFACE dcache_warnings)
target_link_libraries(dcache_test_options INTERFACE dcache_warnings)
if(DCACHE_SANITIZE)
  # The checks of each pointer for null and alignment are a third of the compile time: a null pointer ends the program anyway,
  # and the processors that tests run on take any alignment.
  target_compile_options(dcache_options INTERFACE -fsanitize=${DCACHE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all -fno-sanitize=null,alignment)
  # What is tested is checked and optimised; that costs minutes for the tests too.
  target_compile_options(dcache_test_options INTERFACE -fsanitize=${DCACHE_SANITIZE} -fno-sanitize=undefined -O0)
  foreach(target dcache_options dcache_test_options)
    target_link_options(${target} INTERFACE -fsanitize=${DCACHE_SANITIZE})
  endforeach()
endif()
