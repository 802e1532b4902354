#include "dcache/text/file_io.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

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
    const ssize_t got = read_some(fd, content.data() + filled, content.size() - filled);
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
  FileStatus status{};
  return status_of(path.c_str(), status) || !is_absent(errno);
}

std::string real_path(const std::string& path) {
  std::string resolved = resolve_links(path.c_str());
  if (resolved.empty()) return path;
  return resolved;
}

tl::expected<std::string, std::string> read_file(const std::string& path) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", 0, kLargestFile);
  const Descriptor fd(open_to_read(path.c_str()));
  if (fd.get() < 0) return tl::unexpected(failure("can't open", path));
  FileStatus status{};
  if (!status_of_open(fd.get(), status)) return tl::unexpected(failure("can't read", path));
  const EntryType type = type_of(status);
  if (type == EntryType::kFolder) return tl::unexpected(fmt::format("can't read {}: it is a folder", path));
  if (type == EntryType::kFifo || type == EntryType::kDevice)
    return read_all(fd.get(), path, 0, kLargestFile);
  if (type != EntryType::kFile)
    return tl::unexpected(fmt::format("can't read {}: it is not a regular file", path));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > kLargestFile) return tl::unexpected(too_large(path, kLargestFile));
  return read_all(fd.get(), path, size, kLargestFile);
}

tl::expected<std::string, std::string> read_regular_file(const std::string& path, const ReadLimits& limits) {
  const Descriptor fd(open_at_once(path.c_str()));
  if (fd.get() < 0) return tl::unexpected(failure("can't open", path));
  FileStatus status{};
  if (!status_of_open(fd.get(), status)) return tl::unexpected(failure("can't read", path));
  const EntryType type = type_of(status);
  if (type == EntryType::kFolder) return tl::unexpected(fmt::format("can't read {}: it is a folder", path));
  if (type_of(status) != EntryType::kFile)
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
