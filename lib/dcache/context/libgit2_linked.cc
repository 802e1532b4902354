// libgit2 as a part of the program.
#include "dcache/context/libgit2.h"

namespace dcache::context {

void find_functions(Library& library) {
#define DCACHE_GIT_SET(name) library.name = &::name;
  DCACHE_GIT_FUNCTIONS(DCACHE_GIT_SET)
#undef DCACHE_GIT_SET
}

}  // namespace dcache::context
