#include "dcache/context/libgit2.h"

#include <iterator>

namespace dcache::context {

Library::Library() {
  find_functions(*this);
  if (!problem.empty()) return;
  git_libgit2_init();
  // Git reads objects without hashing them again, too.
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  // What is read more than once is kept where it is needed.
  for (const git_object_t type : {GIT_OBJECT_COMMIT, GIT_OBJECT_TREE})
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, type, size_t{0});
  // What sparse checkouts set; it says where settings are, which are not needed here.
  const char* extensions[] = {"worktreeconfig"};
  git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size(extensions));
}

const Library& library() {
  static const Library loaded;
  return loaded;
}

std::string last_error() {
  const git_error* error = library().git_error_last();
  return error == nullptr || error->message == nullptr ? "unknown error" : error->message;
}

std::string name_of(const git_oid& id) {
  char text[GIT_OID_HEXSZ + 1];
  return library().git_oid_tostr(text, sizeof text, &id);
}

std::string name_of(const git_object* object) {
  return name_of(*library().git_object_id(object));
}

}  // namespace dcache::context
