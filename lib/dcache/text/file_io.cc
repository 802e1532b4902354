#include "dcache/text/file_io.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dcache/text/descriptor.h"
#include "dcache/text/system.h"

namespace dcache::text {
namespace {

std::string failure(std::string_view what, const std::string& path) {
  return fmt::format("{} {}: {}", what, path, std::strerror(errno));
}

std::string size_words(uint64_t bytes) {
  constexpr uint64_t kMebibyte = uint64_t{1} << 20U;
  return bytes == kLargestFile ? "4 GiB" : fmt::format("{} MiB", bytes / kMebibyte);
}

std::string too_large(const std::string& path, uint64_t most) {
  return fmt::format("can't read {}: it is larger than {}", path, size_words(most));
}

tl::expected<std::string, std::string> read_all(int fd, const std::string& path, size_t expected_size,
                                                uint64_t most) {
  std::string content;
  size_t filled = 0;
  content.resize(expected_size + 1);  // one byte more, so that the end shows at the first read
  while (true) {
    const ssize_t got = ::read(fd, content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(failure("can't read", path));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > most) return tl::unexpected(too_large(path, most));
    if (filled == content.size()) content.resize(content.size() * 2 + 4096);
  }
  content.resize(filled);
  return content;
}

// Where an open file is; it may have been reached over links.
std::string path_of(int fd, const std::string& path) {
  std::string real = path_of_descriptor(fd);
  return real.empty() ? real_path(path) : real;
}

}  // namespace

bool is_absent(int error) {
  return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == EINVAL;
}

bool may_exist(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 || !is_absent(errno);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : path;
}

tl::expected<std::string, std::string> read_file(const std::string& path) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", 0, kLargestFile);
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) return tl::unexpected(failure("can't open", path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return tl::unexpected(failure("can't read", path));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(fmt::format("can't read {}: it is a folder", path));
  if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) return read_all(fd.get(), path, 0, kLargestFile);
  if (!S_ISREG(status.st_mode))
    return tl::unexpected(fmt::format("can't read {}: it is not a regular file", path));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > kLargestFile) return tl::unexpected(too_large(path, kLargestFile));
  return read_all(fd.get(), path, size, kLargestFile);
}

tl::expected<std::string, std::string> read_regular_file(const std::string& path, const ReadLimits& limits) {
  // O_NONBLOCK: to open a FIFO must not wait for a writer. It has no effect on a regular file.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (fd.get() < 0) return tl::unexpected(failure("can't open", path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return tl::unexpected(failure("can't read", path));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(fmt::format("can't read {}: it is a folder", path));
  if (!S_ISREG(status.st_mode))
    return tl::unexpected(fmt::format("can't read {}: it is not a regular file", path));
  if (limits.refusal) {
    const std::string reason = limits.refusal(path_of(fd.get(), path));
    if (!reason.empty()) return tl::unexpected(fmt::format("can't read {}: {}", path, reason));
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limits.bytes) return tl::unexpected(too_large(path, limits.bytes));
  return read_all(fd.get(), path, size, limits.bytes);
}

}  // namespace dcache::text
