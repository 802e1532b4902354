# cmake --install: the command, the library, its public headers and a CMake package.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/dcache")

install(TARGETS dcache EXPORT dcacheTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET dcache-cli)
  install(TARGETS dcache-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/lib/dcache" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h"
  PATTERN "words.h" EXCLUDE
  PATTERN "check.h" EXCLUDE)
install(FILES "${PROJECT_BINARY_DIR}/lib/dcache/version.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dcache)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT dcacheTargets NAMESPACE dcache:: DESTINATION ${package_dir})
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/dcacheConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" "${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake"
  DESTINATION ${package_dir})
