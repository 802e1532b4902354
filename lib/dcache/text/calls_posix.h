// The part of system.h that is one call of POSIX each. See there.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dcache::text {

using FileStatus = struct stat;

enum class EntryType : unsigned char {
  kUnknown = DT_UNKNOWN,
  kFile = DT_REG,
  kFolder = DT_DIR,
  kLink = DT_LNK,
  kSocket = DT_SOCK,
  kFifo = DT_FIFO,
  kDevice = DT_CHR,
};

inline EntryType type_of(const FileStatus& status) {
  return static_cast<EntryType>(IFTODT(status.st_mode));
}
inline bool is_of_this_user(const FileStatus& status) {
  return status.st_uid == ::geteuid();
}
inline bool is_removed(const FileStatus& status) {
  return status.st_nlink == 0;
}

inline bool status_of(const char* path, FileStatus& status) {
  return ::stat(path, &status) == 0;
}
inline bool status_of_link(const char* path, FileStatus& status) {
  return ::lstat(path, &status) == 0;
}
inline bool status_of_open(int fd, FileStatus& status) {
  return ::fstat(fd, &status) == 0;
}
inline bool status_in(int folder, const char* name, FileStatus& status) {
  return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

inline int open_to_read(const char* path) {
  return ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}
// O_NONBLOCK has no effect on a regular file.
inline int open_at_once(const char* path) {
  return ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
inline int open_no_link(const char* path) {
  return ::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}
inline int open_to_write(const char* path) {
  return ::open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}
inline int create_file(const char* path, mode_t mode) {
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}
inline int open_folder(const char* path) {
  return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
inline int open_folder_in(int folder, const char* path) {
  return ::openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

inline ssize_t read_some(int fd, char* to, size_t most) {
  ssize_t got = -1;
  do
    got = ::read(fd, to, most);
  while (got < 0 && errno == EINTR);
  return got;
}
inline ssize_t write_some(int fd, const char* from, size_t most) {
  ssize_t wrote = -1;
  do
    wrote = ::write(fd, from, most);
  while (wrote < 0 && errno == EINTR);
  return wrote;
}
inline bool go_to_start(int fd) {
  return ::lseek(fd, 0, SEEK_SET) == 0;
}
inline bool sync_file(int fd) {
  return ::fsync(fd) == 0;
}
inline void close_file(int fd) {
  ::close(fd);
}
inline ssize_t read_link_in(int folder, const char* name, char* target, size_t most) {
  return ::readlinkat(folder, name, target, most);
}

inline bool remove_file(const char* path) {
  return ::unlink(path) == 0;
}
inline bool rename_file(const char* from, const char* to) {
  return ::rename(from, to) == 0;
}
inline bool go_to_folder(const char* path) {
  return ::chdir(path) == 0;
}

inline bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}
inline bool shows_colours(int fd) {
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view(terminal) != "dumb" && is_terminal(fd);
}
inline bool has_input(int fd) {
  pollfd input{fd, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

// Standard streams are what they should be.
class StandardStreams {
 public:
  StandardStreams() {}  // NOLINT(modernize-use-equals-default): it is not unused
};

}  // namespace dcache::text
