#include "dcache/text/write_file.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <random>

#include <fmt/format.h>

#include "dcache/text/descriptor.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"

namespace dcache::text {
namespace {

constexpr std::string_view kPrefix = ".dcache-";
constexpr std::string_view kSuffix = ".tmp";
constexpr mode_t kNewMode = 0666;  // less what the user's mask takes away

std::string write_failure(const std::string& path) {
  return fmt::format("can't write {}: {}", path, std::strerror(errno));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write_some(fd, content.data(), content.size());
    if (wrote < 0) return false;
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

// The descriptor that a path means, which may be that of a regular file: to replace that would lose what is
// written to the descriptor from then on.
std::optional<int> descriptor_of(std::string_view path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view number = path.substr(folder.size());
    int fd = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
    if (error == std::errc() && end == number.data() + number.size()) return fd;
  }
  return std::nullopt;
}

std::string write_into(const std::string& path, std::string_view content) {
  const Descriptor fd(open_to_write(path.c_str()));
  return fd.get() >= 0 && write_all(fd.get(), content) ? "" : write_failure(path);
}

// A name next to the target, gone at the end unless the target took it over.
class TemporaryName {
 public:
  explicit TemporaryName(std::string_view target) {
    std::random_device random;
    const std::string folder(parent_path(target));
    path_ =
        fmt::format("{}/{}{:08x}{:08x}{}", folder == "/" ? "" : folder, kPrefix, random(), random(), kSuffix);
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!exists_) return;
    const int error = errno;
    remove_file(path_.c_str());
    errno = error;
  }

  int create() {
    const int fd = create_file(path_.c_str(), kNewMode);
    exists_ = fd >= 0;
    return fd;
  }
  // Gives it to a file that has no name.
  bool give(int fd) {
    exists_ = name_file(fd, path_);
    return exists_;
  }
  bool become(const std::string& target, bool is_new) {
    const bool done = is_new ? rename_to_new(path_, target) : rename_file(path_.c_str(), target.c_str());
    exists_ = exists_ && !done;
    return done;
  }

 private:
  std::string path_;
  bool exists_ = false;
};

// What a file that takes the place of another takes over from it.
class Target {
 public:
  // `path` is not a link. `before`, if given, is what it has to contain until the end.
  Target(std::string path, const FileStatus* status, const std::string* before, Durability durability)
      : path_(std::move(path)), status_(status), before_(before), durability_(durability) {}

  bool is_new = false;  // it must not be there

  std::string write(std::string_view content) {
    if (write_unnamed(content)) return {};
    if (changed_) return changed();
    const SignalsWait wait;  // a signal that ends the program would leave the temporary file
    TemporaryName name(path_);
    Descriptor fd(name.create());
    const bool is_filled = fd.get() >= 0 && fill(fd.get(), content) && !has_changed();
    if (is_filled) fd.close();  // Windows renames no open file to the name of another one
    if (is_filled && name.become(path_, is_new)) return {};
    if (changed_ || (is_new && errno == EEXIST)) return changed();
    return write_failure(path_);
  }

 private:
  // By a file that has a name only at its very end, so that nothing is left when the program is killed.
  // False, too, where there are no such files.
  bool write_unnamed(std::string_view content) {
    const std::string folder(parent_path(path_));
    const Descriptor fd(open_unnamed_in(folder, kNewMode));
    if (fd.get() < 0 || !fill(fd.get(), content)) return false;
    const SignalsWait wait;
    TemporaryName name(path_);
    return name.give(fd.get()) && !has_changed() && name.become(path_, is_new);
  }

  bool fill(int fd, std::string_view content) const {
    return write_all(fd, content) && (status_ == nullptr || take_over(fd, path_, *status_)) &&
           (durability_ == Durability::kLazy || sync_file(fd));
  }

  bool has_changed() {
    if (before_ == nullptr) return false;
    const auto now = read_regular_file(path_);
    changed_ = !now || *now != *before_;
    return changed_;
  }

  std::string changed() const {
    return fmt::format("can't write {}: it was changed by another program meanwhile; run dcache again",
                       path_);
  }

  const std::string path_;
  const FileStatus* const status_;  // null if it is not there
  const std::string* const before_;
  const Durability durability_;
  bool changed_ = false;
};

}  // namespace

std::string write_file(const std::string& path, std::string_view content, Durability durability) {
  if (const auto fd = descriptor_of(path)) return write_all(*fd, content) ? "" : write_failure(path);
  FileStatus status{};
  if (status_of(path.c_str(), status)) {
    if (type_of(status) != EntryType::kFile) return write_into(path, content);
    return Target(real_path(path), &status, nullptr, durability).write(content);
  }
  if (errno != ENOENT) return write_failure(path);
  if (status_of_link(path.c_str(), status))
    return fmt::format("can't write {}: it is a symbolic link that leads nowhere; remove it first", path);
  return Target(path, nullptr, nullptr, durability).write(content);
}

std::string replace_file(const std::string& path, const std::optional<std::string>& before,
                         std::string_view content) {
  if (!before) {
    Target target(path, nullptr, nullptr, Durability::kSynced);
    target.is_new = true;
    return target.write(content);
  }
  FileStatus status{};
  if (!status_of(path.c_str(), status)) return write_failure(path);
  if (type_of(status) != EntryType::kFile)
    return fmt::format("can't write {}: it is not a regular file", path);
  return Target(real_path(path), &status, &*before, Durability::kSynced).write(content);
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

}  // namespace dcache::text
