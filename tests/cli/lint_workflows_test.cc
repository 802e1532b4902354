// What findings of the rules about CI say of workflows.
#include <string>

#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::run_dcache;
using test::TemporaryFolder;

std::string lint_workflow(const TemporaryFolder& folder, const std::string& code, const std::string& with) {
  folder.write(
      ".github/workflows/w.yml",
      "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {f: [a, b]}}\n    steps:\n"
      "    - uses: docker/build-push-action@v6\n      with:\n" +
          with);
  return run_dcache({"lint", "--select", code, ".github/workflows/w.yml"}, folder.path()).out;
}

// DC3003 calls a Dockerfile by its path, whether a matrix names it or not.
TEST(Lint, CallsAFileByItsPath) {
  const TemporaryFolder folder;
  for (const char* name : {"a.Dockerfile", "Dockerfile"})
    folder.write(name,
                 "FROM a AS b\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nRUN make\nFROM a\nCOPY "
                 "--from=b /x /x\n");
  const auto lint = [&](const std::string& file) {
    return lint_workflow(
        folder, "DC3003",
        "        file: " + file + "\n        cache-from: type=gha\n        cache-to: type=gha\n");
  };
  EXPECT_NE(lint("a.Dockerfile").find("read in line 4 of a.Dockerfile rebuilds"), std::string::npos)
      << lint("a.Dockerfile");
  EXPECT_NE(lint("${{ matrix.f }}.Dockerfile").find("line 4 of a.Dockerfile"), std::string::npos);
  EXPECT_NE(lint("Dockerfile").find("line 4 of the Dockerfile"), std::string::npos);
}

TEST(Lint, NamesAllCachesThatNothingStores) {
  const TemporaryFolder folder;
  const std::string out =
      lint_workflow(folder, "DC3004",
                    "        cache-from: |\n          type=gha,scope=prod\n          type=gha,scope=base\n");
  EXPECT_NE(
      out.find("the cache is read from type=gha,scope=prod and type=gha,scope=base, but nothing here stores "
               "them"),
      std::string::npos)
      << out;
}

}  // namespace
}  // namespace dcache
