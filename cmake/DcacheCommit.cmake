# Writes OUTPUT, a header that names the commit of SOURCE: cmake -DSOURCE=… -DOUTPUT=… -P DcacheCommit.cmake
# An archive that git made has the commit in this file; elsewhere git is asked. Empty where neither knows.
cmake_minimum_required(VERSION 3.25)
set(DCACHE_COMMIT "$Format:%H$")
if(DCACHE_COMMIT MATCHES "Format")
  set(DCACHE_COMMIT "")
  find_package(Git QUIET)
  if(GIT_FOUND AND EXISTS "${SOURCE}/.git")
    execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE}" describe --always --dirty --exclude=* --abbrev=12
      OUTPUT_VARIABLE DCACHE_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
string(SUBSTRING "${DCACHE_COMMIT}" 0 18 DCACHE_COMMIT)
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define DCACHE_COMMIT \"@DCACHE_COMMIT@\"\n" @ONLY)
