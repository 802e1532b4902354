// What systems do in different ways. system_linux.cc has Linux's own calls. system_posix.cc needs no more
// than POSIX; other systems use it, and Linux with DCACHE_PORTABLE=ON, so that it is tested there.
//
// All of it can be called from several threads. Failures are told as POSIX does: false or -1, with errno.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace dcache::text {

// Where an open file is, after all links; empty where the system can't say.
std::string path_of_descriptor(int fd);

// The ends of a pipe, to read and to write, which other programs do not inherit.
bool open_pipe(std::array<int, 2>& ends);

// An open file that is in no folder, so that nothing is left of it when the program is killed; other programs
// do not inherit it.
int open_unnamed();
// The same, to write, on the file system of a folder, for name_file(). -1 where there are no such files.
int open_unnamed_in(const std::string& folder, mode_t mode);
// Gives it a name that no file has yet.
bool name_file(int fd, const std::string& path);
// Renames a file, and fails with EEXIST if there is one of the new name.
bool rename_to_new(const std::string& from, const std::string& to);

// When the content, and when anything of a file changed, in nanoseconds.
int64_t modified_at(const struct stat& status);
int64_t changed_at(const struct stat& status);

// The names of the extended attributes of an open file; none where there are no such things.
std::vector<std::string> attribute_names(int fd);
// The value of one; empty if it can't be read.
std::string attribute(int fd, const std::string& name);
// Sets one if that is allowed.
void set_attribute(int fd, const std::string& name, const std::string& value);

// Calls `visit(context, name, type)` for all that is in an open folder except `.` and `..`; `type` is one of
// DT_*, as the folder tells it. False if it can't be read to its end.
using VisitEntry = void (*)(void* context, const char* name, unsigned char type);
bool list_folder(int folder, VisitEntry visit, void* context);

}  // namespace dcache::text
