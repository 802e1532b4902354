#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::test {
namespace {

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

void make_link(const std::string& target, const std::string& path) {
  ASSERT_EQ(::symlink(target.c_str(), path.c_str()), 0) << path;
}

void make_fifo(const std::string& path) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0) << path;
}

void set_mode(const std::string& path, unsigned mode) {
  ASSERT_EQ(::chmod(path.c_str(), mode), 0) << path;
}

void expect_mode(const std::string& path, unsigned mode) {
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0) << path;
  EXPECT_EQ(status.st_mode & 07777U, mode) << path;
}

void set_variable(const std::string& name, const std::string& value) {
  ::setenv(name.c_str(), value.c_str(), 1);
}

void remove_variable(const std::string& name) {
  ::unsetenv(name.c_str());
}

void TemporaryFolder::resize(const std::string& name, uint64_t bytes) const {
  std::filesystem::resize_file(path_ + "/" + name, bytes);
}

bool is_root() {
  return ::geteuid() == 0;
}

bool allows_name(const std::string& /*name*/) {
  return true;
}

int run_shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Outcome run_dcache(const std::vector<std::string>& arguments, const std::string& folder,
                   const std::string& input, const std::string& programs) {
  const TemporaryFolder streams;
  streams.write("in", input);
  std::string command = "cd " + quoted(folder) + " && XDG_CACHE_HOME=" + quoted(cache_folder()) +
                        " NO_COLOR=1 PATH=" + quoted(programs) + " " + quoted(DCACHE_PROGRAM);
  for (const std::string& argument : arguments)
    command += " " + quoted(argument);
  command += " <" + quoted(streams / "in") + " >" + quoted(streams / "out") + " 2>" + quoted(streams / "err");
  const int status = run_shell(command);
  return {status, streams.read("out"), streams.read("err")};
}

}  // namespace dcache::test
