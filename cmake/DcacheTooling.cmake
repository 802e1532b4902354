# Targets for the project's own hygiene: `format` rewrites, `check-format` and `tidy` only look; `tidy` at what changed.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

add_custom_target(format COMMAND "${PROJECT_SOURCE_DIR}/scripts/format")
add_custom_target(check-format COMMAND "${PROJECT_SOURCE_DIR}/scripts/format" --check)
add_custom_target(tidy COMMAND "${PROJECT_SOURCE_DIR}/scripts/tidy")
