#include <algorithm>
#include <filesystem>
#include <memory>

#include <gtest/gtest.h>
#include <windows.h>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::test {
namespace {

std::wstring wide(const std::string& text) {
  const int length = static_cast<int>(text.size());
  const int size = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), length, nullptr, 0);
  std::wstring out(static_cast<size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), length, out.data(), size);
  return out;
}

std::string quoted(const std::string& word) {
  std::string text = "\"";
  size_t backslashes = 0;
  for (const char c : word) {
    if (c == '"') text.append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    text += c;
  }
  return text.append(backslashes, '\\') += '"';
}

// A file that a program inherits.
std::shared_ptr<void> open_stream(const std::string& path, DWORD access, DWORD disposition) {
  SECURITY_ATTRIBUTES inherits{sizeof inherits, nullptr, TRUE};
  return {::CreateFileW(wide(path).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherits,
                        disposition, FILE_ATTRIBUTE_NORMAL, nullptr),
          ::CloseHandle};
}

// The variables of this process and others, each with a zero after it.
std::wstring environment_with(const std::vector<std::string>& variables) {
  std::string all;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string one = *at;
    if (!one.starts_with("PATH=") && !one.starts_with("XDG_CACHE_HOME=") && !one.starts_with("NO_COLOR="))
      all += one + '\0';
  }
  for (const std::string& one : variables)
    all += one + '\0';
  return wide(all);
}

}  // namespace

void make_link(const std::string& target, const std::string& path) {
  constexpr DWORD kWithoutPrivilege = 2;
  const bool is_made =
      ::CreateSymbolicLinkW(wide(path).c_str(), wide(target).c_str(), kWithoutPrivilege) != 0;
  const DWORD attributes = ::GetFileAttributesW(wide(path).c_str());
  if (!is_made || attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0)
    skip("this user can't make symbolic links here");
}

void make_fifo(const std::string& /*path*/) {
  skip("there are no FIFOs in folders on Windows");
}

void set_mode(const std::string& /*path*/, unsigned /*mode*/) {}

void expect_mode(const std::string& /*path*/, unsigned /*mode*/) {}

void set_variable(const std::string& name, const std::string& value) {
  ::_putenv_s(name.c_str(), value.c_str());
}

void remove_variable(const std::string& name) {
  ::_putenv_s(name.c_str(), "");
}

void TemporaryFolder::resize(const std::string& name, uint64_t bytes) const {
  constexpr uint64_t kMost = uint64_t{1} << 30U;
  if (bytes > kMost) skip("zeros take room on Windows");
  std::filesystem::resize_file(path_ + "/" + name, bytes);
}

bool is_root() {
  return false;
}

bool allows_name(const std::string& name) {
  return std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' &&
           std::string_view("<>:\"|?*\\").find(c) == std::string_view::npos;
  });
}

int run_shell(const std::string& /*command*/) {
  skip("this needs a POSIX shell, and often git");
}

Outcome run_dcache(const std::vector<std::string>& arguments, const std::string& folder,
                   const std::string& input, const std::string& programs) {
  const TemporaryFolder streams;
  streams.write("in", input);
  std::string line = quoted(DCACHE_PROGRAM);
  for (const std::string& argument : arguments)
    line += " " + quoted(argument);
  DWORD status = 0;
  {
    const auto in = open_stream(streams / "in", GENERIC_READ, OPEN_EXISTING);
    const auto out = open_stream(streams / "out", GENERIC_WRITE, CREATE_ALWAYS);
    const auto errors = open_stream(streams / "err", GENERIC_WRITE, CREATE_ALWAYS);
    STARTUPINFOW info{};
    info.cb = sizeof info;
    info.dwFlags = STARTF_USESTDHANDLES;
    info.hStdInput = in.get();
    info.hStdOutput = out.get();
    info.hStdError = errors.get();
    std::wstring words = wide(line);
    std::wstring environment =
        environment_with({"NO_COLOR=1", "PATH=" + programs, "XDG_CACHE_HOME=" + cache_folder()});
    PROCESS_INFORMATION made{};
    if (::CreateProcessW(wide(DCACHE_PROGRAM).c_str(), words.data(), nullptr, nullptr, TRUE,
                         CREATE_UNICODE_ENVIRONMENT, environment.data(), wide(folder).c_str(), &info,
                         &made) == 0)
      return {};
    ::CloseHandle(made.hThread);
    ::WaitForSingleObject(made.hProcess, INFINITE);
    ::GetExitCodeProcess(made.hProcess, &status);
    ::CloseHandle(made.hProcess);
  }
  return {static_cast<int>(status), streams.read("out"), streams.read("err")};
}

}  // namespace dcache::test
