#include "dcache/context/snapshot.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/hash_store.h"
#include "dcache/text/descriptor.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/threads/share.h"

namespace dcache::context {

// Gives the walk access to the records.
class RecordAccess {
 public:
  static std::vector<Record>& records(Snapshot& snapshot) { return snapshot.own(); }
};

namespace {

using text::Descriptor;
using text::EntryType;
using text::FileStatus;

constexpr uint32_t kDefaultFolderMode = 0755;
constexpr size_t kLongestPathOfWalk = 4000;  // what the system takes, with room for a name
constexpr std::string_view kTooDeep = "it is nested too deeply";

bool before_path(const Record& record, std::string_view path) {
  return path_less(record.path, path);
}
bool by_path(const Record& a, const Record& b) {
  return path_less(a.path, b.path);
}

// Calls `visit(name, type)` for all that is in an open folder: see text::list_folder().
template <typename Visit>
bool list(int folder, Visit visit) {
  return text::list_folder(
      folder,
      [](void* context, const char* name, EntryType type) { (*static_cast<Visit*>(context))(name, type); },
      &visit);
}

// A folder that the walk enters, and once it was read what is in it. Records are made of it at the end: a
// large context has few folders and many files, and memory that is only needed on the way costs most of the
// time.
struct WalkedFolder {
  struct Entry {
    size_t name = 0;    // its place in `names`
    size_t target = 0;  // of a link, its place in `targets`
    uint32_t mode = 0;
    Type type = Type::kFile;
    bool ignored = false;  // counts only if something below it is taken back in
    std::unique_ptr<WalkedFolder> below = nullptr;
  };

  // The record of an entry; `prefix` is the path of the folder with a `/` at its end.
  void fill(size_t index, std::string_view prefix, Record& record) const {
    const Entry& entry = entries[index];
    const std::string_view name = names.c_str() + entry.name;
    record.path.reserve(prefix.size() + name.size());
    record.path.append(prefix).append(name);
    record.type = entry.type;
    record.mode = entry.mode;
    if (entry.type == Type::kSymlink) record.target = targets.c_str() + entry.target;
    if (entry.below) record.attributes = entry.below->attributes;
    if (entry.type != Type::kFile || stamps.empty()) return;
    record.stamp = stamps[index];
    record.size = record.stamp.size;
  }

  std::string path = {};  // "" is the root
  ignore::Matcher::Folder decided = {};
  Hash attributes = {};
  std::vector<Entry> entries = {};  // sorted
  std::vector<Stamp> stamps = {};   // of them all, where files are looked at
  std::string names = {};           // one after the other with a zero after each
  std::string targets = {};         // the same
  std::vector<Problem> problems = {};
  uint64_t ignored = 0;
};

}  // namespace

// Reads one folder after the other; each is read by one thread, and the folders in it are work for all.
class Walker {
 public:
  Walker(int root, const ignore::Matcher& ignore, const WalkOptions& options)
      : root_(root), ignore_(ignore), options_(options) {
    if (options.measure_ignored) ignored_by_.resize(ignore.patterns().size());
  }

  Walk run() {
    WalkedFolder top;
    todo_.push_back(&top);
    work();
    for (std::thread& helper : helpers_)
      helper.join();
    Walk walk;
    std::vector<Record> records;
    records.reserve(count_);
    collect(top, records, walk);
    walk.snapshot = Snapshot::of_ordered(std::move(records));
    walk.ignored_by = std::move(ignored_by_);
    return walk;
  }

 private:
  static constexpr size_t kFoldersPerHelper = 16;

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      more_.wait(lock, [&] { return !todo_.empty() || reading_ == 0; });
      if (options_.stop.stop_requested()) todo_.clear();
      if (todo_.empty()) return;
      WalkedFolder* folder = todo_.back();
      todo_.pop_back();
      ++reading_;
      lock.unlock();
      read(*folder);
      lock.lock();
      --reading_;
      count_ += folder->entries.size();
      for (const WalkedFolder::Entry& entry : folder->entries) {
        if (entry.below) todo_.push_back(entry.below.get());
      }
      if (helpers_.empty() && todo_.size() > kFoldersPerHelper) start_helpers();
      if (!helpers_.empty()) more_.notify_all();
    }
  }

  void start_helpers() {
    const size_t helpers = threads::helpers_for(todo_.size(), kFoldersPerHelper);
    for (size_t i = 0; i < helpers; ++i)
      helpers_.emplace_back([this] { work(); });
  }

  // The records in the order of the whole tree.
  static void collect(WalkedFolder& folder, std::vector<Record>& records, Walk& walk) {
    walk.ignored += folder.ignored;
    std::move(folder.problems.begin(), folder.problems.end(), std::back_inserter(walk.problems));
    const std::string prefix = folder.path.empty() ? "" : folder.path + '/';
    for (size_t i = 0; i < folder.entries.size(); ++i) {
      const WalkedFolder::Entry& entry = folder.entries[i];
      folder.fill(i, prefix, records.emplace_back());
      if (!entry.below) continue;
      const size_t before = records.size();
      collect(*entry.below, records, walk);
      if (entry.ignored && records.size() == before) records.pop_back();
    }
  }

  struct Name {
    size_t at;  // in the names of a folder
    EntryType type;
  };

  void read(WalkedFolder& folder) {
    const Descriptor fd(text::open_folder_in(root_, folder.path.empty() ? "." : folder.path.c_str()));
    if (fd.get() < 0) return report(folder, folder.path, std::strerror(errno));
    if (!options_.names_only) folder.attributes = hash_attributes(fd.get());
    std::vector<Name> names;
    const bool whole = list(fd.get(), [&](const char* name, EntryType type) {
      names.push_back({folder.names.size(), type});
      folder.names.append(name).push_back('\0');
    });
    if (!whole) report(folder, folder.path, std::strerror(errno));
    const char* const base = folder.names.c_str();
    std::sort(names.begin(), names.end(),
              [&](const Name& a, const Name& b) { return std::strcmp(base + a.at, base + b.at) < 0; });
    std::string path = folder.path.empty() ? "" : folder.path + '/';
    const size_t prefix = path.size();
    folder.entries.reserve(names.size());
    for (const Name& name : names) {
      path.resize(prefix);
      path.append(base + name.at);
      visit(fd.get(), name, path, folder);
    }
  }

  void visit(int fd, const Name& name, const std::string& path, WalkedFolder& folder) {
    const char* const text = folder.names.c_str() + name.at;
    EntryType type = name.type;
    ignore::Matcher::Folder self;
    const bool may_be_folder = type == EntryType::kFolder || type == EntryType::kUnknown;
    const ignore::Decision decision = ignore_.decide(path, folder.decided, may_be_folder ? &self : nullptr);
    const bool ignored = decision.ignored;
    if (ignored) ++folder.ignored;
    if (ignored && !may_be_folder && ignored_by_.empty()) return;
    FileStatus status{};
    const bool look = !options_.names_only || !ignored_by_.empty() || type == EntryType::kUnknown;
    if (look && !text::status_in(fd, text, status)) {
      if (!ignored && !text::is_absent(errno)) add_unknown(name, path, folder);
      return;
    }
    if (look) type = text::type_of(status);
    const bool enters = type == EntryType::kFolder && (!ignored || ignore_.may_reinclude_below(path));
    if (ignored && !ignored_by_.empty())
      measure(folder, path, status, !enters,
              static_cast<size_t>(decision.pattern - ignore_.patterns().data()));
    if (ignored && !enters) return;
    WalkedFolder::Entry entry{.name = name.at, .ignored = ignored};
    if (!options_.names_only) entry.mode = status.st_mode & 07777U;
    if (!describe(fd, text, type, path, folder, entry)) return;
    const bool too_deep = enters && path.size() >= kLongestPathOfWalk;
    if (too_deep) report(folder, path, std::string(kTooDeep));
    if (too_deep && ignored) return;
    if (enters && !too_deep) {
      entry.below = std::make_unique<WalkedFolder>();
      entry.below->path = path;
      entry.below->decided = std::move(self);
    }
    folder.entries.push_back(std::move(entry));
    if (!options_.names_only) folder.stamps.push_back(stamp_of(status));
  }

  // What nobody knows is there all the same, for the steps that would read it.
  void add_unknown(const Name& name, const std::string& path, WalkedFolder& folder) const {
    report(folder, path, std::strerror(errno));
    folder.entries.push_back(
        {.name = name.at, .type = name.type == EntryType::kFolder ? Type::kFolder : Type::kFile});
    if (!options_.names_only) folder.stamps.emplace_back();
  }

  // Type and target. False for what a build context can't contain.
  static bool describe(int fd, const char* name, EntryType type, const std::string& path,
                       WalkedFolder& folder, WalkedFolder::Entry& entry) {
    switch (type) {
      case EntryType::kFile:
        return true;
      case EntryType::kFolder:
        entry.type = Type::kFolder;
        return true;
      case EntryType::kLink:
        entry.type = Type::kSymlink;
        return read_target(fd, name, path, folder, entry);
      case EntryType::kSocket:
        note(folder, path, "is a socket, which builders leave out");
        return false;
      default:
        entry.type = Type::kOther;
        note(folder, path, "is a FIFO or a device; its content is not part of a cache key");
        return true;
    }
  }

  static bool read_target(int fd, const char* name, const std::string& path, WalkedFolder& folder,
                          WalkedFolder::Entry& entry) {
    char target[4096];
    const ssize_t length = text::read_link_in(fd, name, target, sizeof target);
    if (length < 0 && text::is_absent(errno)) return false;
    if (length < 0) {
      report(folder, path, std::strerror(errno));
      entry.type = Type::kFile;
      return true;
    }
    entry.target = folder.targets.size();
    folder.targets.append(target, static_cast<size_t>(length)).push_back('\0');
    return true;
  }

  // Counts a file, or all files in a folder that the walk does not enter, to what a pattern keeps out.
  void measure(WalkedFolder& parent, const std::string& path, const FileStatus& status, bool enter,
               size_t pattern) {
    IgnoredCount sum;
    if (text::type_of(status) != EntryType::kFolder) {
      add_file(status, sum);
    } else if (enter) {
      add_below(parent, path, sum);
    }
    const std::scoped_lock lock(mutex_);
    ignored_by_[pattern].files += sum.files;
    ignored_by_[pattern].bytes += sum.bytes;
  }

  static void add_file(const FileStatus& status, IgnoredCount& sum) {
    ++sum.files;
    if (text::type_of(status) == EntryType::kFile) sum.bytes += static_cast<uint64_t>(status.st_size);
  }

  // One folder after the other: nesting costs no descriptors. What can't be read is a problem of `parent`.
  void add_below(WalkedFolder& parent, const std::string& top, IgnoredCount& sum) const {
    std::vector<std::string> todo = {top};
    while (!todo.empty()) {
      const std::string path = std::move(todo.back());
      todo.pop_back();
      const bool too_deep = path.size() >= kLongestPathOfWalk;
      const Descriptor fd(too_deep ? -1 : text::open_folder_in(root_, path.c_str()));
      const auto add = [&](const char* name, EntryType) {
        FileStatus status{};
        if (!text::status_in(fd.get(), name, status)) return;
        if (text::type_of(status) == EntryType::kFolder) {
          todo.push_back(path + '/' + name);
        } else {
          add_file(status, sum);
        }
      };
      if (too_deep || fd.get() < 0 || !list(fd.get(), add))
        report(parent, path, too_deep ? std::string(kTooDeep) : std::strerror(errno));
    }
  }

  static void report(WalkedFolder& folder, const std::string& path, std::string reason) {
    folder.problems.push_back({path, std::move(reason)});
  }

  static void note(WalkedFolder& folder, const std::string& path, std::string words) {
    folder.problems.push_back({path, std::move(words), Problem::Kind::kNote});
  }

  const int root_;
  const ignore::Matcher& ignore_;
  const WalkOptions& options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable more_;
  std::vector<WalkedFolder*> todo_;
  size_t reading_ = 0;  // folders that are being read
  size_t count_ = 0;    // records so far
  std::vector<std::thread> helpers_;
  std::vector<IgnoredCount> ignored_by_;
};

bool path_less(std::string_view a, std::string_view b) {
  // Neighbours in a context share most of their paths: eight bytes at a time.
  const size_t shorter = std::min(a.size(), b.size());
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= shorter; at += sizeof(uint64_t)) {
    uint64_t x = 0;
    uint64_t y = 0;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    if (x != y) break;
  }
  while (at < shorter && a[at] == b[at])
    ++at;
  if (at == shorter) return a.size() < b.size();
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  return rank(a[at]) < rank(b[at]);
}

Snapshot::Snapshot(std::vector<Record> records)
    : records_(std::make_shared<std::vector<Record>>(std::move(records))) {
  std::vector<Record>& all = *records_;
  if (!std::is_sorted(all.begin(), all.end(), by_path)) std::stable_sort(all.begin(), all.end(), by_path);
  // Of several of one path the last stays: seen from the end it is the first.
  const auto same = [](const Record& a, const Record& b) { return a.path == b.path; };
  if (std::adjacent_find(all.begin(), all.end(), same) != all.end())
    all.erase(all.begin(), std::unique(all.rbegin(), all.rend(), same).base());
  std::vector<Record> folders;
  std::string_view last;  // the parents of this one are complete
  for (const Record& record : all) {
    for (std::string_view path = text::parent_path(record.path); path != ".";
         path = text::parent_path(path)) {
      if (text::is_within(last, path)) break;
      if (find(path) != nullptr) continue;
      Record folder;
      folder.path = path;
      folder.type = Type::kFolder;
      folder.mode = kDefaultFolderMode;
      folders.push_back(std::move(folder));
    }
    last = record.path;
  }
  if (folders.empty()) return;
  std::ranges::sort(folders, by_path);
  const auto records_end = static_cast<std::ptrdiff_t>(all.size());
  std::move(folders.begin(), folders.end(), std::back_inserter(all));
  std::inplace_merge(all.begin(), all.begin() + records_end, all.end(), by_path);
}

const Record* Snapshot::find(std::string_view path) const {
  const std::span<const Record> all = records();
  const auto found = std::lower_bound(all.begin(), all.end(), path, before_path);
  return found != all.end() && found->path == path ? &*found : nullptr;
}

std::span<const Record> Snapshot::below(std::string_view folder) const {
  const std::span<const Record> all = records();
  if (folder.empty()) return all;
  const std::string prefix = std::string(folder) + '/';
  const auto begin = std::lower_bound(all.begin(), all.end(), prefix, before_path);
  const auto end = std::partition_point(
      begin, all.end(), [&](const Record& record) { return record.path.starts_with(prefix); });
  return {begin, end};
}

const std::vector<Record>& Snapshot::links() const {
  std::call_once(links_->found, [&] {
    std::ranges::copy_if(records(), std::back_inserter(links_->records),
                         [](const Record& record) { return record.type == Type::kSymlink; });
  });
  return links_->records;
}

std::optional<std::string> Snapshot::follow(std::string_view path, bool last) const {
  constexpr int kMostLinks = 255;
  int links = 0;
  std::string todo(path);
  std::string done;
  while (!todo.empty()) {
    const size_t slash = std::min(todo.find('/'), todo.size());
    const std::string part = todo.substr(0, slash);
    todo.erase(0, std::min(slash + 1, todo.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      const std::string_view parent = text::parent_path(done);
      done = parent == "." ? std::string() : std::string(parent);
      continue;
    }
    std::string next = done;
    if (!next.empty()) next += '/';
    next += part;
    const Record* record = find(next);
    const bool at_last = todo.find_first_not_of('/') == std::string::npos;
    if (record == nullptr || record->type != Type::kSymlink || (at_last && !last)) {
      done = next;
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    if (record->target.starts_with('/')) done.clear();
    todo.insert(0, record->target + '/');
  }
  return done;
}

Snapshot Snapshot::with(std::vector<Record> changes) const {
  std::stable_sort(changes.begin(), changes.end(), by_path);
  std::vector<Record> records;
  const std::span<const Record> all = this->records();
  records.reserve(all.size() + changes.size());
  auto at = all.begin();
  for (Record& change : changes) {
    const auto place = std::lower_bound(at, all.end(), change.path, before_path);
    records.insert(records.end(), at, place);
    at = place != all.end() && place->path == change.path ? place + 1 : place;
    records.push_back(std::move(change));
  }
  records.insert(records.end(), at, all.end());
  return Snapshot(std::move(records));  // which adds the folders of new files
}

Snapshot Snapshot::of_ordered(std::vector<Record> records) {
  Snapshot snapshot;
  snapshot.records_ = std::make_shared<std::vector<Record>>(std::move(records));
  return snapshot;
}

std::vector<Record>& Snapshot::own() {
  if (records_ == nullptr) {
    records_ = std::make_shared<std::vector<Record>>();
  } else if (records_.use_count() > 1) {
    records_ = std::make_shared<std::vector<Record>>(*records_);
  } else {
    // The count says that no other thread has the records any more, and not that what it did with them came
    // before. To let go of a copy does.
    const auto copy = records_;
  }
  return *records_;
}

tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                     const WalkOptions& options) {
  const Descriptor root(text::open_folder(folder.c_str()));
  if (root.get() < 0)
    return tl::unexpected(fmt::format("can't read the folder {}: {}", folder, std::strerror(errno)));
  Walk walk = Walker(root.get(), ignore, options).run();
  if (options.stop.stop_requested()) return tl::unexpected(std::string(kCancelled));
  return walk;
}

std::vector<size_t> without_hash(const Snapshot& snapshot, const HashingOptions& options) {
  std::vector<size_t> found;
  const std::span<const Record> records = snapshot.records();
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].type == Type::kFile && !records[i].content && options.wanted(i, records[i]))
      found.push_back(i);
  }
  return found;
}

std::vector<Problem> hash_contents(Snapshot& snapshot, const std::string& folder,
                                   const HashingOptions& options) {
  const std::vector<size_t> missing = without_hash(snapshot, options);
  if (missing.empty()) return {};
  HashStore store = options.store.empty() ? HashStore() : HashStore::open(options.store, folder);
  std::vector<Record*> todo;
  HashingProgress total;
  std::vector<Record>& records = RecordAccess::records(snapshot);
  for (const size_t index : missing) {
    Record& record = records[index];
    if (const auto kept = store.find(record.stamp)) {
      record.content = kept->content;
      record.attributes = kept->attributes;
      continue;
    }
    todo.push_back(&record);
    ++total.all_files;
    total.all_bytes += record.size;
  }
  std::vector<Problem> problems;
  if (todo.empty()) return problems;

  // Large files first: the last one to be done should be small.
  constexpr uint64_t kLarge = 1U << 20U;
  std::stable_partition(todo.begin(), todo.end(), [](const Record* record) { return record->size > kLarge; });
  const int64_t started = HashStore::now();
  std::vector<std::string> failures(todo.size());
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> bytes = 0;
  const auto hash_all = [&](const std::function<void()>& tell) {
    const auto goes_on = [&](size_t size) {
      bytes += size;
      if (tell) tell();
      return !options.stop.stop_requested();
    };
    std::string path = folder + '/';
    const size_t prefix = path.size();
    for (size_t i = next++; i < todo.size() && !options.stop.stop_requested(); i = next++) {
      path.resize(prefix);
      auto hashed = hash_file(path += todo[i]->path, goes_on);
      if (!hashed) {
        if (!options.stop.stop_requested()) failures[i] = std::move(hashed.error());
        continue;
      }
      todo[i]->content = hashed->hash;
      todo[i]->attributes = hashed->attributes;
      todo[i]->size = hashed->size;
    }
  };
  constexpr size_t kFilesPerThread = 32;
  std::vector<std::thread> helpers(threads::helpers_for(todo.size(), kFilesPerThread));
  for (std::thread& helper : helpers)
    helper = std::thread(hash_all, nullptr);
  auto told = std::chrono::steady_clock::now();
  hash_all(!options.progress ? std::function<void()>() : [&] {
    const auto now = std::chrono::steady_clock::now();
    if (now - told < std::chrono::milliseconds(100)) return;
    told = now;
    total.files = std::min(next.load(), todo.size());
    total.bytes = bytes;
    options.progress(total);
  });
  for (std::thread& helper : helpers)
    helper.join();

  for (size_t i = 0; i < todo.size(); ++i) {
    if (!failures[i].empty()) problems.push_back({todo[i]->path, std::move(failures[i])});
    // A file that changed since the walk has another stamp by now: what is kept for the old one is never
    // asked for. One of another size was cut off, or is being written.
    if (todo[i]->content && todo[i]->size == todo[i]->stamp.size)
      store.add(todo[i]->stamp, {*todo[i]->content, todo[i]->attributes}, started);
  }
  store.save(snapshot.records());
  return problems;
}

}  // namespace dcache::context
