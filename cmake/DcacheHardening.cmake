# Flags that stop or limit the use of a memory error, for the project's own targets (dcache_options). dcache reads files
# of repositories that nobody has looked at. scripts/check-hardening looks whether a program has them.
#
# Sanitizers find the same faults and more, and don't go together with _FORTIFY_SOURCE.
option(DCACHE_HARDEN "Compile with the compiler's protections against memory errors" ON)
if(NOT DCACHE_HARDEN OR DCACHE_SANITIZE)
  return()
endif()

include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

# Programs at an address that differs from run to run.
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# The C++ library checks indexes, iterators and empty values.
target_compile_definitions(dcache_options INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # With these checks it is wrong for std::optional (GCC bug 80635).
  target_compile_options(dcache_options INTERFACE -Wno-maybe-uninitialized)
endif()

# Level 3 knows more sizes. It is level 2 to an older C library, and a warning from an older compiler.
set(dcache_fortify 2)
if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
  set(dcache_fortify 3)
endif()
target_compile_options(dcache_options INTERFACE
  "$<$<NOT:$<CONFIG:Debug>>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${dcache_fortify}>")

# Each processor has one of the last two. On Windows large frames are always touched page by page, and GCC 12 can't compile them
# with the second.
set(dcache_flags -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard)
if(MINGW)
  list(REMOVE_ITEM dcache_flags -fstack-clash-protection)
endif()
foreach(flag IN LISTS dcache_flags)
  string(MAKE_C_IDENTIFIER "DCACHE_HAS${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(dcache_options INTERFACE ${flag})
  endif()
endforeach()
# The C library of mingw-w64 leaves the functions that these need to libssp.
if(MINGW)
  target_link_options(dcache_options INTERFACE -fstack-protector-strong)
endif()

foreach(flag relro now noexecstack)
  check_linker_flag(CXX "LINKER:-z,${flag}" DCACHE_LINKS_${flag})
  if(DCACHE_LINKS_${flag})
    target_link_options(dcache_options INTERFACE "LINKER:-z,${flag}")
  endif()
endforeach()
