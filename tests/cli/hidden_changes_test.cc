// Changes that are easy to miss: git is told not to look, or only the bytes of a checkout differ.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Files;
using test::GitFolder;
using test::Repository;
using test::run_dcache;

const Files kTwo = {{"Dockerfile", "FROM a\nCOPY f /f\n"},
                    {"f", "1\n"},
                    {"web/Dockerfile", "FROM a\nCOPY f /f\n"},
                    {"web/f", "1\n"}};

std::string names(const Repository& repository, const std::string& folder, std::vector<std::string> arguments,
                  const std::string& input = "") {
  arguments.insert(arguments.begin(), {"affected", "--format", "names"});
  return run_dcache(arguments, repository / folder, input).out;
}

TEST(Hidden, SnapshotsAreFoundFromASubfolder) {
  const Repository repository(kTwo);
  const GitFolder snapshots;
  run_dcache({"snapshot", "-o", snapshots / "s/"}, repository.path());
  repository.write("web/f", "2\n");
  EXPECT_EQ(names(repository, ".", {"--since", snapshots / "s"}), "web/Dockerfile\n");
  EXPECT_EQ(names(repository, "web", {"--since", snapshots / "s"}), "Dockerfile\n");
  const auto explained =
      run_dcache({"explain", "--since", snapshots / "s", "-f", "Dockerfile"}, repository / "web");
  EXPECT_TRUE(explained.out.starts_with("1 of 1 step rebuilds")) << explained.out;
}

TEST(Hidden, ANameOfAListMayBeOfTheRootAndOfTheSubfolder) {
  const Repository repository(kTwo);
  EXPECT_EQ(names(repository, "web", {"--changed", "-"}, "f\n"), "../Dockerfile\nDockerfile\n");
  EXPECT_EQ(names(repository, "web", {"--changed", "f"}), "Dockerfile\n");
  repository.shell("rm f web/f");
  EXPECT_EQ(names(repository, "web", {"--changed", "-"}, "f\n"), "../Dockerfile\nDockerfile\n");
}

TEST(Hidden, ADeletedDockerfileIsReplacedByTheOneInLowerCase) {
  const Repository repository({{"compose.yaml", "services:\n  b:\n    build: b\n"},
                               {"b/Dockerfile", "FROM a\nCOPY f /f\n"},
                               {"b/dockerfile", "FROM a\nCOPY f /g\n"},
                               {"b/f", "1\n"}});
  repository.shell("rm b/Dockerfile");
  EXPECT_EQ(names(repository, ".", {"--git", "HEAD"}), "b\n");
  EXPECT_EQ(names(repository, ".", {"--changed", "b/Dockerfile"}), "b\n");
}


}  // namespace
}  // namespace dcache
