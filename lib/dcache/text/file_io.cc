#include "dcache/text/file_io.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dcache/text/descriptor.h"

namespace dcache::text {
namespace {

std::string failure(std::string_view what, const std::string& path) {
  return fmt::format("{} {}: {}", what, path, std::strerror(errno));
}

tl::expected<std::string, std::string> read_all(int fd, const std::string& path, size_t expected_size) {
  std::string content;
  size_t filled = 0;
  content.resize(expected_size + 1);  // one byte more, so that the end shows at the first read
  while (true) {
    const ssize_t got = ::read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(failure("can't read", path));
    filled += static_cast<size_t>(got);
    if (got == 0) break;
    if (filled >= std::numeric_limits<uint32_t>::max()) {
      return tl::unexpected(fmt::format("can't read {}: it is larger than 4 GiB", path));
    }
    if (filled == content.size()) content.resize(content.size() * 2 + 4096);
  }
  content.resize(filled);
  return content;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : path;
}

tl::expected<std::string, std::string> read_file(const std::string& path) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", 0);
  // O_NONBLOCK: a FIFO without a writer must not hang; it has no effect on a regular file.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return tl::unexpected(failure("can't open", path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return tl::unexpected(failure("can't read", path));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(fmt::format("can't read {}: it is a folder", path));
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
    return tl::unexpected(fmt::format("can't read {}: it is not a regular file", path));
  }
  if (!S_ISREG(status.st_mode)) {
    const Descriptor blocking(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return read_all(blocking.get(), path, 0);
  }
  if (status.st_size >= std::numeric_limits<uint32_t>::max()) {
    return tl::unexpected(fmt::format("can't read {}: it is larger than 4 GiB", path));
  }
  return read_all(fd.get(), path, static_cast<size_t>(status.st_size));
}

std::string write_file_atomically(const std::string& path, std::string_view content, Durability durability) {
  const std::string target = real_path(path);
  struct stat status {};
  const bool exists = ::stat(target.c_str(), &status) == 0;
  std::string temporary = target + ".XXXXXX";
  const Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return failure("can't write beside", target);
  const mode_t umask_bits = exists ? 0 : ::umask(0);
  if (!exists) ::umask(umask_bits);
  const mode_t mode = exists ? status.st_mode & 07777U : 0666U & ~umask_bits;
  const bool owned = !exists || ::fchown(fd.get(), status.st_uid, status.st_gid) == 0 || errno == EPERM;
  if (owned && write_all(fd.get(), content) && ::fchmod(fd.get(), mode) == 0 &&
      (durability == Durability::kLazy || ::fsync(fd.get()) == 0) &&
      ::rename(temporary.c_str(), target.c_str()) == 0) {
    return {};
  }
  std::string reason = failure("can't write", target);
  ::unlink(temporary.c_str());
  return reason;
}

}  // namespace dcache::text
