# Run by cpack before it packs: Debian has manual pages and changelogs compressed.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()
find_program(gzip gzip REQUIRED)
file(GLOB_RECURSE texts "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*.1"
  "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*/changelog")
foreach(text IN LISTS texts)
  execute_process(COMMAND "${gzip}" -9nf "${text}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
