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
