// ^C on a terminal, while the program does something that takes long.
#include <csignal>

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

constexpr uint64_t kLong = 100'000'000'000;  // bytes; reading them takes minutes

TEST(Interrupt, EndsTheHashingOfALongFile) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY . /x\n");
  folder.write("long", "");
  folder.resize("long", kLong);
  int terminal = -1;
  const pid_t process = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (process == 0) {
    ::setenv("XDG_CACHE_HOME", test::cache_folder().c_str(), 1);
    ::unsetenv("CI");  // there is no progress line in CI
    if (::chdir(folder.path().c_str()) == 0) ::execl(DCACHE_PROGRAM, "dcache", "keys", nullptr);
    ::_exit(127);
  }
  if (process < 0) GTEST_SKIP() << "this system gives no terminals";  // a root folder without /dev/pts
  const auto read_until = [&](const std::string& words) {
    std::string shown;
    char piece[4096];
    while (shown.find(words) == std::string::npos) {
      const ssize_t count = ::read(terminal, piece, sizeof piece);
      if (count <= 0) return "it ended: " + shown;
      shown.append(piece, static_cast<size_t>(count));
    }
    return shown;
  };
  EXPECT_NE(read_until("of 100.0 GB").find("hashing files"), std::string::npos);
  const char control_c = '\x03';
  ASSERT_EQ(::write(terminal, &control_c, 1), 1);
  EXPECT_EQ(read_until("the end of all words").find("it ended"), 0U);
  int status = 0;
  ASSERT_EQ(::waitpid(process, &status, 0), process);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  ::close(terminal);
}

}  // namespace
}  // namespace dcache
