// libgit2 by dlopen(), so that only commands that need it load it and its own libraries.
#include <dlfcn.h>
#include <fmt/format.h>

#include "dcache/context/libgit2.h"

namespace dcache::context {

#define DCACHE_TEXT_(x) #x
#define DCACHE_TEXT(x) DCACHE_TEXT_(x)

void find_functions(Library& library) {
  constexpr const char* kName = "libgit2.so." LIBGIT2_SOVERSION;
  void* const handle = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.problem = fmt::format("git comparison needs {}, which is not installed (package libgit2-{})",
                                  kName, LIBGIT2_SOVERSION);
    return;
  }
#define DCACHE_GIT_FIND(name)                                                             \
  library.name = reinterpret_cast<decltype(&::name)>(::dlsym(handle, DCACHE_TEXT(name))); \
  if (library.name == nullptr) library.problem = std::string(kName) + " has no function " DCACHE_TEXT(name);
  DCACHE_GIT_FUNCTIONS(DCACHE_GIT_FIND)
#undef DCACHE_GIT_FIND
}

}  // namespace dcache::context
