// The part of system.h that is one call of POSIX each, for Windows. See there, and system_windows.cc.
//
// Paths are UTF-8, with `/` or `\`, of any length. Where the name of a device such as NUL is not all of a
// path, it is that of a file.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>
#include <unistd.h>

namespace dcache::text {

enum class EntryType : unsigned char { kUnknown, kFile, kFolder, kLink, kSocket, kFifo, kDevice };

struct FileStatus {
  EntryType type = EntryType::kUnknown;
  uint64_t st_dev = 0;
  uint64_t st_ino = 0;
  uint64_t st_size = 0;
  unsigned st_mode = 0;  // permission bits
  unsigned links = 0;
  int64_t modified = 0;  // ns since 1970
  int64_t changed = 0;
};

inline EntryType type_of(const FileStatus& status) {
  return status.type;
}
// Only the user's own folders are asked for.
inline bool is_of_this_user(const FileStatus& /*status*/) {
  return true;
}
inline bool is_removed(const FileStatus& status) {
  return status.links == 0;
}

bool status_of(const char* path, FileStatus& status);
bool status_of_link(const char* path, FileStatus& status);
bool status_of_open(int fd, FileStatus& status);
bool status_in(int folder, const char* name, FileStatus& status);

int open_to_read(const char* path);
inline int open_at_once(const char* path) {
  return open_to_read(path);
}
int open_no_link(const char* path);
int open_to_write(const char* path);
int create_file(const char* path, mode_t mode);
int open_folder(const char* path);
int open_folder_in(int folder, const char* path);

ssize_t read_some(int fd, char* to, size_t most);
ssize_t write_some(int fd, const char* from, size_t most);
bool go_to_start(int fd);
bool sync_file(int fd);
void close_file(int fd);
ssize_t read_link_in(int folder, const char* name, char* target, size_t most);

bool remove_file(const char* path);
// What a file of the new name has besides its content stays: access list, attributes and other streams.
bool rename_file(const char* from, const char* to);
bool go_to_folder(const char* path);

bool is_terminal(int fd);
bool shows_colours(int fd);
bool has_input(int fd);

// Makes standard streams give and take bytes as they are, and a console show UTF-8 and colours; the console
// is as it was at the end.
class StandardStreams {
 public:
  StandardStreams();
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;
  ~StandardStreams();

 private:
  unsigned code_page_ = 0;
};

}  // namespace dcache::text
