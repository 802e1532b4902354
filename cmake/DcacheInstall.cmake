# cmake --install: the command, the library, its public headers and a CMake package. The components are the Debian packages that
# DcachePackages.cmake makes: dcache, libdcache-c and libdcache-dev.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/dcache")

set(libraries dcache)
if(TARGET dcache_c)
  list(APPEND libraries dcache_c)
endif()
install(TARGETS ${libraries} EXPORT dcacheTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c NAMELINK_COMPONENT dev
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT c)
if(TARGET dcache-cli)
  install(TARGETS dcache-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tool)
endif()
# The public interface: these headers and no others. They include nothing of dcache but each other.
set(public_headers dcache.h dcache_c.h explanation.h finding.h rules.h workspace.h
    lsp/framing.h lsp/server.h project/discover.h text/failure.h)
foreach(header IN LISTS public_headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES "${PROJECT_SOURCE_DIR}/lib/dcache/${header}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/dcache/${folder}" COMPONENT dev)
endforeach()
configure_file("${CMAKE_CURRENT_LIST_DIR}/dcache.pc.in" "${PROJECT_BINARY_DIR}/dcache.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/dcache.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES "${PROJECT_BINARY_DIR}/lib/dcache/version.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dcache
  COMPONENT dev)

# Not in the Debian packages, whose system has it.
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/dcache" COMPONENT license)

install(EXPORT dcacheTargets NAMESPACE dcache:: DESTINATION ${package_dir} COMPONENT dev)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/dcacheConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/dcacheConfig.cmake" "${PROJECT_BINARY_DIR}/dcacheConfigVersion.cmake"
  DESTINATION ${package_dir} COMPONENT dev)
