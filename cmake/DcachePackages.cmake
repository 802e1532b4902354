# cpack -G DEB: dcache (the command), libdcache-c0 (the C interface) and libdcache-dev; cpack -G TGZ: all of it in one archive.
if(NOT PROJECT_IS_TOP_LEVEL OR NOT TARGET dcache-cli OR DCACHE_SANITIZE)
  return()
endif()

set(CPACK_PACKAGE_NAME dcache)
set(CPACK_PACKAGE_VENDOR "dcache")
set(CPACK_PACKAGE_CONTACT "dcache maintainers <${DCACHE_CONTACT}>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_HOMEPAGE_URL "${DCACHE_ADDRESS}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" system)
set(CPACK_PACKAGE_FILE_NAME "dcache-${PROJECT_VERSION}-${system}")

set(packages tool:dcache dev:libdcache-dev)
if(TARGET dcache_c)
  list(APPEND packages "c:libdcache-c${PROJECT_VERSION_MAJOR}")
endif()

# What Debian has besides each package. SOURCE_DATE_EPOCH in the environment gives the day.
string(TIMESTAMP DATE "%a, %d %b %Y 00:00:00 +0000" UTC)
set(DISTRIBUTION unstable)
set(CPACK_COMPONENTS_ALL "")
foreach(entry IN LISTS packages)
  string(REPLACE ":" ";" entry "${entry}")
  list(GET entry 0 component)
  list(GET entry 1 PACKAGE)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  string(TOUPPER "${component}" upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME "${PACKAGE}")
  set(documents "${PROJECT_BINARY_DIR}/packaging/${PACKAGE}")
  configure_file("${PROJECT_SOURCE_DIR}/packaging/debian/changelog.in" "${documents}/changelog" @ONLY)
  install(FILES "${documents}/changelog" "${PROJECT_SOURCE_DIR}/packaging/debian/copyright"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${PACKAGE}" COMPONENT ${component})
endforeach()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/debian/compress.cmake")

string(REGEX MATCH "^[0-9]+\\.[0-9]+" libgit2 "${LIBGIT2_VERSION}")
set(CPACK_COMPONENT_TOOL_DESCRIPTION
  "The command dcache lints Dockerfiles, explains which edits rebuild which\n steps of a Docker build, and serves editors with both.")
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_TOOL_PACKAGE_RECOMMENDS "libgit2-${libgit2}, shellcheck")

set(CPACK_COMPONENT_C_DESCRIPTION
  "The C interface of dcache: lint results and verdicts on cached steps as\n JSON, for programs that load libraries.")
set(CPACK_DEBIAN_C_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_C_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
set(CPACK_DEBIAN_C_PACKAGE_RECOMMENDS "libgit2-${libgit2}")

set(CPACK_COMPONENT_DEV_DESCRIPTION
  "Headers, the static C++ library, CMake and pkg-config files to build\n programs with dcache.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libre2-dev, libxxhash-dev, libyaml-cpp-dev, libfmt-dev, nlohmann-json3-dev, libexpected-dev")
if(TARGET dcache_c)
  string(PREPEND CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${CPACK_DEBIAN_C_PACKAGE_NAME} (= ${PROJECT_VERSION}), ")
endif()

include(CPack)
