# Warnings and sanitizers for the project's own targets: target_link_libraries(x PRIVATE dcache_options).

add_library(dcache_options INTERFACE)
target_compile_options(dcache_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(DCACHE_WERROR)
  target_compile_options(dcache_options INTERFACE -Werror)
endif()
if(DCACHE_SANITIZE)
  target_compile_options(dcache_options INTERFACE -fsanitize=${DCACHE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(dcache_options INTERFACE -fsanitize=${DCACHE_SANITIZE})
endif()
