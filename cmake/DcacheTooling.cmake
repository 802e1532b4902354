# Targets for the project's own hygiene: `format` rewrites, `check-format` and `tidy` only look.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

file(GLOB_RECURSE dcache_all_sources CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/lib/*.cc" "${PROJECT_SOURCE_DIR}/lib/*.h" "${PROJECT_SOURCE_DIR}/cli/*.cc"
  "${PROJECT_SOURCE_DIR}/cli/*.h" "${PROJECT_SOURCE_DIR}/rules/*.cc" "${PROJECT_SOURCE_DIR}/rules/*.h"
  "${PROJECT_SOURCE_DIR}/tests/*.cc" "${PROJECT_SOURCE_DIR}/tests/*.h" "${PROJECT_SOURCE_DIR}/bench/*.cc")

find_program(DCACHE_CLANG_FORMAT NAMES clang-format clang-format-14)
if(DCACHE_CLANG_FORMAT)
  add_custom_target(format COMMAND ${DCACHE_CLANG_FORMAT} -i ${dcache_all_sources})
  add_custom_target(check-format COMMAND ${DCACHE_CLANG_FORMAT} --dry-run --Werror ${dcache_all_sources})
endif()

find_program(DCACHE_RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
if(DCACHE_RUN_CLANG_TIDY)
  add_custom_target(tidy COMMAND ${DCACHE_RUN_CLANG_TIDY} -quiet -p "${PROJECT_BINARY_DIR}"
    "${PROJECT_SOURCE_DIR}/(lib|rules|cli)/.*")
endif()
