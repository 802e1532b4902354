# Writes OUTPUT, a header that names the commit of SOURCE, and says whether it is the release VERSION: the commit with the tag vVERSION,
# without changes. cmake -DSOURCE=… -DVERSION=… -DOUTPUT=… -P DcacheCommit.cmake
# An archive that git made has both in this file; elsewhere git is asked. Empty where neither knows.
cmake_minimum_required(VERSION 3.25)
set(DCACHE_COMMIT "$Format:%H$")
set(references "$Format:%D$")
set(DCACHE_RELEASE 0)
if(DCACHE_COMMIT MATCHES "Format")
  set(DCACHE_COMMIT "")
  set(references "")
  find_package(Git QUIET)
  if(GIT_FOUND AND EXISTS "${SOURCE}/.git")
    execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE}" describe --always --dirty --exclude=* --abbrev=12
      OUTPUT_VARIABLE DCACHE_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE}" log -1 --format=%D --decorate=short
      OUTPUT_VARIABLE references OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
string(REPLACE "." "\\." version "${VERSION}")
if(references MATCHES "(^|, )tag: v${version}(,|$)" AND NOT DCACHE_COMMIT MATCHES "-dirty$")
  set(DCACHE_RELEASE 1)
endif()
string(SUBSTRING "${DCACHE_COMMIT}" 0 18 DCACHE_COMMIT)
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define DCACHE_COMMIT \"@DCACHE_COMMIT@\"\n#define DCACHE_RELEASE @DCACHE_RELEASE@\n" @ONLY)
