// What users of Windows see.
#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::contains;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

TEST(MainOnWindows, PathsMayHaveBackslashesAndAreShownWithSlashes) {
  const TemporaryFolder folder;
  folder.write("app/\u00fc/Dockerfile", "FROM a\n");
  for (const std::string path :
       {"app\\\u00fc\\Dockerfile", "app/\u00fc/Dockerfile", "app\\\u00fc", ".\\app", "app\\*\\Dockerfile"}) {
    const Outcome outcome = run_dcache({"lint", "--select", "DL3006", path}, folder.path());
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "app/\u00fc/Dockerfile:1")) << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "\\")) << outcome.out;
  }
}

TEST(MainOnWindows, LineEndingsStay) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\r\nEXPOSE 80/TCP\r\n");
  const Outcome outcome = run_dcache({"lint", "--fix", "--select", "ExposeProtoCasing"}, folder.path());
  EXPECT_EQ(folder.read("Dockerfile"), "FROM a:1\r\nEXPOSE 80/tcp\r\n") << outcome.out << outcome.err;
}

TEST(MainOnWindows, StreamsAreBytes) {
  const TemporaryFolder folder;
  // Control-Z would end a text for Windows.
  EXPECT_EQ(run_dcache({"lint", "--fix", "--select", "ExposeProtoCasing", "-"}, folder.path(),
                       "FROM a:1\r\n# \x1a\r\nEXPOSE 80/TCP\n")
                .out,
            "FROM a:1\r\n# \x1a\r\nEXPOSE 80/tcp\n");
}

TEST(MainOnWindows, TheDriveOfAPathCounts) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nCOPY src /src\nRUN x\n");
  folder.write("src/a", "1");
  const std::vector<std::string> build = {"explain", "--context", folder.path(), "-f", folder / "Dockerfile"};
  for (const std::string& changed : {folder / "src/a", folder / "src\\a", std::string("src\\a")}) {
    std::vector<std::string> arguments = build;
    arguments.insert(arguments.end(), {"--changed", changed});
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(contains(outcome.out, "src/a")) << outcome.out;
  }
}

TEST(MainOnWindows, DevicesAreNotSearched) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  EXPECT_EQ(run_dcache({"lint", "--select", "DL3006", "--output", "NUL", "."}, folder.path()).status, 1);
  EXPECT_TRUE(contains(run_dcache({"lint", "NUL"}, folder.path()).out, "contains no instruction"));
}

}  // namespace
}  // namespace dcache
