// Source: https://learn.microsoft.com/windows/win32/procthread/creating-processes
#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <io.h>
#include <windows.h>

#include "dcache/process/program.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/unicode.h"

namespace dcache::process {
namespace {

using Clock = std::chrono::steady_clock;

class Handle {
 public:
  explicit Handle(HANDLE handle = nullptr) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }
  HANDLE get() const { return handle_; }
  HANDLE* place() { return &handle_; }
  void close() {
    if (handle_ != nullptr) ::CloseHandle(handle_);
    handle_ = nullptr;
  }

 private:
  HANDLE handle_;
};

std::wstring wide(const std::string& text) {
  const int length = static_cast<int>(text.size());
  const int size = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), length, nullptr, 0);
  std::wstring out(static_cast<size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), length, out.data(), size);
  return out;
}

// A word as programs take their command line apart: a backslash counts as one unless a quotation mark
// follows. Source: https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
std::string quoted_word(std::string_view word) {
  std::string out = "\"";
  size_t backslashes = 0;
  for (const char c : word) {
    if (c == '"') out.append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    out += c;
  }
  return out.append(backslashes, '\\') += '"';
}

std::wstring command_line(const std::string& program, const std::vector<std::string>& arguments) {
  std::string line = quoted_word(program);
  for (const std::string& argument : arguments)
    line.append(" ").append(quoted_word(argument));
  return wide(line);
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// Variables of the environment, each with a zero after it.
std::wstring environment_with(const std::vector<std::string>& variables) {
  std::string all;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const bool replaced = std::ranges::any_of(variables, [&](const std::string& one) {
      return text::equals_ignoring_case(name_of(one), name_of(*at));
    });
    if (!replaced) all.append(*at).push_back('\0');
  }
  for (const std::string& variable : variables)
    all.append(variable).push_back('\0');
  return wide(all);
}

// A file that a program inherits.
HANDLE inherited(HANDLE file) {
  HANDLE copy = nullptr;
  const HANDLE self = ::GetCurrentProcess();
  return ::DuplicateHandle(self, file, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) == 0 ? nullptr : copy;
}

HANDLE open_null() {
  SECURITY_ATTRIBUTES inherits{sizeof inherits, nullptr, TRUE};
  return ::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherits,
                       OPEN_EXISTING, 0, nullptr);
}

// The list of handles that a program inherits, and no others, whatever other threads start meanwhile.
class InheritedHandles {
 public:
  explicit InheritedHandles(std::span<HANDLE> handles) {
    SIZE_T size = 0;
    ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    bytes_.resize(size);
    is_valid_ = ::InitializeProcThreadAttributeList(get(), 1, 0, &size) != 0 &&
                ::UpdateProcThreadAttribute(get(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.data(),
                                            handles.size_bytes(), nullptr, nullptr) != 0;
  }
  InheritedHandles(const InheritedHandles&) = delete;
  InheritedHandles& operator=(const InheritedHandles&) = delete;
  ~InheritedHandles() {
    if (is_valid_) ::DeleteProcThreadAttributeList(get());
  }
  bool is_valid() const { return is_valid_; }
  LPPROC_THREAD_ATTRIBUTE_LIST get() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(bytes_.data()); }

 private:
  std::vector<char> bytes_;
  bool is_valid_ = false;
};

// Starts the program in a job, so that what it starts itself ends with it.
bool start(const std::string& program, std::wstring line, std::wstring environment, std::span<HANDLE> streams,
           HANDLE job, Handle& child) {
  InheritedHandles handles(streams);
  STARTUPINFOEXW info{};
  info.StartupInfo.cb = sizeof info;
  info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  info.StartupInfo.hStdInput = streams[0];
  info.StartupInfo.hStdOutput = streams[1];
  info.StartupInfo.hStdError = streams[2];
  info.lpAttributeList = handles.get();
  PROCESS_INFORMATION made{};
  constexpr DWORD kFlags =
      CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW | CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT;
  if (!handles.is_valid() ||
      ::CreateProcessW(wide(program).c_str(), line.data(), nullptr, nullptr, TRUE, kFlags, environment.data(),
                       nullptr, &info.StartupInfo, &made) == 0)
    return false;
  *child.place() = made.hProcess;
  const Handle thread(made.hThread);
  ::AssignProcessToJobObject(job, made.hProcess);
  return ::ResumeThread(made.hThread) != static_cast<DWORD>(-1);
}

// Ends a job when its time is over, unless this object is gone before.
class Watchdog {
 public:
  Watchdog(HANDLE job, Clock::time_point deadline)
      : thread_([this, job, deadline] {
          std::unique_lock lock(mutex_);
          if (!over_.wait_until(lock, deadline, [this] { return is_over_; })) ::TerminateJobObject(job, 1);
        }) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    {
      const std::scoped_lock lock(mutex_);
      is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

// Reads to the end. False if that is not within `most` bytes.
bool read_all(HANDLE from, size_t most, std::string& out) {
  std::array<char, 1U << 16U> piece{};
  DWORD count = 0;
  while (::ReadFile(from, piece.data(), piece.size(), &count, nullptr) != 0 && count > 0) {
    out.append(piece.data(), count);
    if (out.size() > most) return false;
  }
  return true;
}

}  // namespace

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string folder = text::portable_path(std::string(rest.substr(0, rest.find(';'))));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (!text::is_absolute(folder)) continue;
    std::string candidate = text::join_path(folder, std::string(name) + ".exe");
    text::FileStatus status;
    if (text::status_of(candidate.c_str(), status) && text::type_of(status) == text::EntryType::kFile)
      return candidate;
  }
  return {};
}

std::optional<std::string> output_of(const std::string& program, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& variables,
                                     std::chrono::milliseconds time, size_t most,
                                     std::span<const int> /*descriptors*/, int input) {
  const Clock::time_point deadline = Clock::now() + time;
  const Handle job(::CreateJobObjectW(nullptr, nullptr));
  Handle reader;
  Handle writer;
  if (job.get() == nullptr || ::CreatePipe(reader.place(), writer.place(), nullptr, 0) == 0)
    return std::nullopt;
  const Handle in(input < 0 ? open_null() : inherited(reinterpret_cast<HANDLE>(::_get_osfhandle(input))));
  Handle out(inherited(writer.get()));
  const Handle errors(open_null());
  writer.close();
  std::array<HANDLE, 3> streams = {in.get(), out.get(), errors.get()};
  if (std::ranges::find(streams, nullptr) != streams.end()) return std::nullopt;
  Handle child;
  if (!start(program, command_line(program, arguments), environment_with(variables), streams, job.get(),
             child))
    return std::nullopt;
  out.close();  // so that the end of the program's is the end of the pipe
  std::string text;
  bool whole = false;
  {
    const Watchdog watchdog(job.get(), deadline);
    whole = read_all(reader.get(), most, text);
  }
  whole = whole && Clock::now() < deadline;
  if (!whole) ::TerminateJobObject(job.get(), 1);
  ::WaitForSingleObject(child.get(), INFINITE);
  DWORD status = 0;
  constexpr DWORD kFirstException = 0xC0000000;  // such as that of an access to no memory
  if (!whole || ::GetExitCodeProcess(child.get(), &status) == 0 || status >= kFirstException)
    return std::nullopt;
  return text;
}

}  // namespace dcache::process
