#include "dcache/context/file_system.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/boundary.h"
#include "dcache/context/disk.h"
#include "dcache/context/path_memo.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"

namespace dcache::context {
namespace {

constexpr uint32_t kDefaultMode = 0644;
constexpr uint32_t kMemoryFolderMode = 0755;
constexpr uint32_t kMemoryLinkMode = 0777;
constexpr int kMostMemoryLinks = 40;

constexpr uint64_t kMebibyte = uint64_t{1} << 20U;

// How large a file may be; the first pattern that its name matches counts.
struct SizeLimit {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array<SizeLimit, 9> kSizeLimits = {{{".dcache.toml", kMebibyte},
                                                   {".hadolint.y*ml", kMebibyte},
                                                   {"*ignore", 4 * kMebibyte},
                                                   {"*[dD]ockerfile*", 16 * kMebibyte},
                                                   {"*[cC]ontainerfile*", 16 * kMebibyte},
                                                   {"*.yml", 16 * kMebibyte},
                                                   {"*.yaml", 16 * kMebibyte},
                                                   {"*.hcl", 16 * kMebibyte},
                                                   {"*", 64 * kMebibyte}}};

uint64_t largest(std::string_view path) {
  const std::string_view name = text::base_name(path);
  return std::ranges::find_if(kSizeLimits,
                              [&](const SizeLimit& limit) { return text::glob_match(limit.name, name); })
      ->bytes;
}

class Disk : public FileSystem {
 public:
  explicit Disk(DiskOptions options = {})
      : boundary_(std::move(options.folders), std::move(options.within)),
        note_(std::move(options.note)),
        refused_(std::move(options.refused)) {
    for (const std::string& path : options.named)
      named_.insert(absolute_path(path));
    if (options.remembers) memo_ = std::make_unique<PathMemo>();
  }

  tl::expected<std::string, std::string> read(const std::string& path) const override {
    const bool is_named = !named_.empty() && named_.contains(absolute_path(path));
    auto text = is_named ? read_named(path) : read_found(path);
    if (text && note_) note_(path, *text);
    text::FileStatus status{};
    const bool is_refused = !text && refused_ && text::status_of(path.c_str(), status) &&
                            text::type_of(status) != text::EntryType::kFolder;
    if (is_refused) refused_(path, text.error());
    return text;
  }

  bool exists(const std::string& path) const override {
    return memo_ != nullptr ? memo_->exists(path) : text::may_exist(path);
  }

  FolderEntries list(const std::string& folder) const override {
    return memo_ != nullptr ? memo_->list(folder) : list_folder(folder);
  }

  std::string real_path(const std::string& path) const override {
    return memo_ != nullptr ? memo_->real_path(path) : text::real_path(path);
  }

  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override {
    return context::walk(folder, ignore, options);
  }

  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override {
    return hash_contents(snapshot, folder, options);
  }

 private:
  tl::expected<std::string, std::string> read_found(const std::string& path) const {
    const auto refusal = [&](const std::string& real_path) { return boundary_.refusal(path, real_path); };
    return text::read_regular_file(path, {.bytes = largest(path), .refusal = refusal});
  }

  // A pipe gives its content once, and more than one part of a command may ask for it.
  tl::expected<std::string, std::string> read_named(const std::string& path) const {
    text::FileStatus status{};
    if (!text::status_of(path.c_str(), status) || text::type_of(status) == text::EntryType::kFile)
      return text::read_file(path);
    const std::scoped_lock lock(pipes_mutex_);
    const auto known = pipes_.find(path);
    if (known != pipes_.end()) return known->second;
    auto text = text::read_file(path);
    if (text) pipes_.emplace(path, *text);
    return text;
  }

  const Boundary boundary_;
  const std::function<void(const std::string&, const std::string&)> note_;
  const std::function<void(const std::string&, const std::string&)> refused_;
  std::set<std::string, std::less<>> named_;  // absolute
  std::unique_ptr<PathMemo> memo_;            // null if it does not remember
  mutable std::mutex pipes_mutex_;
  mutable std::map<std::string, std::string, std::less<>> pipes_;  // what they contained, by path
};

// The folders of an ignored file that are in the context themselves.
void add_folders(std::string_view path, const ignore::Matcher& ignore, const Snapshot& known,
                 std::vector<Record>& records) {
  for (path = text::parent_path(path); path != "."; path = text::parent_path(path)) {
    if (ignore.decide(path).ignored || known.find(path) != nullptr) continue;
    Record folder;
    folder.path = path;
    folder.type = Type::kFolder;
    folder.mode = kMemoryFolderMode;
    records.push_back(std::move(folder));
  }
}

}  // namespace

const std::shared_ptr<const FileSystem>& disk() {
  static const std::shared_ptr<const FileSystem> only = std::make_shared<const Disk>();
  return only;
}

std::shared_ptr<const FileSystem> disk_with(DiskOptions options) {
  return std::make_shared<const Disk>(std::move(options));
}

void MemoryFiles::write(const std::string& path, std::string content, std::optional<uint32_t> mode) {
  const Hash hash = hash_bytes(content);
  entries_.insert_or_assign(text::clean_path(path),
                            Entry{std::make_shared<const std::string>(std::move(content)), {}, mode, hash});
}

void MemoryFiles::add_link(const std::string& path, std::string target) {
  entries_.insert_or_assign(text::clean_path(path), Entry{nullptr, std::move(target), kMemoryLinkMode, {}});
}

void MemoryFiles::forget(const std::string& path) {
  entries_.erase(text::clean_path(path));
}

const std::string* MemoryFiles::find(const std::string& path) const {
  const auto found = entries_.find(text::clean_path(path));
  return found == entries_.end() ? nullptr : found->second.content.get();
}

tl::expected<std::string, std::string> MemoryFiles::read(const std::string& path) const {
  std::string at = text::clean_path(path);
  for (int links = 0; links < kMostMemoryLinks; ++links) {
    const auto found = entries_.find(at);
    if (found == entries_.end()) {
      if (behind_ != nullptr) return behind_->read(at);
      return tl::unexpected(fmt::format("can't read {}: there is no such file", path));
    }
    if (found->second.content) return *found->second.content;
    const std::string& target = found->second.target;
    at = target.starts_with('/') ? text::clean_path(target)
                                 : text::join_path(std::string(text::parent_path(at)), target);
  }
  return tl::unexpected(fmt::format("can't read {}: its symbolic links form a loop", path));
}

MemoryFiles::EntryRange MemoryFiles::below(const std::string& folder) const {
  std::string prefix = text::clean_path(folder);
  if (prefix == ".") prefix.clear();
  if (!prefix.empty() && prefix != "/") prefix += '/';
  const auto begin = entries_.lower_bound(prefix);
  auto end = begin;
  while (end != entries_.end() && end->first.starts_with(prefix))
    ++end;
  return {begin, end, prefix.size()};
}

bool MemoryFiles::exists(const std::string& path) const {
  if (entries_.contains(text::clean_path(path))) return true;
  const EntryRange inside = below(path);
  return inside.begin != inside.end || (behind_ != nullptr && behind_->exists(path));
}

FolderEntries MemoryFiles::list(const std::string& folder) const {
  const FolderEntries listed = behind_ == nullptr ? FolderEntries() : behind_->list(folder);
  std::vector<FolderEntry> all(listed.begin(), listed.end());
  const EntryRange inside = below(folder);
  for (auto at = inside.begin; at != inside.end; ++at) {
    const std::string_view path = std::string_view(at->first).substr(inside.prefix);
    const size_t slash = path.find('/');
    std::string name(path.substr(0, slash));
    all.push_back({std::move(name), slash != std::string_view::npos});
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all, {}, &FolderEntry::name).begin(), all.end());
  return all;
}

std::string MemoryFiles::real_path(const std::string& path) const {
  return behind_ == nullptr ? text::clean_path(path) : behind_->real_path(path);
}

tl::expected<Walk, std::string> MemoryFiles::walk(const std::string& folder, const ignore::Matcher& ignore,
                                                  const WalkOptions& options) const {
  const EntryRange inside = below(folder);
  tl::expected<Walk, std::string> walk;
  if (behind_ != nullptr) walk = behind_->walk(folder, ignore, options);
  if (inside.begin == inside.end) {
    if (behind_ != nullptr) return walk;
    return tl::unexpected(fmt::format("can't read the folder {}: it does not exist", folder));
  }
  // A folder that is only here is one too.
  if (!walk) walk.emplace();
  std::vector<Record> records;
  for (auto at = inside.begin; at != inside.end; ++at) {
    const Entry& entry = at->second;
    Record record;
    record.path = at->first.substr(inside.prefix);
    if (ignore.decide(record.path).ignored) {
      if (behind_ == nullptr || !behind_->exists(at->first)) ++walk->ignored;
      add_folders(record.path, ignore, walk->snapshot, records);
      continue;
    }
    const Record* behind = walk->snapshot.find(record.path);
    record.type = entry.content ? Type::kFile : Type::kSymlink;
    record.mode = entry.mode.value_or(behind == nullptr ? kDefaultMode : behind->mode);
    record.target = entry.target;
    if (entry.content) {
      record.size = entry.content->size();
      record.content = entry.hash;
    }
    records.push_back(std::move(record));
  }
  walk->snapshot = walk->snapshot.with(std::move(records));
  return walk;
}

std::vector<Problem> MemoryFiles::hash(Snapshot& snapshot, const std::string& folder,
                                       const HashingOptions& options) const {
  return behind_ == nullptr ? std::vector<Problem>() : behind_->hash(snapshot, folder, options);
}

tl::expected<std::string, std::string> CachedFiles::read(const std::string& path) const {
  return behind_->read(path);
}

bool CachedFiles::exists(const std::string& path) const {
  return behind_->exists(path);
}

FolderEntries CachedFiles::list(const std::string& folder) const {
  return behind_->list(folder);
}

std::string CachedFiles::real_path(const std::string& path) const {
  return behind_->real_path(path);
}

tl::expected<Walk, std::string> CachedFiles::walk(const std::string& folder, const ignore::Matcher& ignore,
                                                  const WalkOptions& options) const {
  if (options.measure_ignored) return behind_->walk(folder, ignore, options);
  std::string key =
      fmt::format("{}\n{} {}", folder, static_cast<int>(ignore.dialect()), options.names_only ? "names" : "");
  for (const ignore::Pattern& pattern : ignore.patterns())
    key.append("\n").append(pattern.written);
  {
    const std::scoped_lock lock(mutex_);
    const auto known = walks_.find(key);
    if (known != walks_.end()) return known->second;
  }
  auto walk = behind_->walk(folder, ignore, options);
  if (!walk) return walk;
  const std::scoped_lock lock(mutex_);
  return walks_.insert_or_assign(std::move(key), std::move(*walk)).first->second;
}

std::vector<Problem> CachedFiles::hash(Snapshot& snapshot, const std::string& folder,
                                       const HashingOptions& options) const {
  const std::vector<size_t> missing = without_hash(snapshot, options);
  if (missing.empty()) return {};
  auto problems = behind_->hash(snapshot, folder, options);
  std::vector<const Record*> hashed;  // in the order of the snapshot
  for (const size_t index : missing)
    hashed.push_back(&snapshot.records()[index]);
  const std::scoped_lock lock(mutex_);
  const std::string prefix = folder + '\n';
  for (auto at = walks_.lower_bound(prefix); at != walks_.end() && at->first.starts_with(prefix); ++at)
    keep(hashed, at->second.snapshot.own());
  return problems;
}

void CachedFiles::keep(const std::vector<const Record*>& hashed, std::vector<Record>& records) {
  auto at = records.begin();
  for (const Record* one : hashed) {
    at = std::lower_bound(at, records.end(), one->path, [](const Record& record, std::string_view path) {
      return path_less(record.path, path);
    });
    if (at == records.end()) return;
    if (at->path != one->path) continue;
    at->content = one->content;
    at->attributes = one->attributes;
  }
}

}  // namespace dcache::context
