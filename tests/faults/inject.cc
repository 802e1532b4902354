// Makes calls of the C library fail: loaded with LD_PRELOAD into the program that is tested.
//
//   FAULT_CALL=read     which call: read, write, fsync, rename, link, open (to read), create (to write),
//   opendir, readdir
//   FAULT_AT=3          the number of the call that fails, from 1; those after it fail too
//   FAULT_PATH=src/     only calls on files whose path contains that
//   FAULT_ERRNO=5       what the call says; 0: SIGKILL ends the program before it; -15: signal 15 comes
//   before it; 1000: no error, but the end of the file
//   FAULT_SHORT=100     a read that does not fail gives at most so many bytes
//   FAULT_NO_TMPFILE=1  the file system has no files without names (O_TMPFILE)
//
// Where the call failed, a line is written to the file FAULT_LOG.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr int kEndOfFile = 1000;

std::atomic<int> calls = 0;

bool is_meant(const char* call, const char* path) {
  const char* const wanted = std::getenv("FAULT_CALL");
  const char* const part = std::getenv("FAULT_PATH");
  return wanted != nullptr && std::strcmp(wanted, call) == 0 &&
         (part == nullptr || std::strstr(path, part) != nullptr);
}

int number_of(const char* variable, int otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::atoi(value);
}

// Whether this call fails, with errno.
bool fails(const char* call, const char* path) {
  if (!is_meant(call, path) || ++calls < number_of("FAULT_AT", 1)) return false;
  if (const char* const log = std::getenv("FAULT_LOG")) {
    const long fd = ::syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::syscall(SYS_write, fd, "failed\n", 7);
    ::syscall(SYS_close, fd);
  }
  errno = number_of("FAULT_ERRNO", EIO);
  if (errno > 0) return true;
  ::raise(errno == 0 ? SIGKILL : -errno);
  return false;
}

struct OpenPath {
  explicit OpenPath(int fd) {
    char link[32];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = ::syscall(SYS_readlinkat, AT_FDCWD, link, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
  }
  // Of what is in an open folder.
  OpenPath(int folder, const char* name) : OpenPath(folder) {
    const size_t length = std::strlen(text);
    std::snprintf(text + length, sizeof text - length, "/%s", name);
  }
  char text[4096];
};

}  // namespace

extern "C" {

ssize_t read(int fd, void* to, size_t size) {
  const OpenPath path(fd);
  if (fails("read", path.text)) return errno == kEndOfFile ? 0 : -1;
  const int most = number_of("FAULT_SHORT", 0);
  if (most > 0 && is_meant("read", path.text) && size > static_cast<size_t>(most))
    size = static_cast<size_t>(most);
  return ::syscall(SYS_read, fd, to, size);
}

ssize_t write(int fd, const void* from, size_t size) {
  if (fails("write", OpenPath(fd).text)) return -1;
  return ::syscall(SYS_write, fd, from, size);
}

int fsync(int fd) {
  if (fails("fsync", OpenPath(fd).text)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (fails("rename", to)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  if (fails("link", to)) return -1;
  return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  if ((flags & O_TMPFILE) == O_TMPFILE && number_of("FAULT_NO_TMPFILE", 0) != 0) {
    errno = EOPNOTSUPP;
    return -1;
  }
  if (fails((flags & O_ACCMODE) == O_RDONLY ? "open" : "create", path)) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int stat(const char* path, struct stat* status) noexcept {
  if (fails("stat", path)) return -1;
  return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, status, 0));
}

int fstatat(int folder, const char* name, struct stat* status, int flags) noexcept {
  if (fails("stat", OpenPath(folder, name).text)) return -1;
  return static_cast<int>(::syscall(SYS_newfstatat, folder, name, status, flags));
}

ssize_t readlinkat(int folder, const char* name, char* to, size_t size) noexcept {
  if (fails("readlink", OpenPath(folder, name).text)) return -1;
  return ::syscall(SYS_readlinkat, folder, name, to, size);
}

DIR* opendir(const char* path) {
  static auto* const real = reinterpret_cast<DIR* (*)(const char*)>(::dlsym(RTLD_NEXT, "opendir"));
  return fails("opendir", path) ? nullptr : real(path);
}

dirent* readdir(DIR* folder) {
  static auto* const real = reinterpret_cast<dirent* (*)(DIR*)>(::dlsym(RTLD_NEXT, "readdir"));
  return fails("readdir", OpenPath(::dirfd(folder)).text) ? nullptr : real(folder);
}

ssize_t getdents64(int fd, void* to, size_t size) noexcept {
  if (fails("readdir", OpenPath(fd).text)) return -1;
  return ::syscall(SYS_getdents64, fd, to, size);
}

dirent64* readdir64(DIR* folder) __attribute__((alias("readdir")));
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
}
