// What a whole run of `dcache lint` says and does, over several files.
#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(MakeBaseline, FailsForAFileThatNoBuilderAccepts) {
  const TemporaryFolder folder;
  folder.write("good/Dockerfile", "FROM a\n");
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "good"}, folder.path()).status, 0);
  folder.write("bad/Dockerfile", "FROM a\nFOO\n");
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "."}, folder.path()).status, 2);
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "good", "none"}, folder.path()).status, 2);
}

TEST(Lint, ReportsAWrongConfigurationOnce) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml", "ignore = 1\n");
  folder.write("a/Dockerfile", "FROM a\n");
  folder.write("b/Dockerfile", "FROM b\n");
  const Outcome outcome = run_dcache({"lint"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(count_of(outcome.err, ".dcache.toml"), 1U) << outcome.err;
}

// The second Dockerfile would keep out README.md, which the first one reads.
TEST(Lint, DoesNotOverwriteAFileThatAFixHasWritten) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY . .\nRUN x README.md\n");
  folder.write("b.Dockerfile", "FROM a\nCOPY . .\nRUN x\n");
  folder.write(".dockerignore", ".git\n");
  folder.write("README.md", "text");
  folder.write("node_modules/a.js", "");
  const Outcome outcome =
      run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2002", "."}, folder.path());
  EXPECT_EQ(count_of(outcome.err, "1 finding"), 2U) << outcome.err;
  EXPECT_EQ(folder.read(".dockerignore"), ".git\n**/node_modules\n");
}

}  // namespace
}  // namespace dcache
