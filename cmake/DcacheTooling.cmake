# Targets for the project's own hygiene: `format` rewrites, `check-format` and `tidy` only look.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

add_custom_target(format COMMAND "${PROJECT_SOURCE_DIR}/scripts/format")
add_custom_target(check-format COMMAND "${PROJECT_SOURCE_DIR}/scripts/format" --check)

find_program(DCACHE_RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
if(DCACHE_RUN_CLANG_TIDY)
  add_custom_target(tidy COMMAND ${DCACHE_RUN_CLANG_TIDY} -quiet -p "${PROJECT_BINARY_DIR}"
    "${PROJECT_SOURCE_DIR}/(lib|rules|cli)/.*" VERBATIM)
endif()
