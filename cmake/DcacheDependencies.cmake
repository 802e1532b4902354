# The libraries dcache is built on. Each is a Debian package; a missing one is named in the error.

function(dcache_require package debian)
  find_package(${package} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR
      "dcache needs ${package}, which was not found.\n"
      "On Debian and Ubuntu: apt-get install ${debian}\n"
      "(scripts/install-packages installs all that is needed)")
  endif()
  set(${package}_FOUND TRUE PARENT_SCOPE)
  set(${package}_VERSION "${${package}_VERSION}" PARENT_SCOPE)
endfunction()

function(dcache_require_pkgconfig target module debian)
  find_package(PkgConfig QUIET)
  if(NOT PKG_CONFIG_FOUND)
    message(FATAL_ERROR "dcache needs pkg-config.\nOn Debian and Ubuntu: apt-get install pkg-config")
  endif()
  pkg_check_modules(${target} QUIET IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR
      "dcache needs ${module}, which was not found.\n"
      "On Debian and Ubuntu: apt-get install ${debian}\n"
      "(scripts/install-packages installs all that is needed)")
  endif()
  # Of these a shared library can be made, whatever dcache_prefer_archive() makes of the target.
  get_target_property(libraries PkgConfig::${target} INTERFACE_LINK_LIBRARIES)
  set(${target}_SHARED "${libraries}" PARENT_SCOPE)
  set(${target}_VERSION "${${target}_VERSION}" PARENT_SCOPE)
endfunction()

# dcache starts in a few milliseconds, of which loading shared libraries would be the most: what the command needs is
# linked into it, down to the C library. Distributions that want their libraries shared turn this off.
option(DCACHE_STATIC_DEPENDENCIES
  "Link RE2, xxHash and the C++ library into what is built, where their archives are there, and load libgit2 when it is needed" ON)

# Makes `target`, from pkg-config, stand for the archive of the library if there is one, and for those of the libraries that it
# needs itself, as RE2 needs Abseil's since 2023. Archives hold no code that could go into a shared library.
function(dcache_prefer_archive target)
  if(NOT DCACHE_STATIC_DEPENDENCIES OR BUILD_SHARED_LIBS)
    return()
  endif()
  set(system pthread dl m rt atomic)
  set(archives "")
  set(others "")
  list(REMOVE_DUPLICATES ${target}_STATIC_LIBRARIES)
  foreach(name IN LISTS ${target}_STATIC_LIBRARIES)
    if(name IN_LIST system)
      list(APPEND others ${name})
      continue()
    endif()
    find_library(${target}_ARCHIVE_${name} NAMES lib${name}.a HINTS ${${target}_LIBRARY_DIRS} ${${target}_LIBDIR})
    mark_as_advanced(${target}_ARCHIVE_${name})
    if(NOT ${target}_ARCHIVE_${name})
      return()
    endif()
    list(APPEND archives "${${target}_ARCHIVE_${name}}")
  endforeach()
  list(LENGTH archives count)
  if(count GREATER 1)
    # They need each other in any order.
    if(CMAKE_VERSION VERSION_LESS 3.24)
      return()
    endif()
    list(JOIN archives "," archives)
    set(archives "$<LINK_GROUP:RESCAN,${archives}>")
  endif()
  set_property(TARGET PkgConfig::${target} PROPERTY INTERFACE_LINK_LIBRARIES ${archives} ${others} Threads::Threads)
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
dcache_require(fmt libfmt-dev)
# Debian has no archive of fmt, so the library compiles it: see lib/dcache/text/fmt_library.cc.
set(DCACHE_FMT fmt::fmt)
set(DCACHE_NEEDS_FMT ON)
set(DCACHE_PC_FMT " fmt")
if(DCACHE_STATIC_DEPENDENCIES AND NOT DCACHE_SANITIZE)
  add_library(dcache_fmt INTERFACE)
  target_include_directories(dcache_fmt SYSTEM INTERFACE
    $<BUILD_INTERFACE:$<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>>)
  set(DCACHE_FMT $<BUILD_INTERFACE:dcache_fmt>)
  set(DCACHE_NEEDS_FMT OFF)
  set(DCACHE_PC_FMT "")
endif()
dcache_require(nlohmann_json nlohmann-json3-dev)
dcache_require(tl-expected libexpected-dev)
dcache_require(tomlplusplus libtomlplusplus-dev)
dcache_require_pkgconfig(RE2 re2 libre2-dev)
dcache_prefer_archive(RE2)
dcache_require_pkgconfig(XXHASH libxxhash libxxhash-dev)
dcache_prefer_archive(XXHASH)
dcache_require_pkgconfig(YAML_CPP yaml-cpp libyaml-cpp-dev)
dcache_prefer_archive(YAML_CPP)
dcache_require_pkgconfig(LIBGIT2 libgit2 libgit2-dev)
# A distribution builds for the libgit2 that it has, and its packages depend on it.
set(DCACHE_GIT "")
set(DCACHE_NEEDS_GIT OFF)
set(DCACHE_PC_GIT "")
# On Windows it is a part of the program too: no system there has it.
if(WIN32)
  dcache_prefer_archive(LIBGIT2)
  set(DCACHE_GIT PkgConfig::LIBGIT2 ws2_32 secur32)
elseif(NOT DCACHE_STATIC_DEPENDENCIES)
  set(DCACHE_GIT PkgConfig::LIBGIT2)
  set(DCACHE_NEEDS_GIT ON)
  set(DCACHE_PC_GIT " libgit2")
endif()
if(DCACHE_BUILD_CLI)
  dcache_require(CLI11 libcli11-dev)
endif()
if(DCACHE_BUILD_TESTS)
  dcache_require(GTest libgtest-dev)
endif()
if(DCACHE_BUILD_BENCH)
  dcache_require(benchmark libbenchmark-dev)
endif()
