#include "dcache/context/git.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <git2/sys/repository.h>

#include "dcache/context/hash.h"
#include "dcache/context/libgit2.h"
#include "dcache/context/tracked_paths.h"
#include "dcache/text/digest.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"

namespace dcache::context {
namespace {

// Whether the user's or the system's configuration has `safe.directory = *`, which libgit2 1.5 does not know.
bool trusts_all_owners() {
  git_config* found = nullptr;
  if (library().git_config_open_default(&found) != 0) return false;
  const Config config(found);
  bool all = false;
  const auto look = [](const git_config_entry* entry, void* answer) {
    bool& trusts = *static_cast<bool*>(answer);
    const std::string_view value = entry->value == nullptr ? "" : entry->value;
    trusts = !value.empty() && (trusts || value == "*");  // an empty value takes back what is above
    return 0;
  };
  library().git_config_get_multivar_foreach(found, "safe.directory", nullptr, look, &all);
  return all;
}

// As git_repository_open_ext(), for the repository of another user too where git's configuration allows it.
int open_repository(git_repository** found, const std::string& folder, unsigned flags = 0) {
  const auto open = [&] { return library().git_repository_open_ext(found, folder.c_str(), flags, nullptr); };
  const int status = open();
  if (status != GIT_EOWNER || !trusts_all_owners()) return status;
  int before = 1;  // an embedding program may use the library as well
  library().git_libgit2_opts(GIT_OPT_GET_OWNER_VALIDATION, &before);
  library().git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  const int again = open();
  library().git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, before);
  return again;
}

// The attributes that decide which bytes a checkout writes, and their values for a file.
// Source: https://git-scm.com/docs/gitattributes
constexpr std::array<const char*, 6> kAttributes = {"text",  "crlf",   "eol",
                                                    "ident", "filter", "working-tree-encoding"};
using Attributes = std::array<std::string, kAttributes.size()>;
// Those from here on are not applied by libgit2.
constexpr size_t kFirstNotApplied = 4;

bool is_regular(uint32_t mode) {
  return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

std::vector<const git_diff_delta*> deltas_of(const git_diff* diff) {
  std::vector<const git_diff_delta*> deltas;
  for (size_t i = 0; i < library().git_diff_num_deltas(diff); ++i)
    deltas.push_back(library().git_diff_get_delta(diff, i));
  return deltas;
}

// Whether a file that sets attributes differs.
bool touches_attributes(const git_diff* diff) {
  return std::ranges::any_of(deltas_of(diff), [](const git_diff_delta* delta) {
    return text::base_name(delta->new_file.path) == kAttributesName;
  });
}

// What Git LFS puts in the place of a large file.
// Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
struct LfsPointer {
  std::string sha256;
  uint64_t size = 0;
};

std::optional<LfsPointer> read_lfs_pointer(std::string_view text) {
  constexpr std::string_view kVersion = "version https://git-lfs.github.com/spec/v1\n";
  constexpr std::string_view kHash = "\noid sha256:", kSize = "\nsize ";
  constexpr size_t kLongest = 1024, kDigits = 64;
  const size_t hash = text.find(kHash), size = text.find(kSize);
  if (text.size() > kLongest || !text.starts_with(kVersion) || hash == std::string_view::npos ||
      size == std::string_view::npos)
    return std::nullopt;
  LfsPointer pointer{std::string(text.substr(hash + kHash.size(), kDigits))};
  const char* const digits = text.data() + size + kSize.size();
  if (std::from_chars(digits, text.data() + text.size(), pointer.size).ec != std::errc()) return std::nullopt;
  return pointer;
}

constexpr std::string_view kIgnoreName = ".gitignore";

bool is_special(const std::string& path) {
  text::FileStatus status{};
  if (!text::status_of(path.c_str(), status)) return false;
  const text::EntryType type = text::type_of(status);
  return type != text::EntryType::kFile && type != text::EntryType::kFolder;
}

}  // namespace

std::string repository_root(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code failure;
  for (fs::path at = text::system_path(folder); !at.empty(); at = at.parent_path()) {
    if (fs::exists(at / ".git", failure)) return text::portable_path(at.string());
    if (at == at.parent_path()) break;
  }
  return {};
}

constexpr std::string_view kFetchMore =
    ": this clone is shallow; fetch the history (git fetch --unshallow, or fetch-depth: 0 of "
    "actions/checkout)";

struct GitRepository::State {
  Repository repository;
  mutable Index index = {};  // read when it is first asked
  // The paths in it, without libgit2 where that is possible; read when it is first asked.
  mutable std::optional<std::optional<TrackedPaths>> tracked = {};
  // The same without a work tree and without an index, so that attributes are those of a commit alone. Opened
  // when it is first asked.
  mutable Repository bare = {};
  // Revisions whose files are read with their own attributes, as the work tree has others.
  mutable std::set<std::string, std::less<>> with_own_attributes = {};
  mutable bool lacks_content = false;
  // Whether some attributes can't be read, by tree and folder.
  mutable std::map<std::pair<std::string, std::string>, bool> without_attributes = {};

  // The .gitignore and .gitattributes of folders that are not regular files, by their paths from the root
  // with what they are.
  mutable std::map<std::string, bool, std::less<>> special = {};
  mutable std::string unread_ignore_file = {};

  // The first file of that name in the folders of a path that libgit2 would wait for, as it opens each
  // without a look at what it is; empty for none.
  std::string special_above(std::string_view path, std::string_view name) const {
    const char* const root = library().git_repository_workdir(repository.get());
    if (root == nullptr) return {};
    for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      std::string file = std::string(path.substr(0, slash + 1)).append(name);
      const auto [known, is_new] = special.try_emplace(std::move(file), false);
      if (is_new) known->second = is_special(root + known->first);
      if (known->second) return known->first;
    }
    return {};
  }

  // The same of all that git tracks, which a comparison with the work tree opens.
  std::string special_tracked() const {
    git_index* const entries = read_index();
    if (entries == nullptr) return {};
    const std::string root = library().git_repository_workdir(repository.get());
    for (size_t i = 0; i < library().git_index_entrycount(entries); ++i) {
      const std::string_view path = library().git_index_get_byindex(entries, i)->path;
      const std::string_view name = text::base_name(path);
      if ((name == kIgnoreName || name == kAttributesName) && is_special(root + std::string(path)))
        return std::string(path);
    }
    return {};
  }

  // Null if it can't be opened.
  git_repository* open_bare() const {
    if (bare != nullptr) return bare.get();
    git_repository* found = nullptr;
    const char* const folder = library().git_repository_commondir(repository.get());
    if (open_repository(&found, folder, GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE) != 0)
      return nullptr;
    Repository opened(found);
    git_index* empty = nullptr;
    if (library().git_index_new(&empty) != 0) return nullptr;
    const Index owned(empty);
    if (library().git_repository_set_index(found, empty) != 0) return nullptr;
    bare = std::move(opened);
    return bare.get();
  }

  // As a commit has them, or as the work tree has for none.
  Attributes attributes(const std::string& path, const git_oid* commit) const {
    Attributes found;
    if (commit == nullptr && !special_above(path, kAttributesName).empty()) return found;
    git_attr_options options{};
    options.version = GIT_ATTR_OPTIONS_VERSION;
    git_repository* const from = commit == nullptr ? repository.get() : open_bare();
    if (commit != nullptr) {
      options.flags = GIT_ATTR_CHECK_INCLUDE_COMMIT;
      options.attr_commit_id = *commit;
    }
    std::array<const char*, kAttributes.size()> values{};
    if (from == nullptr ||
        library().git_attr_get_many_ext(values.data(), from, &options, path.c_str(), values.size(),
                                        const_cast<const char**>(kAttributes.data())) != 0)
      return found;
    for (size_t i = 0; i < values.size(); ++i) {
      const git_attr_value_t kind = library().git_attr_value(values[i]);
      found[i] = kind == GIT_ATTR_VALUE_STRING  ? values[i]
                 : kind == GIT_ATTR_VALUE_TRUE  ? "set"
                 : kind == GIT_ATTR_VALUE_FALSE ? "unset"
                                                : "";
    }
    return found;
  }

  // Null if it can't be read.
  git_index* read_index() const {
    git_index* found = nullptr;
    if (index == nullptr && library().git_repository_index(&found, repository.get()) == 0) index.reset(found);
    return index.get();
  }

  const std::optional<TrackedPaths>& read_tracked() const {
    if (tracked) return *tracked;
    return tracked.emplace(
        TrackedPaths::read(std::string(library().git_repository_path(repository.get())) + "index"));
  }

  bool tracks(const std::string& path, bool is_folder) const {
    if (const auto& paths = read_tracked())
      return is_folder ? paths->contains_below(path) : paths->contains(path);
    if (read_index() == nullptr) return false;
    const std::string prefix = path + "/";
    return is_folder ? library().git_index_find_prefix(nullptr, index.get(), prefix.c_str()) == 0
                     : library().git_index_find(nullptr, index.get(), path.c_str()) == 0;
  }

  bool is_shallow() const { return library().git_repository_is_shallow(repository.get()) == 1; }

  tl::expected<Object, std::string> tree(const std::string& revision) const {
    git_object* found = nullptr;
    if (library().git_revparse_single(&found, repository.get(), revision.c_str()) != 0)
      return tl::unexpected(fmt::format("git does not know the revision '{}'{}", revision,
                                        is_shallow() ? std::string(kFetchMore) : ""));
    const Object object(found);
    git_object* tree = nullptr;
    if (library().git_object_peel(&tree, object.get(), GIT_OBJECT_TREE) == 0) return Object(tree);
    git_object* commit = nullptr;
    if (library().git_object_peel(&commit, object.get(), GIT_OBJECT_COMMIT) != 0)
      return tl::unexpected(fmt::format("'{}' is not a commit; name a commit, a branch or a tag", revision));
    const Object peeled(commit);
    return tl::unexpected(fmt::format("git has no list of the files of '{}'{}", revision, kFetchContent));
  }

  // The commit that a revision means; nothing for a tree.
  std::optional<git_oid> commit(const std::string& revision) const {
    git_object* found = nullptr;
    if (library().git_revparse_single(&found, repository.get(), revision.c_str()) != 0) return std::nullopt;
    const Object object(found);
    git_object* peeled = nullptr;
    if (library().git_object_peel(&peeled, found, GIT_OBJECT_COMMIT) != 0) return std::nullopt;
    const Object commit(peeled);
    return *library().git_object_id(peeled);
  }

  // The commit whose attributes count for the files of a revision; nothing for those of the work tree.
  std::optional<git_oid> own_attributes(const std::string& revision) const {
    return with_own_attributes.contains(revision) ? commit(revision) : std::nullopt;
  }

  // Whether a commit has attributes for the files of a folder whose content is not there, as in a partial
  // clone.
  bool lacks_attributes(const Object& tree, std::string_view folder) const {
    const auto [known, is_new] =
        without_attributes.try_emplace({name_of(*library().git_object_id(tree.get())), std::string(folder)});
    if (!is_new) return known->second;
    bool& lacks = known->second;
    git_tree_entry* found = nullptr;
    git_odb* objects = nullptr;
    const std::string path = text::join_path(std::string(folder), kAttributesName);
    if (library().git_tree_entry_bypath(&found, reinterpret_cast<git_tree*>(tree.get()), path.c_str()) == 0) {
      const TreeEntry entry(found);
      if (library().git_repository_odb(&objects, repository.get()) == 0) {
        const Objects owned(objects);
        lacks = library().git_odb_exists(objects, library().git_tree_entry_id(found)) == 0;
        lacks_content = lacks_content || lacks;
      }
    }
    if (!lacks && folder != ".") lacks = lacks_attributes(tree, text::parent_path(folder));
    return lacks;
  }

  // Null if they can't be compared. Settings such as `ignore` of .gitmodules hide nothing: builders do not
  // know them.
  Diff work_tree_diff(const Object& tree, uint32_t flags) const {
    git_diff_options options;
    library().git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = flags | GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
                    GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    options.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE;
    git_diff* made = nullptr;
    if (library().git_diff_tree_to_workdir_with_index(&made, repository.get(),
                                                      reinterpret_cast<git_tree*>(tree.get()), &options) != 0)
      return nullptr;
    return Diff(made);
  }

  Diff tree_diff(const Object& from, const Object& to, uint32_t flags) const {
    git_diff_options options;
    library().git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = flags | GIT_DIFF_SKIP_BINARY_CHECK;
    git_diff* made = nullptr;
    if (library().git_diff_tree_to_tree(&made, repository.get(), reinterpret_cast<git_tree*>(from.get()),
                                        reinterpret_cast<git_tree*>(to.get()), &options) != 0)
      return nullptr;
    return Diff(made);
  }

  // The bytes of a blob; of a file as a checkout would write them, with line ends and all. The attributes are
  // those of a commit, or of the work tree for none.
  tl::expected<std::string, std::string> content(const git_oid& id, const std::string& path, uint32_t mode,
                                                 const git_oid* commit) const {
    git_blob* found = nullptr;
    git_repository* const from = commit == nullptr ? nullptr : open_bare();
    if (library().git_blob_lookup(&found, from == nullptr ? repository.get() : from, &id) != 0)
      return tl::unexpected(fmt::format("git has no content for {} at this revision{}", path, kFetchContent));
    const Blob blob(found);
    if (mode == GIT_FILEMODE_LINK) {
      return std::string(static_cast<const char*>(library().git_blob_rawcontent(blob.get())),
                         static_cast<size_t>(library().git_blob_rawsize(blob.get())));
    }
    git_buf bytes = GIT_BUF_INIT;
    git_blob_filter_options options{};
    options.version = GIT_BLOB_FILTER_OPTIONS_VERSION;
    options.flags = GIT_BLOB_FILTER_CHECK_FOR_BINARY;
    if (from != nullptr) {
      options.flags |= GIT_BLOB_FILTER_ATTRIBUTES_FROM_COMMIT;
      options.attr_commit_id = *commit;
    }
    if (library().git_blob_filter(&bytes, blob.get(), path.c_str(), &options) != 0)
      return tl::unexpected(fmt::format("can't read {} from git: {}", path, last_error()));
    std::string text(bytes.ptr == nullptr ? "" : bytes.ptr, bytes.size);
    library().git_buf_dispose(&bytes);
    return text;
  }

  GitChange change(const git_diff_delta& delta, const git_oid* commit) const {
    const bool is_there = (delta.old_file.flags & GIT_DIFF_FLAG_EXISTS) != 0;
    GitChange change;
    change.path = is_there ? delta.old_file.path : delta.new_file.path;
    const uint32_t mode = delta.old_file.mode;
    change.link = mode == GIT_FILEMODE_LINK || delta.new_file.mode == GIT_FILEMODE_LINK;
    change.submodule = mode == GIT_FILEMODE_COMMIT || delta.new_file.mode == GIT_FILEMODE_COMMIT;
    if (is_there && mode == GIT_FILEMODE_COMMIT) change.commit = name_of(delta.old_file.id);
    if (is_there && !change.submodule)
      change.record = record_of(delta.old_file.id, change.path, mode, commit);
    return change;
  }

  // A file as a checkout of a blob makes it.
  Record record_of(const git_oid& id, const std::string& path, uint32_t mode,
                   const git_oid* commit = nullptr) const {
    auto bytes = content(id, path, mode, commit);
    // A partial clone has names without contents.
    if (!bytes) return unread_record(id, path, mode);
    Record record;
    record.path = path;
    if (mode == GIT_FILEMODE_LINK) {
      record.type = Type::kSymlink;
      record.mode = 0777;
      record.target = std::move(*bytes);
      return record;
    }
    if (auto large = large_file(*bytes, path)) bytes = std::move(large);
    record.mode = mode & 07777U;
    record.size = bytes->size();
    record.content = hash_bytes(*bytes);
    return record;
  }

  // The same without reading the blob: its name tells one content from another.
  static Record unread_record(const git_oid& id, const std::string& path, uint32_t mode) {
    Record record;
    record.path = path;
    record.mode = mode & 07777U;
    record.content = hash_bytes(name_of(id));
    return record;
  }

  // The content of a file that a blob only points to, if the work tree has it.
  tl::expected<std::string, std::string> large_file(std::string_view blob, const std::string& path) const {
    const auto pointer = read_lfs_pointer(blob);
    if (!pointer) return tl::unexpected(std::string());
    auto text = text::read_regular_file(library().git_repository_workdir(repository.get()) + path);
    if (!text || text->size() != pointer->size || text::hexadecimal(text::sha256(*text)) != pointer->sha256)
      return tl::unexpected(std::string());
    return text;
  }

  // Adds the entries of the index that git was told not to look at, if they are not in the work tree as they
  // are in the index. What the revision has otherwise than the index is among the changes already.
  void add_hidden(Sparse sparse, std::vector<GitChange>& changes) const {
    git_index* const entries = read_index();
    if (entries == nullptr) return;
    std::set<std::string, std::less<>> known;
    for (const GitChange& change : changes)
      known.insert(change.path);
    git_odb* found = nullptr;
    if (library().git_repository_odb(&found, repository.get()) != 0) return;
    const Objects objects(found);
    const bool checks_less = compares_less_of_files();
    for (size_t i = 0; i < library().git_index_entrycount(entries); ++i) {
      const git_index_entry& entry = *library().git_index_get_byindex(entries, i);
      const bool is_sparse = (entry.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
      const bool is_hidden =
          is_sparse || (entry.flags & GIT_INDEX_ENTRY_VALID) != 0 || (checks_less && has_other_ctime(entry));
      if (!is_hidden || entry.mode == GIT_FILEMODE_COMMIT || known.contains(entry.path)) continue;
      GitChange change;
      change.path = entry.path;
      change.link = entry.mode == GIT_FILEMODE_LINK;
      if (const auto now = work_tree_record(change.path)) {
        change.record = record_of(entry.id, change.path, entry.mode);
        const bool has_same_mode = ((now->mode ^ change.record->mode) & 0100U) == 0;
        if (now->type == change.record->type && now->content == change.record->content &&
            now->target == change.record->target && has_same_mode)
          continue;
      } else if (!is_sparse) {
        change.record = record_of(entry.id, change.path, entry.mode);
      } else if (sparse == Sparse::kIncluded && library().git_odb_exists(found, &entry.id) == 1) {
        change.record = change.link ? record_of(entry.id, change.path, entry.mode)
                                    : unread_record(entry.id, change.path, entry.mode);
      } else {
        continue;
      }
      changes.push_back(std::move(change));
    }
  }

  // Whether git is told to take a file with another time of change for the same.
  bool compares_less_of_files() const {
    git_config* found = nullptr;
    if (library().git_repository_config_snapshot(&found, repository.get()) != 0) return false;
    const Config config(found);
    int trusts_ctime = 1;
    library().git_config_get_bool(&trusts_ctime, found, "core.trustctime");
    const char* check = nullptr;
    library().git_config_get_string(&check, found, "core.checkstat");
    return trusts_ctime == 0 || (check != nullptr && std::string_view(check) == "minimal");
  }

  bool has_other_ctime(const git_index_entry& entry) const {
    text::FileStatus status{};
    const std::string place = std::string(library().git_repository_workdir(repository.get())) + entry.path;
    if (!text::status_of_link(place.c_str(), status)) return true;
    const int64_t changed = text::changed_at(status);
    constexpr int64_t kSecond = 1'000'000'000;
    return static_cast<uint32_t>(changed / kSecond) != static_cast<uint32_t>(entry.ctime.seconds) ||
           static_cast<uint32_t>(changed % kSecond) != entry.ctime.nanoseconds;
  }

  // Adds the files of which git has the same, and of which the work tree has other bytes than a checkout with
  // the attributes of the commit.
  void add_with_attributes(const Object& tree, const git_oid& commit, std::vector<GitChange>& changes) const {
    const Diff all = work_tree_diff(tree, GIT_DIFF_INCLUDE_UNMODIFIED);
    if (all == nullptr) return;
    std::vector<std::string> others;
    for (const git_diff_delta* const delta : deltas_of(all.get())) {
      const git_diff_file& file = delta->old_file;
      if (delta->status != GIT_DELTA_UNMODIFIED || !is_regular(file.mode)) continue;
      if (lacks_attributes(tree, text::parent_path(file.path))) {
        others.emplace_back(file.path);
        continue;
      }
      const Attributes then = attributes(file.path, &commit), now = attributes(file.path, nullptr);
      if (then == now) continue;
      const bool is_applied =
          std::equal(then.begin() + kFirstNotApplied, then.end(), now.begin() + kFirstNotApplied);
      const auto is = work_tree_record(file.path);
      const Record was = record_of(file.id, file.path, file.mode, &commit);
      if (!is_applied || !is || is->content != was.content) others.emplace_back(file.path);
    }
    add_paths(tree, commit, others, changes);
  }

  // Adds files as a checkout of the commit writes them, if they are not there yet.
  void add_paths(const Object& tree, const git_oid& commit, const std::vector<std::string>& paths,
                 std::vector<GitChange>& changes) const {
    std::set<std::string, std::less<>> known;
    for (const GitChange& change : changes)
      known.insert(change.path);
    for (const std::string& path : paths) {
      git_tree_entry* found = nullptr;
      if (known.contains(path) ||
          library().git_tree_entry_bypath(&found, reinterpret_cast<git_tree*>(tree.get()), path.c_str()) != 0)
        continue;
      const TreeEntry entry(found);
      const git_oid& id = *library().git_tree_entry_id(found);
      const uint32_t mode = library().git_tree_entry_filemode(found);
      GitChange change;
      change.path = path;
      change.record = record_of(id, path, mode, &commit);
      const Attributes values = attributes(path, &commit);
      if (std::any_of(values.begin() + kFirstNotApplied, values.end(),
                      [](const auto& one) { return !one.empty(); }))
        change.record->content = hash_bytes(fmt::format("{} {}", name_of(id), fmt::join(values, " ")));
      // What they say is another thing for each commit, for all that is known.
      if (lacks_attributes(tree, text::parent_path(path)))
        change.record->content = hash_bytes(fmt::format("{} {}", name_of(id), name_of(commit)));
      changes.push_back(std::move(change));
    }
  }

  // What the work tree has of a path; nothing for none.
  std::optional<Record> work_tree_record(const std::string& path) const {
    namespace fs = std::filesystem;
    const fs::path place = text::system_path(library().git_repository_workdir(repository.get()) + path);
    std::error_code failure;
    const fs::file_status status = fs::symlink_status(place, failure);
    Record record;
    if (status.type() == fs::file_type::symlink) {
      record.type = Type::kSymlink;
      record.target = text::portable_path(fs::read_symlink(place, failure).string());
      return record;
    }
    if (status.type() != fs::file_type::regular) return std::nullopt;
    record.mode = static_cast<uint32_t>(status.permissions());
    const auto hashed = hash_file(place.string());
    if (hashed) record.content = hashed->hash;
    return record;
  }
};

GitRepository::GitRepository(std::unique_ptr<State> state) : state_(std::move(state)) {}
GitRepository::GitRepository(GitRepository&&) noexcept = default;
GitRepository& GitRepository::operator=(GitRepository&&) noexcept = default;
GitRepository::~GitRepository() = default;

namespace {

// A file that libgit2 opens without a look at what it is, and that is a FIFO or a device: it would wait for
// that for ever. A `commondir` that is a link counts too: errors of libgit2 repeat the text of the file that
// it leads to. Empty for none.
std::string special_file(const std::string& git_folder, const std::string& root) {
  std::vector<std::string> paths;
  for (const char* const name : {"HEAD", "config", "config.worktree", "index", "packed-refs", "shallow",
                                 "info/exclude", "info/attributes", "objects/info/alternates"})
    paths.push_back(git_folder + name);
  for (const std::string_view name : {kAttributesName, kIgnoreName, std::string_view(".gitmodules")})
    paths.push_back(root + std::string(name));
  const auto found = std::ranges::find_if(paths, is_special);
  if (found != paths.end()) return *found;
  std::error_code failure;
  if (std::filesystem::is_symlink(text::system_path(git_folder + "commondir"), failure))
    return git_folder + "commondir";
  constexpr std::string_view kBranch = "ref: ";
  const auto head = text::read_file(git_folder + "HEAD");
  if (!head || !head->starts_with(kBranch)) return {};
  const std::string branch = git_folder + std::string(text::trim(head->substr(kBranch.size())));
  return is_special(branch) ? branch : std::string();
}

std::string not_regular(const std::string& folder, const std::string& file) {
  return fmt::format("can't read the git repository of {}: {} is not a regular file", folder, file);
}

}  // namespace

tl::expected<GitRepository, std::string> GitRepository::open(const std::string& folder, Bare bare) {
  if (!library().problem.empty()) return tl::unexpected(library().problem);
  std::error_code failure;
  if (const std::string top = repository_root(folder);
      std::filesystem::is_directory(text::system_path(top + "/.git"), failure)) {
    if (const std::string file = special_file(top + "/.git/", top + '/'); !file.empty())
      return tl::unexpected(not_regular(folder, file));
  }
  git_repository* found = nullptr;
  const int status = open_repository(&found, folder);
  // Of a user without a configuration libgit2 says that this key was not found.
  const bool is_foreign =
      status == GIT_EOWNER || (status != 0 && last_error().find("safe.directory") != std::string::npos);
  if (is_foreign) {
    return tl::unexpected(fmt::format(
        "the git repository of {} belongs to another user, so it is not read: run dcache as its owner, "
        "or git config --global --add safe.directory FOLDER",
        folder));
  }
  if (status != 0)
    return tl::unexpected(fmt::format("{} is not in a git repository: {}", folder, last_error()));
  GitRepository repository(std::make_unique<State>(State{Repository(found)}));
  const char* root = library().git_repository_workdir(found);
  if (root == nullptr && bare == Bare::kAllowed) root = library().git_repository_path(found);
  if (root == nullptr)
    return tl::unexpected(fmt::format(
        "{} is in a bare repository, which has no files but those of commits; dcache history reads "
        "these, other commands need a work tree: git worktree add FOLDER",
        folder));
  if (const std::string file = special_file(library().git_repository_path(found), root); !file.empty())
    return tl::unexpected(not_regular(folder, file));
  repository.root_ = root;
  if (repository.root_.size() > 1 && repository.root_.ends_with('/')) repository.root_.pop_back();
  return repository;
}

bool GitRepository::is_bare() const {
  return library().git_repository_is_bare(handle()) == 1;
}

bool GitRepository::is_shallow() const {
  return state_->is_shallow();
}

git_repository* GitRepository::handle() const {
  return state_->repository.get();
}

bool GitRepository::has_no_commit() const {
  return library().git_repository_head_unborn(handle()) == 1;
}

tl::unexpected<std::string> GitRepository::unknown_revision(const std::string& text) const {
  if (has_no_commit())
    return tl::unexpected<std::string>(
        "this repository has no commit yet to compare with; commit something, or name what changed: "
        "--changed "
        "FILE");
  return tl::unexpected(
      fmt::format("git does not know the revision '{}'{}", text,
                  state_->is_shallow() ? kFetchMore : "; write a revision, or two as A..B"));
}

namespace {

// "@~1" is "HEAD~1" to git, and not to libgit2.
std::string with_head(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_start = i == 0 || text[i - 1] == '.';
    const bool is_end =
        i + 1 == text.size() || std::string_view("~^.:").find(text[i + 1]) != std::string::npos;
    if (text[i] == '@' && is_start && is_end) {
      result += "HEAD";
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

tl::expected<GitRange, std::string> GitRepository::parse_range(const std::string& text) const {
  git_revspec spec{};
  if (library().git_revparse(&spec, state_->repository.get(), with_head(text).c_str()) != 0)
    return unknown_revision(text);
  const Object from(spec.from), to(spec.to);
  for (const Object* const side : {&from, &to}) {
    git_object* commit = nullptr;
    if (*side && library().git_object_peel(&commit, side->get(), GIT_OBJECT_COMMIT) != 0)
      return tl::unexpected(fmt::format("'{}' is not a commit; name a commit, a branch or a tag", text));
    const Object peeled(commit);
  }
  GitRange range{name_of(from.get()), std::nullopt};
  if (to) range.to = name_of(to.get());
  // An empty variable, such as github.event.before of a new branch.
  if (text.starts_with("..") && range.to == range.from)
    return tl::unexpected(fmt::format(
        "'{}' has no revision before the dots, so it compares HEAD with itself; name what to compare with, "
        "for example origin/main...HEAD",
        text));
  if ((spec.flags & GIT_REVSPEC_MERGE_BASE) == 0) return range;
  git_oid base{};
  if (library().git_merge_base(&base, state_->repository.get(), library().git_object_id(from.get()),
                               library().git_object_id(to.get())) != 0)
    return tl::unexpected(fmt::format("the two revisions of '{}' have no commit in common{}", text,
                                      state_->is_shallow() ? std::string(kFetchMore) : ""));
  range.from = name_of(base);
  return range;
}

tl::expected<std::vector<GitChange>, std::string> GitRepository::changes(
    const std::string& revision, Sparse sparse, const std::vector<std::string>& also) const {
  const auto tree = state_->tree(revision);
  if (!tree) return tl::unexpected(tree.error());
  if (const std::string file = state_->special_tracked(); !file.empty()) {
    return tl::unexpected(
        fmt::format("can't compare {} with '{}': {} is not a regular file", root_, revision, file));
  }
  const auto diff = state_->work_tree_diff(*tree, 0);
  if (diff == nullptr) {
    const std::string why = last_error();
    const bool is_missing = why.find("object not found") != std::string::npos;
    return tl::unexpected(fmt::format("can't compare {} with '{}': {}{}", root_, revision, why,
                                      is_missing ? kFetchContent : ""));
  }
  const bool has_other_attributes = touches_attributes(diff.get());
  if (has_other_attributes || !also.empty()) state_->with_own_attributes.insert(revision);
  const std::optional<git_oid> own = state_->own_attributes(revision);
  std::vector<GitChange> changes;
  for (const git_diff_delta* const delta : deltas_of(diff.get())) {
    // Git does not look into a repository inside of this one, unless it is a submodule.
    const bool is_there = (delta->old_file.flags & GIT_DIFF_FLAG_EXISTS) != 0;
    if (!is_there && std::string_view(delta->new_file.path).ends_with('/')) continue;
    changes.push_back(state_->change(*delta, own ? &*own : nullptr));
  }
  state_->add_hidden(sparse, changes);
  if (own && has_other_attributes) state_->add_with_attributes(*tree, *own, changes);
  if (own) state_->add_paths(*tree, *own, also, changes);
  return changes;
}

std::vector<std::string> GitRepository::differing_checkouts(const std::string& from,
                                                            const std::string& to) const {
  const auto before = state_->tree(from), after = state_->tree(to);
  const auto a = state_->commit(from), b = state_->commit(to);
  if (!before || !after || !a || !b) return {};
  Diff diff = state_->tree_diff(*before, *after, 0);
  const bool has_other_attributes = diff != nullptr && touches_attributes(diff.get());
  if (has_other_attributes) diff = state_->tree_diff(*before, *after, GIT_DIFF_INCLUDE_UNMODIFIED);
  if (diff == nullptr) return {};
  std::vector<std::string> paths;
  for (const git_diff_delta* const delta : deltas_of(diff.get())) {
    const git_diff_file& was = delta->old_file;
    const git_diff_file& is = delta->new_file;
    if (!is_regular(was.mode) || !is_regular(is.mode) || name_of(was.id) != name_of(is.id)) continue;
    const auto has_same_attributes = [&] {
      if (has_other_attributes && (state_->lacks_attributes(*before, text::parent_path(was.path)) ||
                                   state_->lacks_attributes(*after, text::parent_path(is.path))))
        return false;
      return !has_other_attributes || state_->attributes(was.path, &*a) == state_->attributes(is.path, &*b);
    };
    if (was.mode != is.mode || !has_same_attributes()) paths.emplace_back(is.path);
  }
  return paths;
}

tl::expected<std::optional<std::string>, std::string> GitRepository::content(const std::string& revision,
                                                                             std::string_view path) const {
  const auto tree = state_->tree(revision);
  if (!tree) return tl::unexpected(tree.error());
  const std::string name(path);
  git_tree_entry* found = nullptr;
  if (library().git_tree_entry_bypath(&found, reinterpret_cast<git_tree*>(tree->get()), name.c_str()) != 0)
    return std::nullopt;
  const TreeEntry entry(found);
  if (library().git_tree_entry_type(found) != GIT_OBJECT_BLOB) return std::nullopt;
  const std::optional<git_oid> own = state_->own_attributes(revision);
  auto bytes = state_->content(*library().git_tree_entry_id(found), name,
                               library().git_tree_entry_filemode(found), own ? &*own : nullptr);
  if (!bytes) {
    state_->lacks_content = state_->lacks_content || bytes.error().ends_with(kFetchContent);
    return tl::unexpected(std::move(bytes.error()));
  }
  return std::move(*bytes);
}

bool GitRepository::is_left_out(const std::string& path) const {
  git_index* const entries = state_->read_index();
  size_t position = 0;
  if (entries == nullptr || library().git_index_find(&position, entries, path.c_str()) != 0) return false;
  const git_index_entry& entry = *library().git_index_get_byindex(entries, position);
  return (entry.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
}

std::vector<std::string> GitRepository::left_out_paths() const {
  std::vector<std::string> paths;
  std::error_code failure;
  const std::string patterns =
      std::string(library().git_repository_path(state_->repository.get())) + "info/sparse-checkout";
  git_index* const entries =
      std::filesystem::exists(text::system_path(patterns), failure) ? state_->read_index() : nullptr;
  if (entries == nullptr) return paths;
  for (size_t i = 0; i < library().git_index_entrycount(entries); ++i) {
    const git_index_entry& entry = *library().git_index_get_byindex(entries, i);
    if ((entry.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0) paths.emplace_back(entry.path);
  }
  return paths;
}

bool GitRepository::lacks_content() const {
  return state_->lacks_content;
}

bool GitRepository::is_head(const std::string& revision) const {
  const auto head = state_->commit("HEAD");
  const auto commit = state_->commit(revision);
  return head && commit && name_of(*head) == name_of(*commit);
}

bool GitRepository::is_in_index(const std::string& revision) const {
  if (!is_head(revision)) return false;
  const auto tree = state_->tree(revision);
  git_index* const index = state_->read_index();
  git_diff* made = nullptr;
  if (!tree || index == nullptr ||
      library().git_diff_tree_to_index(&made, state_->repository.get(),
                                       reinterpret_cast<git_tree*>(tree->get()), index, nullptr) != 0)
    return false;
  const Diff diff(made);
  return library().git_diff_num_deltas(made) == 0;
}

bool GitRepository::tracks(const std::string& path) const {
  return state_->tracks(path, false);
}

bool GitRepository::tracks_below(const std::string& folder) const {
  return state_->tracks(folder, true);
}

bool GitRepository::ignores(const std::string& path, bool is_folder) const {
  // The index is asked first: the other question looks for a .gitignore in each folder of the path.
  return !state_->tracks(path, is_folder) && ignores_untracked(path, is_folder);
}

bool GitRepository::ignores_untracked(const std::string& path, bool is_folder) const {
  const std::string asked = is_folder ? path + "/" : path;
  if (std::string file = state_->special_above(asked, kIgnoreName); !file.empty()) {
    state_->unread_ignore_file = std::move(file);
    return false;
  }
  int ignored = 0;
  return library().git_ignore_path_is_ignored(&ignored, state_->repository.get(), asked.c_str()) == 0 &&
         ignored != 0;
}

const std::string& GitRepository::unread_ignore_file() const {
  return state_->unread_ignore_file;
}

}  // namespace dcache::context
