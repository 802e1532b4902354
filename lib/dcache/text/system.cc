// What differs only in names and arguments.
#include "dcache/text/system.h"

#include <algorithm>
#include <string_view>

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

}  // namespace

int64_t modified_at(const struct stat& status) {
#ifdef __APPLE__
  return nanoseconds(status.st_mtimespec);
#else
  return nanoseconds(status.st_mtim);
#endif
}
int64_t changed_at(const struct stat& status) {
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

void set_attribute([[maybe_unused]] int fd, [[maybe_unused]] const std::string& name,
                   [[maybe_unused]] const std::string& value) {
#ifdef __APPLE__
  ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0, 0);
#elif defined(DCACHE_HAS_ATTRIBUTES)
  ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
#endif
}

}  // namespace dcache::text
