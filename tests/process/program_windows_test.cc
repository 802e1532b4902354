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
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nARG X\nRUN b\n");
  const std::vector<std::string> keys = {"keys",       "-f",          folder / "Dockerfile",
                                         "--no-store", "--build-arg", "X"};
  const auto with = [&](const std::string& variable) {
    return output_of(DCACHE_PROGRAM, keys, {variable}, kLong, kMost).value_or("nothing");
  };
  EXPECT_EQ(with("X=\u00fc"), with("X=\u00fc"));
  EXPECT_NE(with("X=\u00fc"), with("X=2"));
  EXPECT_NE(with("X=2"), "nothing");
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
