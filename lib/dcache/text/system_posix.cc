#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "dcache/text/system.h"

namespace dcache::text {
std::string path_of_descriptor([[maybe_unused]] int fd) {
#ifdef F_GETPATH
  std::array<char, 4096> path{};
  if (::fcntl(fd, F_GETPATH, path.data()) == 0) return path.data();
#endif
  return {};
}

// Between the calls a program that another thread starts can inherit the ends.
bool open_pipe(std::array<int, 2>& ends) {
  if (::pipe(ends.data()) != 0) return false;
  for (const int end : ends)
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return true;
}

int open_unnamed() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "dcache-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  if (fd < 0) return -1;
  ::unlink(path.c_str());
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

int open_unnamed_in(const std::string& /*folder*/, mode_t /*mode*/) {
  errno = ENOTSUP;
  return -1;
}

bool name_file(int /*fd*/, const std::string& /*path*/) {
  errno = ENOTSUP;
  return false;
}

bool rename_to_new(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0;
  if (errno == EEXIST || ::access(to.c_str(), F_OK) == 0) return false;
  return ::rename(from.c_str(), to.c_str()) == 0;  // a file system without hard links
}

bool list_folder(int folder, VisitEntry visit, void* context) {
  // The stream closes its descriptor, and starts where that is: it gets one of its own.
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return false;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), ::closedir);
  if (stream == nullptr) {
    ::close(own);
    return false;
  }
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) return errno == 0;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(context, entry->d_name, static_cast<EntryType>(entry->d_type));
  }
}

}  // namespace dcache::text
