#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dcache/process/program.h"
#include "dcache/text/descriptor.h"
#include "dcache/text/system.h"

extern char** environ;

namespace dcache::process {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<char*> environment_with(std::vector<std::string>& variables) {
  std::vector<char*> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool replaced = std::ranges::any_of(
        variables, [&](const std::string& one) { return name_of(one) == name_of(*variable); });
    if (!replaced) all.push_back(*variable);
  }
  for (std::string& variable : variables)
    all.push_back(variable.data());
  all.push_back(nullptr);
  return all;
}

// What the file actions of a child are kept in.
class Files {
 public:
  Files(int output, std::span<const int> descriptors, int input) {
    ::posix_spawn_file_actions_init(&actions_);
    if (input >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    } else {
      ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    // To duplicate one to itself keeps it open in the child.
    for (const int descriptor : descriptors)
      ::posix_spawn_file_actions_adddup2(&actions_, descriptor, descriptor);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { ::posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Reads to the end. False if that does not come in time, or not within `most` bytes.
bool read_all(int from, Clock::time_point deadline, size_t most, std::string& out) {
  std::array<char, 1U << 16U> piece{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wanted{.fd = from, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<int64_t>(left, 1000)));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t count = text::read_some(from, piece.data(), piece.size());
    if (count <= 0) return count == 0;
    out.append(piece.data(), static_cast<size_t>(count));
    if (out.size() > most) return false;
  }
}

// Starts the program with `output` as its standard output, which is closed here.
std::optional<pid_t> start(const std::string& program, const std::vector<std::string>& arguments,
                           std::vector<std::string> variables, std::span<const int> descriptors, int input,
                           const text::Descriptor output) {
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), program);
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> environment = environment_with(variables);
  const Files files(output.get(), descriptors, input);
  pid_t child = 0;
  if (::posix_spawn(&child, program.c_str(), files.get(), nullptr, argv.data(), environment.data()) != 0)
    return std::nullopt;
  return child;
}

}  // namespace

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (!folder.starts_with('/')) continue;
    std::string candidate = std::string(folder).append("/").append(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::optional<std::string> output_of(const std::string& program, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& variables,
                                     std::chrono::milliseconds time, size_t most,
                                     std::span<const int> descriptors, int input) {
  const Clock::time_point deadline = Clock::now() + time;
  std::array<int, 2> ends{};
  if (!text::open_pipe(ends)) return std::nullopt;
  const text::Descriptor reader(ends[0]);
  const auto child = start(program, arguments, variables, descriptors, input, text::Descriptor(ends[1]));
  if (!child) return std::nullopt;
  std::string out;
  const bool whole = read_all(reader.get(), deadline, most, out);
  if (!whole) ::kill(*child, SIGKILL);
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!whole || !WIFEXITED(status)) return std::nullopt;
  return out;
}

}  // namespace dcache::process
