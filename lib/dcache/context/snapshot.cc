#include "dcache/context/snapshot.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dcache/context/hash_store.h"
#include "dcache/text/path.h"

namespace dcache::context {

// Gives the walk access to the records.
class Hashing {
 public:
  static std::vector<Record>& records(Snapshot& snapshot) { return snapshot.records_; }
};

namespace {

constexpr uint32_t kDefaultFolderMode = 0755;
constexpr size_t kLongestPath = 4000;  // what the system takes, with room for a name

// Path order in which '/' comes first, so that "a/b" stands before "a-b".
bool path_less(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

bool before_path(const Record& record, std::string_view path) {
  return path_less(record.path, path);
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

class Walker {
 public:
  Walker(const ignore::Matcher& ignore, const WalkOptions& options, Walk& result)
      : ignore_(ignore), result_(result) {
    if (options.measure_ignored) result_.ignored_by.resize(ignore.patterns().size());
  }

  void walk(Folder folder, const std::string& prefix, const ignore::Matcher::Folder& parent) {
    const int fd = ::dirfd(folder.get());
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      visit(fd, entry->d_name, prefix, parent);
    }
  }

 private:
  void visit(int folder, const char* name, const std::string& prefix, const ignore::Matcher::Folder& parent) {
    Record record;
    record.path = prefix + name;
    struct stat status {};
    ignore::Matcher::Folder self;
    const ignore::Decision decision = ignore_.decide(record.path, parent, &self);
    const bool ignored = decision.ignored;
    if (ignored) ++result_.ignored;
    if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (!ignored) report(record.path, std::strerror(errno));
      return;
    }
    const bool is_folder = S_ISDIR(status.st_mode);
    const bool enters = is_folder && (!ignored || ignore_.may_reinclude_below(record.path));
    if (ignored && !result_.ignored_by.empty()) {
      const auto pattern = static_cast<size_t>(decision.pattern - ignore_.patterns().data());
      measure(folder, name, status, !enters, result_.ignored_by[pattern]);
    }
    if (ignored && !enters) return;
    record.mode = status.st_mode & 07777U;
    if (!ignored && !describe(folder, name, status, record)) return;
    const std::string path = record.path;
    if (!ignored) records_.push_back(std::move(record));
    if (is_folder) enter(folder, name, path, status.st_mode & 07777U, ignored, self);
  }

  // Adds a file, or all files in a folder that the walk does not enter.
  static void measure(int parent, const char* name, const struct stat& status, bool enter, Ignored& sum) {
    if (!S_ISDIR(status.st_mode)) {
      ++sum.files;
      if (S_ISREG(status.st_mode)) sum.bytes += static_cast<uint64_t>(status.st_size);
      return;
    }
    const int fd = enter ? ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0) return;
    const Folder folder(::fdopendir(fd), ::closedir);
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view inner = entry->d_name;
      struct stat inner_status {};
      if (inner == "." || inner == ".." ||
          ::fstatat(fd, entry->d_name, &inner_status, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
      measure(fd, entry->d_name, inner_status, true, sum);
    }
  }

  // Type, size and target. False for what a build context can't hold.
  bool describe(int folder, const char* name, const struct stat& status, Record& record) {
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
        record.type = Type::kFile;
        record.size = static_cast<uint64_t>(status.st_size);
        record.stamp = stamp_of(status);
        return true;
      case S_IFDIR:
        record.type = Type::kFolder;
        return true;
      case S_IFLNK:
        record.type = Type::kSymlink;
        return read_target(folder, name, record);
      case S_IFSOCK:
        report(record.path, "is a socket, which builders leave out");
        return false;
      default:
        record.type = Type::kOther;
        report(record.path, "is a FIFO or a device; its content is no part of a cache key");
        return true;
    }
  }

  bool read_target(int folder, const char* name, Record& record) {
    char target[4096];
    const ssize_t length = ::readlinkat(folder, name, target, sizeof target);
    if (length < 0) {
      report(record.path, std::strerror(errno));
      return false;
    }
    record.target.assign(target, static_cast<size_t>(length));
    return true;
  }

  // An ignored folder counts only if something below it is taken back in.
  void enter(int parent_fd, const char* name, const std::string& path, uint32_t mode, bool ignored,
             const ignore::Matcher::Folder& self) {
    if (path.size() >= kLongestPath) {
      report(path, "is nested too deeply to be read");
      return;
    }
    const int fd = ::openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
      report(path, std::strerror(errno));
      return;
    }
    const size_t before = records_.size();
    walk(Folder(::fdopendir(fd), ::closedir), path + '/', self);
    if (!ignored || records_.size() == before) return;
    Record record;
    record.path = path;
    record.type = Type::kFolder;
    record.mode = mode;
    records_.push_back(std::move(record));
  }

  void report(const std::string& path, std::string message) {
    result_.problems.push_back({path, std::move(message)});
  }

  const ignore::Matcher& ignore_;
  Walk& result_;

 public:
  std::vector<Record> records_;
};

}  // namespace

Snapshot::Snapshot(std::vector<Record> records) : records_(std::move(records)) {
  const auto by_path = [](const Record& a, const Record& b) { return path_less(a.path, b.path); };
  std::stable_sort(records_.begin(), records_.end(), by_path);
  std::vector<Record> unique;
  unique.reserve(records_.size());
  for (Record& record : records_) {
    if (!unique.empty() && unique.back().path == record.path) unique.pop_back();
    unique.push_back(std::move(record));
  }
  std::vector<Record> folders;
  std::string_view last;  // the parents of this one are complete
  for (const Record& record : unique) {
    for (std::string_view path = text::parent_path(record.path); path != ".";
         path = text::parent_path(path)) {
      if (text::is_within(last, path)) break;
      const auto found = std::lower_bound(unique.begin(), unique.end(), path, before_path);
      if (found != unique.end() && found->path == path) continue;
      Record folder;
      folder.path = path;
      folder.type = Type::kFolder;
      folder.mode = kDefaultFolderMode;
      folders.push_back(std::move(folder));
    }
    last = record.path;
  }
  records_ = std::move(unique);
  if (folders.empty()) return;
  std::move(folders.begin(), folders.end(), std::back_inserter(records_));
  std::stable_sort(records_.begin(), records_.end(), by_path);
}

const Record* Snapshot::find(std::string_view path) const {
  const auto found = std::lower_bound(records_.begin(), records_.end(), path, before_path);
  return found != records_.end() && found->path == path ? &*found : nullptr;
}

std::span<const Record> Snapshot::below(std::string_view folder) const {
  if (folder.empty()) return records_;
  const std::string prefix = std::string(folder) + '/';
  const auto begin = std::lower_bound(records_.begin(), records_.end(), prefix, before_path);
  const auto end = std::partition_point(
      begin, records_.end(), [&](const Record& record) { return record.path.starts_with(prefix); });
  return {begin, end};
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

tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                     const WalkOptions& options) {
  Walk result;
  Folder root(::opendir(folder.c_str()), ::closedir);
  if (!root) return tl::unexpected(fmt::format("can't read the folder {}: {}", folder, std::strerror(errno)));
  Walker walker(ignore, options, result);
  walker.walk(std::move(root), "", {});
  result.snapshot = Snapshot(std::move(walker.records_));
  return result;
}

std::vector<Problem> hash_contents(Snapshot& snapshot, const std::string& folder,
                                   const HashingOptions& options) {
  HashStore store = options.store.empty() ? HashStore() : HashStore::open(options.store, folder);
  std::vector<Record*> todo;
  HashingProgress total;
  for (Record& record : Hashing::records(snapshot)) {
    if (record.type != Type::kFile || record.content || !options.wanted(record)) continue;
    record.content = store.find(record.stamp);
    if (record.content) continue;
    todo.push_back(&record);
    ++total.all_files;
    total.all_bytes += record.size;
  }
  std::vector<Problem> problems;
  if (todo.empty()) return problems;

  const int64_t started = HashStore::now();
  std::vector<std::string> failures(todo.size());
  std::vector<std::optional<Stamp>> stamps(todo.size());
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> bytes = 0;
  const auto hash_one = [&](size_t i) {
    auto hashed = hash_file(folder + '/' + todo[i]->path);
    bytes += todo[i]->size;
    if (!hashed) {
      failures[i] = std::move(hashed.error());
      return;
    }
    todo[i]->content = hashed->hash;
    todo[i]->size = hashed->stamp.size;
    stamps[i] = hashed->stamp;
  };
  const auto work = [&] {
    for (size_t i = next++; i < todo.size(); i = next++)
      hash_one(i);
  };
  // A thread is worth its start only for a good number of files.
  constexpr size_t kFilesPerThread = 32;
  const size_t most = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> helpers(std::min(most, todo.size() / kFilesPerThread + 1) - 1);
  for (std::thread& helper : helpers)
    helper = std::thread(work);
  auto told = std::chrono::steady_clock::now();
  for (size_t i = next++; i < todo.size(); i = next++) {
    hash_one(i);
    const auto now = std::chrono::steady_clock::now();
    if (!options.progress || now - told < std::chrono::milliseconds(100)) continue;
    told = now;
    total.files = std::min(next.load(), todo.size());
    total.bytes = bytes;
    options.progress(total);
  }
  for (std::thread& helper : helpers)
    helper.join();

  for (size_t i = 0; i < todo.size(); ++i) {
    if (!failures[i].empty()) problems.push_back({todo[i]->path, std::move(failures[i])});
    // What changed between the walk and the hashing is not known well enough to be kept.
    if (stamps[i] == todo[i]->stamp) store.add(todo[i]->stamp, *todo[i]->content, started);
  }
  store.save(snapshot.records());
  return problems;
}

}  // namespace dcache::context
