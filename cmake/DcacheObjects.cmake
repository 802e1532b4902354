# dcache_precompile(TARGET [HEADER…]): parses the headers that nearly every file includes once for the target, with more of
# its own. scripts/tidy does without, so that an include which is missing in a file is noticed.
function(dcache_precompile target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # for ccache
  endif()
  target_precompile_headers(${target} PRIVATE
    <algorithm> <array> <charconv> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <span> <string>
    <string_view> <unordered_map> <unordered_set> <utility> <vector>
    <fmt/format.h> <tl/expected.hpp> ${ARGN})
endfunction()

# dcache_objects(TARGET): compiles a target's sources as objects of the library. Within one program or library a call needs
# no detour that would let another library take the function's place.
function(dcache_objects target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(NOT BUILD_SHARED_LIBS)
    set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# dcache_unity(TARGET [EXCEPT REGEX]): compiles several sources of a folder at once, since most of the time goes to the headers
# and templates that all of them need. A batch has about 12 files or fewer, and as many bytes as the others of its folder. So
# names in anonymous namespaces and macros have to differ within a folder. Generated sources and those that match REGEX stay
# alone. With DCACHE_UNITY=OFF each file is compiled alone.
function(dcache_unity target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXCEPT" "")
  set(most_files 12)
  set(most_bytes 150000)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  if(arg_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "${arg_EXCEPT}")
  endif()
  list(TRANSFORM sources REPLACE "^([^/].*)$" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
  list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_BINARY_DIR}/")
  list(SORT sources)
  set(folders "")
  foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    file(RELATIVE_PATH folder "${CMAKE_CURRENT_SOURCE_DIR}" "${folder}")
    string(MAKE_C_IDENTIFIER "in_${folder}" folder)
    file(SIZE "${source}" size)
    list(APPEND folders ${folder})
    list(APPEND of_${folder} "${source}")
    math(EXPR bytes_${folder} "0${bytes_${folder}} + ${size}")
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder IN LISTS folders)
    list(LENGTH of_${folder} files)
    math(EXPR batches "(${files} + ${most_files} - 1) / ${most_files}")
    math(EXPR by_bytes "(${bytes_${folder}} + ${most_bytes} - 1) / ${most_bytes}")
    if(by_bytes GREATER batches)
      set(batches ${by_bytes})
    endif()
    set(before 0)
    foreach(source IN LISTS of_${folder})
      file(SIZE "${source}" size)
      # The batch that the middle of the file is in.
      math(EXPR batch "(${before} + ${size} / 2) * ${batches} / ${bytes_${folder}}")
      math(EXPR before "${before} + ${size}")
      set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}_${batch}")
    endforeach()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${DCACHE_UNITY} UNITY_BUILD_MODE GROUP)
  if(DCACHE_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC takes the sources of a batch for headers, and warns of classes of theirs that have parts of anonymous namespaces.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()
