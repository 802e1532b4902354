#include <cerrno>
#include <cstdio>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dcache/text/system.h"

namespace dcache::text {
namespace {

std::string name_of(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace

std::string path_of_descriptor(int fd) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink(name_of(fd).c_str(), path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<size_t>(length)) : std::string();
}

bool open_pipe(std::array<int, 2>& ends) {
  return ::pipe2(ends.data(), O_CLOEXEC) == 0;
}

int open_unnamed() {
  return ::memfd_create("dcache", MFD_CLOEXEC);
}

int open_unnamed_in(const std::string& folder, mode_t mode) {
  return ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
}

// Source: open(2), O_TMPFILE.
bool name_file(int fd, const std::string& path) {
  return ::linkat(AT_FDCWD, name_of(fd).c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

bool rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if ((errno != EINVAL && errno != ENOSYS) || ::access(to.c_str(), F_OK) == 0) return false;
  return ::rename(from.c_str(), to.c_str()) == 0;  // the file system does not know the flag
}

bool list_folder(int folder, VisitEntry visit, void* context) {
  constexpr size_t kPiece = size_t{64} * 1024;
  alignas(dirent64) std::array<char, kPiece> piece;
  ssize_t size = 0;
  while ((size = ::getdents64(folder, piece.data(), piece.size())) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(piece.data() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") visit(context, entry->d_name, static_cast<EntryType>(entry->d_type));
    }
  }
  return size == 0;
}

}  // namespace dcache::text
