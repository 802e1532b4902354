function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nfailed with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
# Runs a program whose output must hold each of the texts.
function(run_and_find texts)
  run(${ARGN})
  foreach(text IN LISTS texts)
    string(FIND "${output}" "${text}" found)
    if(found EQUAL -1)
      message(FATAL_ERROR "${ARGN}\ndoes not say '${text}':\n${output}")
    endif()
  endforeach()
  message("${ARGN}\n${output}")
endfunction()

file(REMOVE_RECURSE "${WORK}")
set(prefix "${WORK}/prefix")
run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${prefix}")
run_and_find("dcache " "${prefix}/bin/dcache" --version)

foreach(file share/man/man1/dcache-lint.1 share/bash-completion/completions/dcache share/zsh/site-functions/_dcache
        share/fish/vendor_completions.d/dcache.fish)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()

# find_package
run(${CMAKE_COMMAND} -S "${SOURCE}/examples" -B "${WORK}/examples" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${prefix}")
run(${CMAKE_COMMAND} --build "${WORK}/examples")
set(lints "line 3: " "[MaintainerDeprecated]" "fixed:" "COPY src /src")
run_and_find("${lints}" "${WORK}/examples/lint")
set(verdicts "reused  COPY src /src" "rebuilt COPY src /src  src/main.go changed" "src does not exist: the build fails here")
run_and_find("${verdicts}" "${WORK}/examples/explain")
set(answers "\"rule\":\"DC1009\"" "\"version\":1" "\"verdict\":\"miss\"" "\"path\":\"src/a\"")
run_and_find("${answers}" "${WORK}/examples/lint_c")

# Each public header alone, with nothing of dcache's source in reach.
file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/dcache/*.h")
list(LENGTH headers count)
message("${count} public headers: ${headers}")
foreach(header IN LISTS headers)
  file(WRITE "${WORK}/header.cc" "#include <${header}>\n#include <${header}>\nint main() {}\n")
  run("${CXX}" -std=c++20 -Wall -Wextra -Werror -fsyntax-only "-I${prefix}/include" "${WORK}/header.cc")
endforeach()

# pkg-config
find_program(pkg_config pkg-config REQUIRED)
set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig")
run(${pkg_config} --static --cflags --libs dcache)
separate_arguments(flags UNIX_COMMAND "${output}")
run("${CXX}" "${SOURCE}/examples/lint.cc" -o "${WORK}/lint" ${flags})
run_and_find("${lints}" "${WORK}/lint")

# A part of another project. It is not built: that takes as long as dcache itself.
run(${CMAKE_COMMAND} -S "${TESTS}/subdirectory" -B "${WORK}/subdirectory" -G "${GENERATOR}" "-DDCACHE_SOURCE=${SOURCE}")

# Python's ctypes
set(library "${prefix}/lib/libdcache_c.so")
file(WRITE "${WORK}/Dockerfile" "FROM alpine:latest\n")
if(PYTHON)
  run_and_find("[DC1009]" "${PYTHON}" "${SOURCE}/examples/lint.py" "${library}" "${WORK}/Dockerfile")
else()
  message("Python is not installed: its example was left out")
endif()

# What the C library shows is the C interface.
find_program(nm nm REQUIRED)
run(${nm} -D --defined-only "${library}")
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
foreach(symbol IN LISTS symbols)
  if(NOT symbol MATCHES " T dcache_[a-z_]+$")
    message(FATAL_ERROR "the C library shows ${symbol}")
  endif()
endforeach()
