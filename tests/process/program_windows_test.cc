#include <cstdlib>

#include <gtest/gtest.h>

#include "dcache/process/program.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::process {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong(60'000);
constexpr size_t kMost = 1U << 20U;

std::string command_shell() {
  return std::string(std::getenv("SystemRoot")) + "/System32/cmd.exe";
}

TEST(ProgramOnWindows, GivesOutputAndTakesArgumentsAsTheyAre) {
  const auto version = output_of(DCACHE_PROGRAM, {"version"}, {}, kLong, kMost);
  ASSERT_TRUE(version);
  EXPECT_TRUE(version->starts_with("dcache ")) << *version;
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nRUN b\n");
  const std::string argument = "a=b \"c\" \\ \u00fc \\\"d";
  const auto keys =
      output_of(DCACHE_PROGRAM, {"parse", folder / "Dockerfile", argument + "\\"}, {}, kLong, kMost);
  ASSERT_TRUE(keys);
  EXPECT_FALSE(keys->empty());
}

TEST(ProgramOnWindows, GetsVariables) {
  EXPECT_EQ(output_of(command_shell(), {"/c", "echo %DCACHE_X%"}, {"DCACHE_X=1"}, kLong, kMost), "1\r\n");
}

TEST(ProgramOnWindows, EndsWhatTakesTooLongOrPrintsTooMuch) {
  EXPECT_FALSE(output_of(DCACHE_PROGRAM, {"version"}, {}, milliseconds(0), kMost));
  EXPECT_FALSE(output_of(DCACHE_PROGRAM, {"version"}, {}, kLong, 3));
  EXPECT_FALSE(output_of("C:/none.exe", {}, {}, kLong, kMost));
}

TEST(ProgramOnWindows, IsFoundInAbsoluteFoldersOfThePath) {
  const test::TemporaryFolder folder;
  folder.write("x.exe", "");
  folder.write("y.cmd", "");
  const std::string before = std::getenv("PATH");
  test::set_variable("PATH", "relative;" + folder.path());
  EXPECT_EQ(find_program("x"), folder / "x.exe");
  EXPECT_EQ(find_program("y"), "");
  test::set_variable("PATH", before);
}

}  // namespace
}  // namespace dcache::process
