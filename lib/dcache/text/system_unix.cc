// What Linux and POSIX share, and what differs only in names and arguments.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "dcache/text/descriptor.h"
#include "dcache/text/system.h"

#if defined(__linux__) || defined(__APPLE__)
#include <sys/xattr.h>
#define DCACHE_HAS_ATTRIBUTES
#endif

namespace dcache::text {
namespace {

int64_t nanoseconds(const timespec& time) {
  constexpr int64_t kPerSecond = 1'000'000'000;
  return int64_t{time.tv_sec} * kPerSecond + time.tv_nsec;
}

#ifdef __APPLE__
ssize_t list_attributes(int fd, char* list, size_t size) {
  return ::flistxattr(fd, list, size, 0);
}
ssize_t get_attribute(int fd, const char* name, char* value, size_t size) {
  return ::fgetxattr(fd, name, value, size, 0, 0);
}
#elif defined(DCACHE_HAS_ATTRIBUTES)
ssize_t list_attributes(int fd, char* list, size_t size) {
  return ::flistxattr(fd, list, size);
}
ssize_t get_attribute(int fd, const char* name, char* value, size_t size) {
  return ::fgetxattr(fd, name, value, size);
}
#else
ssize_t list_attributes(int /*fd*/, char* /*list*/, size_t /*size*/) {
  return 0;
}
ssize_t get_attribute(int /*fd*/, const char* /*name*/, char* /*value*/, size_t /*size*/) {
  return 0;
}
#endif

void set_attribute([[maybe_unused]] int fd, [[maybe_unused]] const std::string& name,
                   [[maybe_unused]] const std::string& value) {
#ifdef __APPLE__
  ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0, 0);
#elif defined(DCACHE_HAS_ATTRIBUTES)
  ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
#endif
}

// Those that can be read and set: an access list is one too.
void copy_attributes(const std::string& path, int to) {
  const Descriptor from(open_at_once(path.c_str()));
  if (from.get() < 0) return;
  for (const std::string& name : attribute_names(from.get()))
    set_attribute(to, name, attribute(from.get(), name));
}

// The value of a variable that is an absolute path.
std::string folder_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value == '/' ? value : "";
}

}  // namespace

std::string resolve_links(const char* path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path, nullptr), std::free);
  return resolved ? std::string(resolved.get()) : std::string();
}

int64_t modified_at(const FileStatus& status) {
#ifdef __APPLE__
  return nanoseconds(status.st_mtimespec);
#else
  return nanoseconds(status.st_mtim);
#endif
}
int64_t changed_at(const FileStatus& status) {
#ifdef __APPLE__
  return nanoseconds(status.st_ctimespec);
#else
  return nanoseconds(status.st_ctim);
#endif
}

std::vector<std::string> attribute_names(int fd) {
  const ssize_t size = list_attributes(fd, nullptr, 0);
  if (size <= 0) return {};
  std::string list(static_cast<size_t>(size), '\0');
  const ssize_t got = list_attributes(fd, list.data(), list.size());
  std::vector<std::string> names;
  for (std::string_view rest(list.data(), got < 0 ? 0 : static_cast<size_t>(got)); !rest.empty();) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    if (end > 0) names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::string attribute(int fd, const std::string& name) {
  const ssize_t length = get_attribute(fd, name.c_str(), nullptr, 0);
  if (length <= 0) return {};
  std::string value(static_cast<size_t>(length), '\0');
  const ssize_t got = get_attribute(fd, name.c_str(), value.data(), value.size());
  value.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return value;
}

bool take_over(int fd, const std::string& path, const FileStatus& status) {
  if (::fchown(fd, status.st_uid, status.st_gid) != 0 && errno != EPERM) return false;
  if (::fchmod(fd, status.st_mode & 07777U) != 0) return false;
  copy_attributes(path, fd);
  return true;
}

SignalsWait::SignalsWait() {
  sigset_t ending;
  sigemptyset(&ending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGXCPU, SIGXFSZ})
    sigaddset(&ending, signal);
  ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
}

SignalsWait::~SignalsWait() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::string home_folder() {
  return folder_variable("HOME");
}

std::string cache_folder() {
  std::string folder = folder_variable("XDG_CACHE_HOME");
  if (!folder.empty()) return folder;
  const std::string home = home_folder();
  return home.empty() ? home : home + "/.cache";
}

}  // namespace dcache::text
