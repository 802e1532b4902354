// Source: https://learn.microsoft.com/windows/win32/api, and NtCreateFile in its driver documentation: the
// only call that opens a file by its name in an open folder.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <io.h>
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include "dcache/text/path.h"
#include "dcache/text/system.h"

namespace dcache::text {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
// Folders are opened too, as POSIX does.
constexpr DWORD kAnyFile = FILE_FLAG_BACKUP_SEMANTICS;

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (is_open()) ::CloseHandle(handle_);
  }
  bool is_open() const { return handle_ != INVALID_HANDLE_VALUE; }
  HANDLE get() const { return handle_; }
  HANDLE release() { return std::exchange(handle_, INVALID_HANDLE_VALUE); }

 private:
  HANDLE handle_;
};

int errno_of(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_DELETE_PENDING:
      return ENOENT;
    case ERROR_DIRECTORY:
      return ENOTDIR;
    case ERROR_ALREADY_EXISTS:
    case ERROR_FILE_EXISTS:
      return EEXIST;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_UNABLE_TO_REMOVE_REPLACED:
      return EACCES;
    case ERROR_WRITE_PROTECT:
      return EROFS;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
      return ENOSPC;
    case ERROR_TOO_MANY_OPEN_FILES:
      return EMFILE;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
      return ENOMEM;
    case ERROR_FILENAME_EXCED_RANGE:
      return ENAMETOOLONG;
    case ERROR_CANT_RESOLVE_FILENAME:
      return ELOOP;
    case ERROR_NOT_SAME_DEVICE:
      return EXDEV;
    default:
      return EIO;
  }
}

bool fail() {
  errno = errno_of(::GetLastError());
  return false;
}

std::wstring wide(std::string_view text) {
  if (text.empty()) return {};
  const int length = static_cast<int>(text.size());
  const int size = ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), length, nullptr, 0);
  std::wstring out(static_cast<size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), length, out.data(), size);
  return out;
}

std::string narrow(std::wstring_view text) {
  if (text.empty()) return {};
  const int length = static_cast<int>(text.size());
  const int size = ::WideCharToMultiByte(CP_UTF8, 0, text.data(), length, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<size_t>(size), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text.data(), length, out.data(), size, nullptr, nullptr);
  return out;
}

// What a call says that fills a buffer and tells the size that it needs if that is too small.
template <typename Call>
std::wstring filled(const Call& call) {
  std::wstring text(MAX_PATH, L'\0');
  while (true) {
    const DWORD size = call(text.data(), static_cast<DWORD>(text.size()));
    const bool fits = size < text.size();
    text.resize(size);
    if (fits) return text;
  }
}

std::string current_folder() {
  return portable_path(
      narrow(filled([](wchar_t* to, DWORD size) { return ::GetCurrentDirectoryW(size, to); })));
}

std::string absolute(std::string path) {
  path = clean_path(portable_path(std::move(path)));
  if (path.starts_with('/')) return current_folder().substr(0, 2) + path;
  return is_absolute(path) ? path : join_path(current_folder(), path);
}

bool is_device(std::string_view path) {
  constexpr std::string_view kNames[] = {"NUL", "CON", "CONIN$", "CONOUT$", "PRN", "AUX"};
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    return path.size() == name.size() && ::_strnicmp(path.data(), name.data(), name.size()) == 0;
  });
}

// A path as the system takes it: that with `\\?\` may be of any length, and is not changed by the system.
std::wstring native(const char* path) {
  if (is_device(path)) return wide(path);
  std::string whole = absolute(path);
  std::ranges::replace(whole, '/', '\\');
  return wide("\\\\?\\" + whole);
}

HANDLE open_path(const char* path, DWORD access, DWORD flags) {
  return ::CreateFileW(native(path).c_str(), access, kShareAll, nullptr, OPEN_EXISTING, flags, nullptr);
}

HANDLE handle_of(int fd) {
  return reinterpret_cast<HANDLE>(::_get_osfhandle(fd));
}

// A file in an open folder, a link as itself.
HANDLE open_in(int folder, std::string_view path, ACCESS_MASK access, ULONG options) {
  std::wstring name = path == "." ? std::wstring() : wide(path);
  std::ranges::replace(name, L'/', L'\\');
  const auto bytes = static_cast<USHORT>(std::min<size_t>(name.size(), 32'000) * sizeof(wchar_t));
  UNICODE_STRING text{bytes, bytes, name.data()};
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, handle_of(folder), nullptr);
  IO_STATUS_BLOCK done;
  HANDLE file = INVALID_HANDLE_VALUE;
  const NTSTATUS status = ::NtCreateFile(
      &file, access | SYNCHRONIZE, &attributes, &done, nullptr, 0, kShareAll, FILE_OPEN,
      options | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, nullptr,
      0);
  if (status >= 0) return file;
  ::SetLastError(::RtlNtStatusToDosError(status));
  return INVALID_HANDLE_VALUE;
}

int descriptor_of(HANDLE file, int flags) {
  if (file == INVALID_HANDLE_VALUE) {
    fail();
    return -1;
  }
  const int fd = ::_open_osfhandle(reinterpret_cast<intptr_t>(file), flags | _O_NOINHERIT);
  if (fd < 0) ::CloseHandle(file);
  return fd;
}

bool is_link_tag(DWORD tag) {
  return tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT;
}

EntryType type_of_entry(DWORD attributes, DWORD tag) {
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && is_link_tag(tag)) return EntryType::kLink;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? EntryType::kFolder : EntryType::kFile;
}

EntryType type_of_entry(HANDLE file) {
  FILE_ATTRIBUTE_TAG_INFO info{};
  if (::GetFileInformationByHandleEx(file, FileAttributeTagInfo, &info, sizeof info) == 0)
    return EntryType::kUnknown;
  return type_of_entry(info.FileAttributes, info.ReparseTag);
}

constexpr int64_t kTicksTo1970 = 116'444'736'000'000'000;  // from 1601; a tick is 100 ns

int64_t nanoseconds(int64_t ticks) {
  return (ticks - kTicksTo1970) * 100;
}

uint64_t number(DWORD high, DWORD low) {
  return uint64_t{high} << 32U | low;
}

bool fill(HANDLE file, FileStatus& status) {
  status = {};
  status.links = 1;
  const DWORD kind = ::GetFileType(file);
  if (kind != FILE_TYPE_DISK) {
    status.type = kind == FILE_TYPE_PIPE ? EntryType::kFifo : EntryType::kDevice;
    return kind != FILE_TYPE_UNKNOWN || ::GetLastError() == NO_ERROR || fail();
  }
  BY_HANDLE_FILE_INFORMATION known;
  FILE_BASIC_INFO times;
  if (::GetFileInformationByHandle(file, &known) == 0 ||
      ::GetFileInformationByHandleEx(file, FileBasicInfo, &times, sizeof times) == 0)
    return fail();
  const bool is_reparse_point = (known.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
  status.type = is_reparse_point ? type_of_entry(file) : type_of_entry(known.dwFileAttributes, 0);
  // What BuildKit's client gives files of Windows: https://github.com/tonistiigi/fsutil, stat.go.
  constexpr unsigned kReadOnly = 0555, kWritable = 0755;
  const bool is_read_only = (known.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0;
  status.st_mode = is_read_only && status.type != EntryType::kFolder ? kReadOnly : kWritable;
  status.st_dev = known.dwVolumeSerialNumber;
  status.st_ino = number(known.nFileIndexHigh, known.nFileIndexLow);
  if (status.type == EntryType::kFile) status.st_size = number(known.nFileSizeHigh, known.nFileSizeLow);
  status.links = known.nNumberOfLinks;
  status.modified = nanoseconds(times.LastWriteTime.QuadPart);
  status.changed = nanoseconds(times.ChangeTime.QuadPart);
  return true;
}

bool fill_and_close(HANDLE file, FileStatus& status) {
  const Handle open(file);
  return open.is_open() ? fill(file, status) : fail();
}

// The path of an open file after all links: `C:/x`, or `UNC/server/share/x` on another machine. Empty for
// what has none.
std::string final_path(HANDLE file) {
  const std::wstring path = filled([&](wchar_t* to, DWORD size) {
    return ::GetFinalPathNameByHandleW(file, to, size, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
  });
  constexpr size_t kPrefix = 4;  // "\\?\"
  return portable_path(narrow(path)).substr(std::min(kPrefix, path.size()));
}

// What FSCTL_GET_REPARSE_POINT gives for a link; places and sizes are bytes of `names`.
// Source: REPARSE_DATA_BUFFER in ntifs.h.
struct LinkData {
  ULONG tag;
  USHORT size, reserved;
  USHORT target_at, target_size, shown_at, shown_size;
};

// Its target as the one who made it wrote it.
std::string target_of(HANDLE link) {
  alignas(LinkData) std::array<char, MAXIMUM_REPARSE_DATA_BUFFER_SIZE> buffer{};
  DWORD size = 0;
  if (::DeviceIoControl(link, FSCTL_GET_REPARSE_POINT, nullptr, 0, buffer.data(), buffer.size(), &size,
                        nullptr) == 0)
    return {};
  LinkData data;
  std::memcpy(&data, buffer.data(), sizeof data);
  // A symbolic link has flags before the names.
  const size_t names = sizeof data + (data.tag == IO_REPARSE_TAG_SYMLINK ? sizeof(ULONG) : 0);
  if (!is_link_tag(data.tag) || names + data.shown_at + data.shown_size > size) return {};
  std::wstring target(data.shown_size / sizeof(wchar_t), L'\0');
  std::memcpy(target.data(), buffer.data() + names + data.shown_at, data.shown_size);
  return portable_path(narrow(target));
}

std::wstring unnamed_path() {
  std::random_device random;
  const std::wstring folder = filled([](wchar_t* to, DWORD size) { return ::GetTempPathW(size, to); });
  return folder + wide(fmt::format("dcache-{:08x}{:08x}.tmp", random(), random()));
}

// Whether a call failed because another program, such as a virus scanner, has the file open for a moment.
bool is_busy(DWORD error) {
  return error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION ||
         error == ERROR_UNABLE_TO_REMOVE_REPLACED;
}

std::string folder_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string path = portable_path(value == nullptr ? "" : value);
  return is_absolute(path) ? path : std::string();
}

// Held by each SignalsWait; Windows calls the handler in a thread of its own.
std::shared_mutex program_goes_on;

BOOL WINAPI wait_to_end(DWORD /*signal*/) {
  program_goes_on.lock();
  return FALSE;  // so that the next handler, the system's, ends the program
}

}  // namespace

bool status_of(const char* path, FileStatus& status) {
  return fill_and_close(open_path(path, FILE_READ_ATTRIBUTES, kAnyFile), status);
}

bool status_of_link(const char* path, FileStatus& status) {
  return fill_and_close(open_path(path, FILE_READ_ATTRIBUTES, kAnyFile | FILE_FLAG_OPEN_REPARSE_POINT),
                        status);
}

bool status_of_open(int fd, FileStatus& status) {
  return fill(handle_of(fd), status);
}

bool status_in(int folder, const char* name, FileStatus& status) {
  return fill_and_close(open_in(folder, name, FILE_READ_ATTRIBUTES, 0), status);
}

int open_to_read(const char* path) {
  return descriptor_of(open_path(path, GENERIC_READ, kAnyFile), _O_RDONLY);
}

int open_no_link(const char* path) {
  Handle file(open_path(path, GENERIC_READ, kAnyFile | FILE_FLAG_OPEN_REPARSE_POINT));
  if (!file.is_open()) return descriptor_of(file.get(), _O_RDONLY);
  FILE_ATTRIBUTE_TAG_INFO info{};
  ::GetFileInformationByHandleEx(file.get(), FileAttributeTagInfo, &info, sizeof info);
  if ((info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0)
    return descriptor_of(file.release(), _O_RDONLY);
  if (!is_link_tag(info.ReparseTag)) return open_to_read(path);  // such as a file that is kept online
  errno = ELOOP;
  return -1;
}

int open_to_write(const char* path) {
  return descriptor_of(open_path(path, GENERIC_WRITE, 0), _O_WRONLY);
}

int create_file(const char* path, mode_t /*mode*/) {
  return descriptor_of(::CreateFileW(native(path).c_str(), GENERIC_WRITE, kShareAll, nullptr, CREATE_NEW,
                                     FILE_ATTRIBUTE_NORMAL, nullptr),
                       _O_WRONLY);
}

int open_folder(const char* path) {
  Handle folder(open_path(path, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, kAnyFile));
  if (folder.is_open() && type_of_entry(folder.get()) == EntryType::kFile) {
    errno = ENOTDIR;
    return -1;
  }
  return descriptor_of(folder.release(), _O_RDONLY);
}

int open_folder_in(int folder, const char* path) {
  Handle open(open_in(folder, path, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE));
  if (open.is_open() && path != std::string_view(".") && type_of_entry(open.get()) == EntryType::kLink) {
    errno = ELOOP;
    return -1;
  }
  return descriptor_of(open.release(), _O_RDONLY);
}

constexpr size_t kMostAtOnce = size_t{1} << 30U;

ssize_t read_some(int fd, char* to, size_t most) {
  return ::_read(fd, to, static_cast<unsigned>(std::min(most, kMostAtOnce)));
}

ssize_t write_some(int fd, const char* from, size_t most) {
  return ::_write(fd, from, static_cast<unsigned>(std::min(most, kMostAtOnce)));
}

bool go_to_start(int fd) {
  return ::_lseeki64(fd, 0, SEEK_SET) == 0;
}

bool sync_file(int fd) {
  return ::_commit(fd) == 0;
}

void close_file(int fd) {
  ::_close(fd);
}

ssize_t read_link_in(int folder, const char* name, char* target, size_t most) {
  const Handle link(open_in(folder, name, FILE_READ_ATTRIBUTES, 0));
  if (!link.is_open()) {
    fail();
    return -1;
  }
  const std::string text = target_of(link.get());
  if (text.empty()) {
    errno = EINVAL;
    return -1;
  }
  return static_cast<ssize_t>(text.copy(target, most));
}

bool remove_file(const char* path) {
  return ::DeleteFileW(native(path).c_str()) != 0 || fail();
}

bool rename_file(const char* from, const char* to) {
  const std::wstring before = native(from), after = native(to);
  const DWORD attributes = ::GetFileAttributesW(after.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_READONLY) != 0) {
    errno = EACCES;
    return false;
  }
  constexpr DWORD kFirstWait = 10;  // ms; all of them are a third of a second
  constexpr DWORD kLastWait = 160;
  for (DWORD wait = kFirstWait;; wait *= 2) {
    // The first is for a file that is there, and fails for another one.
    constexpr DWORD kFlags = REPLACEFILE_IGNORE_MERGE_ERRORS | REPLACEFILE_IGNORE_ACL_ERRORS;
    if (::ReplaceFileW(after.c_str(), before.c_str(), nullptr, kFlags, nullptr, nullptr) != 0) return true;
    if (::MoveFileExW(before.c_str(), after.c_str(), MOVEFILE_REPLACE_EXISTING) != 0) return true;
    if (!is_busy(::GetLastError()) || wait > kLastWait) return fail();
    ::Sleep(wait);
  }
}

bool rename_to_new(const std::string& from, const std::string& to) {
  return ::MoveFileExW(native(from.c_str()).c_str(), native(to.c_str()).c_str(), 0) != 0 || fail();
}

bool go_to_folder(const char* path) {
  return ::SetCurrentDirectoryW(wide(absolute(path)).c_str()) != 0 || fail();
}

bool is_terminal(int fd) {
  DWORD mode = 0;
  return ::GetConsoleMode(handle_of(fd), &mode) != 0;
}

bool shows_colours(int fd) {
  DWORD mode = 0;
  return ::GetConsoleMode(handle_of(fd), &mode) != 0 && (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool has_input(int fd) {
  const HANDLE input = handle_of(fd);
  if (::GetFileType(input) != FILE_TYPE_PIPE) return true;
  DWORD bytes = 0;
  if (::PeekNamedPipe(input, nullptr, 0, nullptr, &bytes, nullptr) != 0) return bytes > 0;
  return ::GetLastError() == ERROR_BROKEN_PIPE;
}

StandardStreams::StandardStreams() : code_page_(::GetConsoleOutputCP()) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::_setmode(fd, _O_BINARY);
  ::SetConsoleOutputCP(CP_UTF8);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    DWORD mode = 0;
    if (::GetConsoleMode(handle_of(fd), &mode) != 0)
      ::SetConsoleMode(handle_of(fd), mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
  }
}

StandardStreams::~StandardStreams() {
  if (code_page_ != 0) ::SetConsoleOutputCP(code_page_);
}

std::string path_of_descriptor(int fd) {
  std::string path = final_path(handle_of(fd));
  return is_absolute(path) ? path : std::string();
}

std::string resolve_links(const char* path) {
  const Handle file(open_path(path, FILE_READ_ATTRIBUTES, kAnyFile));
  if (!file.is_open()) return {};
  std::string real = final_path(file.get());
  if (real.empty() || is_absolute(real)) return real;
  // A folder of another machine keeps the drive that it has here. What is in none that has one is not below
  // any folder that somebody named.
  const std::string drive = std::string(drive_of(absolute(path))) + '/';
  const Handle top(open_path(drive.c_str(), FILE_READ_ATTRIBUTES, kAnyFile));
  std::string share = top.is_open() ? final_path(top.get()) : std::string();
  if (!share.ends_with('/')) share += '/';
  return real.starts_with(share) ? drive + real.substr(share.size()) : '/' + real;
}

int open_unnamed() {
  return descriptor_of(
      ::CreateFileW(unnamed_path().c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, CREATE_NEW,
                    FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, nullptr),
      _O_RDWR);
}

int open_unnamed_in(const std::string& /*folder*/, mode_t /*mode*/) {
  errno = ENOSYS;
  return -1;
}

bool name_file(int /*fd*/, const std::string& /*path*/) {
  errno = ENOSYS;
  return false;
}

// rename_file() does that.
bool take_over(int /*fd*/, const std::string& /*path*/, const FileStatus& /*status*/) {
  return true;
}

SignalsWait::SignalsWait() {
  static const bool kIsSet = ::SetConsoleCtrlHandler(wait_to_end, TRUE) != 0;
  static_cast<void>(kIsSet);
  program_goes_on.lock_shared();
}

SignalsWait::~SignalsWait() {
  program_goes_on.unlock_shared();
}

int64_t modified_at(const FileStatus& status) {
  return status.modified;
}

int64_t changed_at(const FileStatus& status) {
  return status.changed;
}

std::vector<std::string> attribute_names(int /*fd*/) {
  return {};
}

std::string attribute(int /*fd*/, const std::string& /*name*/) {
  return {};
}

bool list_folder(int folder, VisitEntry visit, void* context) {
  constexpr size_t kPiece = size_t{64} * 1024;
  alignas(FILE_ID_BOTH_DIR_INFO) std::array<char, kPiece> piece;
  FILE_INFO_BY_HANDLE_CLASS what = FileIdBothDirectoryRestartInfo;
  while (::GetFileInformationByHandleEx(handle_of(folder), what, piece.data(), piece.size()) != 0) {
    what = FileIdBothDirectoryInfo;
    for (size_t at = 0;;) {
      const auto* entry = reinterpret_cast<const FILE_ID_BOTH_DIR_INFO*>(piece.data() + at);
      const std::string name = narrow({entry->FileName, entry->FileNameLength / sizeof(wchar_t)});
      // For a reparse point, the size of extended attributes is its tag.
      if (name != "." && name != "..")
        visit(context, name.c_str(), type_of_entry(entry->FileAttributes, entry->EaSize));
      if (entry->NextEntryOffset == 0) break;
      at += entry->NextEntryOffset;
    }
  }
  return ::GetLastError() == ERROR_NO_MORE_FILES || fail();
}

std::string home_folder() {
  return folder_variable("USERPROFILE");
}

std::string cache_folder() {
  const std::string folder = folder_variable("XDG_CACHE_HOME");
  return folder.empty() ? folder_variable("LOCALAPPDATA") : folder;
}

}  // namespace dcache::text
