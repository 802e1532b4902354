# dcache-static: the command as one file that needs nothing of the system, libgit2 included, at a random address (static-pie). It has
# the objects of dcache-cli. `DCACHE_STATIC=ON` makes it an error if it can't be built; otherwise there is no such target then.
#
# Debian's libgit2.a needs libraries for TLS, SSH and Kerberos that have no archives. dcache uses none of them: see
# lib/dcache/context/libgit2_offline.cc.
option(DCACHE_STATIC "Fail where the static program can't be built" OFF)

set(dcache_git_sources "${PROJECT_SOURCE_DIR}/lib/dcache/context/libgit2_linked.cc"
    "${PROJECT_SOURCE_DIR}/lib/dcache/context/libgit2_offline.cc")

# Sets `missing` to what is missing.
function(dcache_check_static missing)
  set(${missing} "the options DCACHE_STATIC_DEPENDENCIES=ON, BUILD_SHARED_LIBS=OFF and no DCACHE_SANITIZE" PARENT_SCOPE)
  if(NOT DCACHE_STATIC_DEPENDENCIES OR BUILD_SHARED_LIBS OR DCACHE_SANITIZE)
    return()
  endif()
  set(archives "")
  foreach(name git2 mbedcrypto http_parser pcre2-8 z)
    find_library(DCACHE_ARCHIVE_${name} NAMES lib${name}.a HINTS ${LIBGIT2_LIBRARY_DIRS} ${LIBGIT2_LIBDIR})
    if(NOT DCACHE_ARCHIVE_${name})
      set(${missing} "lib${name}.a (apt-get install libgit2-dev)" PARENT_SCOPE)
      return()
    endif()
    list(APPEND archives "${DCACHE_ARCHIVE_${name}}")
  endforeach()
  if(NOT DEFINED DCACHE_LINKS_STATIC)
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/static.cc" "#include \"dcache/context/libgit2.h\"\n"
      "int main() { dcache::context::Library library; dcache::context::find_functions(library); return library.git_libgit2_init() < 0; }\n"
      "dcache::context::Library::Library() {}\n")
    try_compile(DCACHE_LINKS_STATIC "${CMAKE_CURRENT_BINARY_DIR}/static"
      SOURCES "${CMAKE_CURRENT_BINARY_DIR}/static.cc" ${dcache_git_sources}
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${PROJECT_SOURCE_DIR}/lib;${LIBGIT2_INCLUDE_DIRS}"
      LINK_OPTIONS -static-pie LINK_LIBRARIES ${archives}
      CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON OUTPUT_VARIABLE said)
    set(DCACHE_LINKS_STATIC "${DCACHE_LINKS_STATIC}" CACHE INTERNAL "Whether the static program can be linked")
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/static.log" "${said}")
  endif()
  set(${missing} "a libgit2.a that links without its network; ${CMAKE_CURRENT_BINARY_DIR}/static.log says more" PARENT_SCOPE)
  if(DCACHE_LINKS_STATIC)
    set(${missing} "" PARENT_SCOPE)
    set(DCACHE_GIT_ARCHIVES "${archives}" PARENT_SCOPE)
  endif()
endfunction()

dcache_check_static(missing)
if(missing AND DCACHE_STATIC)
  message(FATAL_ERROR "The static program needs ${missing}")
elseif(missing)
  return()
endif()

add_executable(dcache-static $<TARGET_OBJECTS:dcache-cli> ${dcache_git_sources})
set_target_properties(dcache-static PROPERTIES OUTPUT_NAME dcache RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/static")
target_link_libraries(dcache-static PRIVATE dcache::dcache CLI11::CLI11 ${DCACHE_FMT} nlohmann_json::nlohmann_json dcache_options
  dcache_internal ${DCACHE_GIT_ARCHIVES} -static-pie)  # after CMake's own -pie
