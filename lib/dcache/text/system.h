// What systems do in different ways: all calls of the system for files, standard streams and the user's
// folders.
//
// calls_posix.h has what is one call of POSIX, and FileStatus; calls_windows.h the same for Windows.
// system_linux.cc has Linux's own calls. system_posix.cc needs no more than POSIX; other systems use it, and
// Linux with DCACHE_PORTABLE=ON, so that it is tested there. system_unix.cc goes with both, and
// system_windows.cc is for Windows.
//
// All of it can be called from several threads. Failures are told as POSIX does: false or -1, with errno.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#ifdef _WIN32
#include "dcache/text/calls_windows.h"
#else
#include "dcache/text/calls_posix.h"
#endif

namespace dcache::text {

// Where an open file is, after all links; empty where the system can't say.
std::string path_of_descriptor(int fd);
// The absolute path after all links; empty if nothing is there.
std::string resolve_links(const char* path);

// The ends of a pipe, to read and to write, which other programs do not inherit. Not on Windows, which starts
// programs in another way.
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

// Gives the open file `fd`, which is to take the place of the file `path`, what that one has besides its
// content: its owner if the system allows it, its permission bits and its extended attributes. False if that
// fails.
bool take_over(int fd, const std::string& path, const FileStatus& status);

// While there is one, the end of the program by a signal waits: SIGINT, or what Windows sends for Ctrl-C, and
// others. Signals for the whole process wait if no other thread takes them.
class SignalsWait {
 public:
  SignalsWait();
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
  ~SignalsWait();

 private:
#ifndef _WIN32
  sigset_t before_{};
#endif
};

// When the content, and when anything of a file changed, in nanoseconds.
int64_t modified_at(const FileStatus& status);
int64_t changed_at(const FileStatus& status);

// The names of the extended attributes of an open file; none where there are no such things.
std::vector<std::string> attribute_names(int fd);
// The value of one; empty if it can't be read.
std::string attribute(int fd, const std::string& name);

// Calls `visit(context, name, type)` for all that is in an open folder except `.` and `..`; the type is what
// the folder tells. False if it can't be read to its end.
using VisitEntry = void (*)(void* context, const char* name, EntryType type);
bool list_folder(int folder, VisitEntry visit, void* context);

// The folders for the user's own files, and for what programs keep and can do without; empty if nobody says.
std::string home_folder();
std::string cache_folder();

}  // namespace dcache::text
