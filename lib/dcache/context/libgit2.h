// libgit2: loaded when it is first needed, or a part of the program. Internal to context/.
//
// Source: https://libgit2.org/docs/reference/
#pragma once

#include <memory>
#include <string>

#include <git2.h>
#include <git2/sys/repository.h>

namespace dcache::context {

// The functions of libgit2 in use.
struct Library {
// clang-format off
#define DCACHE_GIT_FUNCTIONS(use) \
  use(git_libgit2_init) \
  use(git_libgit2_opts) \
  use(git_error_last) \
  use(git_config_open_default) \
  use(git_config_get_multivar_foreach) \
  use(git_config_free) \
  use(git_repository_open_ext) \
  use(git_repository_workdir) \
  use(git_repository_commondir) \
  use(git_repository_set_index) \
  use(git_repository_config_snapshot) \
  use(git_config_get_bool) \
  use(git_config_get_string) \
  use(git_attr_get_many_ext) \
  use(git_attr_value) \
  use(git_repository_is_shallow) \
  use(git_repository_head_unborn) \
  use(git_repository_free) \
  use(git_revparse) \
  use(git_object_id) \
  use(git_object_free) \
  use(git_oid_tostr) \
  use(git_merge_base) \
  use(git_revparse_single) \
  use(git_object_peel) \
  use(git_diff_options_init) \
  use(git_diff_tree_to_workdir_with_index) \
  use(git_diff_tree_to_tree) \
  use(git_diff_tree_to_index) \
  use(git_diff_num_deltas) \
  use(git_diff_get_delta) \
  use(git_diff_free) \
  use(git_blob_lookup) \
  use(git_blob_free) \
  use(git_blob_rawcontent) \
  use(git_blob_rawsize) \
  use(git_blob_filter) \
  use(git_buf_dispose) \
  use(git_tree_entry_bypath) \
  use(git_tree_entry_id) \
  use(git_tree_entry_type) \
  use(git_tree_entry_filemode) \
  use(git_tree_entry_free) \
  use(git_ignore_path_is_ignored) \
  use(git_repository_index) \
  use(git_index_new) \
  use(git_index_find) \
  use(git_index_find_prefix) \
  use(git_index_entrycount) \
  use(git_index_get_byindex) \
  use(git_repository_odb) \
  use(git_odb_exists) \
  use(git_odb_free) \
  use(git_odb_read) \
  use(git_odb_read_header) \
  use(git_odb_object_data) \
  use(git_odb_object_size) \
  use(git_odb_object_type) \
  use(git_odb_object_free) \
  use(git_oid_fromstr) \
  use(git_repository_path) \
  use(git_repository_is_bare) \
  use(git_revwalk_new) \
  use(git_revwalk_push) \
  use(git_revwalk_hide) \
  use(git_revwalk_sorting) \
  use(git_revwalk_simplify_first_parent) \
  use(git_revwalk_next) \
  use(git_revwalk_free) \
  use(git_index_free)
// clang-format on
#define DCACHE_GIT_DECLARE(name) decltype(&::name) name = nullptr;  // NOLINT(bugprone-macro-parentheses)
  DCACHE_GIT_FUNCTIONS(DCACHE_GIT_DECLARE)
#undef DCACHE_GIT_DECLARE
  std::string problem;  // why there are none

  Library();
};

// Sets the functions of a library, or its problem. The library dcache has the definition of
// libgit2_loaded.cc, which loads the shared library that it was built with. A program of which libgit2 is a
// part has that of libgit2_linked.cc: a linker takes the first definition, and looks into archives last.
void find_functions(Library& library);

// Found once, on first use; never unloaded.
const Library& library();

// The message of the call that just failed.
std::string last_error();

// The name of an object in hexadecimal digits.
std::string name_of(const git_oid& id);
std::string name_of(const git_object* object);

// Objects of libgit2 that free themselves.
template <class T, auto Free>
struct GitDeleter {
  void operator()(T* object) const { (library().*Free)(object); }
};
template <class T, auto Free>
using GitPointer = std::unique_ptr<T, GitDeleter<T, Free>>;
using Repository = GitPointer<git_repository, &Library::git_repository_free>;
using Object = GitPointer<git_object, &Library::git_object_free>;
using Diff = GitPointer<git_diff, &Library::git_diff_free>;
using Blob = GitPointer<git_blob, &Library::git_blob_free>;
using TreeEntry = GitPointer<git_tree_entry, &Library::git_tree_entry_free>;
using Config = GitPointer<git_config, &Library::git_config_free>;
using Index = GitPointer<git_index, &Library::git_index_free>;
using Objects = GitPointer<git_odb, &Library::git_odb_free>;

}  // namespace dcache::context
