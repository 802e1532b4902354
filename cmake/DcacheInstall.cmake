# cmake --install: the command, the library, its public headers and a CMake package.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/dcache")

set(libraries dcache)
if(TARGET dcache_c)
  list(APPEND libraries dcache_c)
endif()
install(TARGETS ${libraries} EXPORT dcacheTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET dcache-cli)
  install(TARGETS dcache-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/lib/dcache" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h"
  PATTERN "words.h" EXCLUDE
  PATTERN "check.h" EXCLUDE
  PATTERN "config_reading.h" EXCLUDE
  PATTERN "workspace_settings.h" EXCLUDE
  PATTERN "lsp/*.h" EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/lib/dcache/lsp/server.h" "${PROJECT_SOURCE_DIR}/lib/dcache/lsp/framing.h"
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dcache/lsp)
configure_file("${CMAKE_CURRENT_LIST_DIR}/dcache.pc.in" "${PROJECT_BINARY_DIR}/dcache.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/dcache.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES "${PROJECT_BINARY_DIR}/lib/dcache/version.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dcache)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT dcacheTargets NAMESPACE dcache:: DESTINATION ${package_dir})
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/dcacheConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" "${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake"
  DESTINATION ${package_dir})
