# Warnings and sanitizers for the project's own targets: target_link_libraries(x PRIVATE dcache_options).

add_library(dcache_options INTERFACE)
target_compile_options(dcache_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Wrong for std::string (GCC bug 105651).
  target_compile_options(dcache_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(DCACHE_WERROR)
  target_compile_options(dcache_options INTERFACE -Werror)
endif()
if(DCACHE_SANITIZE)
  target_compile_options(dcache_options INTERFACE -fsanitize=${DCACHE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(dcache_options INTERFACE -fsanitize=${DCACHE_SANITIZE})
endif()
