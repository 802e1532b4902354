// Builds whose context contains `.git`: every commit writes to it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"
#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Repository;
using test::run_dcache;
using test::steps_of;

Repository with_git_in_context() {
  return Repository({{"Dockerfile", "FROM scratch\nCOPY a /\nCOPY . .\nRUN make\n"}, {"a", "1\n"}});
}

std::string explained(const Repository& repository, const std::string& range) {
  return run_dcache({"explain", "--git", range}, repository.path()).out;
}

TEST(CopiedGit, ChangesWithCommitsThatLeaveTheFilesAsTheyWere) {
  const Repository repository = with_git_in_context();
  repository.git("commit -q --allow-empty -m empty");
  repository.write("a", "2\n");
  repository.commit("edit");
  repository.git("revert --no-edit HEAD");
  const char* const rebuilt = "2:hit 3:miss:file 4:miss:file";
  for (const char* const range : {"HEAD~3..HEAD~2", "HEAD~2..HEAD", "HEAD~3", "HEAD~2", "HEAD~3...HEAD"})
    EXPECT_EQ(steps_of(repository, {"--git", range}), rebuilt) << range;
  for (const char* const range : {"HEAD..HEAD", "HEAD~1..HEAD~1"})
    EXPECT_EQ(steps_of(repository, {"--git", range}), "2:hit 3:hit 4:hit") << range;
  EXPECT_EQ(repository.effects({"--git", "HEAD~3..HEAD~2"}), "Dockerfile:rebuilt@3");
}

TEST(CopiedGit, IsNamedAsOneFolder) {
  const Repository repository = with_git_in_context();
  repository.git("commit -q --allow-empty -m empty");
  for (const char* const range : {"HEAD~1", "HEAD~1..HEAD"}) {
    const std::string out = explained(repository, range);
    EXPECT_NE(out.find(" files) changes with every commit (selected by .)\n"), std::string::npos) << out;
    EXPECT_NE(out.find("follows line 3: .git/ ("), std::string::npos) << out;
    EXPECT_EQ(out.find("run touch"), std::string::npos) << out;
  }
  repository.write("a", "2\n");
  repository.write("b", "2\n");
  repository.commit("edit");
  const std::string out = explained(repository, "HEAD~1..HEAD");
  EXPECT_NE(out.find("a changed (selected by .), and 1 more file; .git/ ("), std::string::npos) << out;
}

// Much besides commits writes git's files, and nobody knows whether any of it was done since a build.
TEST(CopiedGit, IsNotKnownInTheWorkTree) {
  const Repository repository = with_git_in_context();
  const char* const not_known = "2:hit 3:depends:file 4:depends:file";
  for (const char* const command : {"status", "tag v1", "gc -q", "pack-refs --all"}) {
    repository.git(command);
    EXPECT_EQ(steps_of(repository, {"--git", "HEAD"}), not_known) << command;
    EXPECT_EQ(steps_of(repository, {}), not_known) << command;
    EXPECT_EQ(repository.effects({}), "Dockerfile:may-rebuild@3") << command;
  }
  EXPECT_NE(explained(repository, "HEAD").find("git does not track it"), std::string::npos);
}

// An edit that is staged writes the index and an object.
TEST(CopiedGit, ChangesWithWhatIsStaged) {
  const Repository repository(
      {{"Dockerfile",
        "FROM scratch AS refs\nCOPY .git/refs /refs\nFROM scratch\nCOPY .git/index /\n"
        "COPY --from=refs /refs /\n"},
       {"a", "1\n"}});
  const char* const not_known = "2:depends:file 4:depends:file 5:depends:stage";
  EXPECT_EQ(steps_of(repository, {"--git", "HEAD"}), not_known);
  repository.write("b", "1\n");
  EXPECT_EQ(steps_of(repository, {"--git", "HEAD"}), not_known);
  repository.git("add b");
  EXPECT_EQ(steps_of(repository, {"--git", "HEAD"}), "2:depends:file 4:miss:file 5:miss:stage");
  repository.commit("more");
  EXPECT_EQ(steps_of(repository, {"--git", "HEAD~1"}), "2:miss:file 4:miss:file 5:miss:stage");
}

// The branch of then is not known; a commit leaves the configuration alone.
TEST(CopiedGit, HasFilesThatCommitsKeep) {
  const Repository repository(test::Files{
      {"Dockerfile",
       "FROM scratch\nCOPY .git/HEAD /\nFROM scratch\nCOPY .git/config /\nCOPY --from=0 /HEAD /\n"}});
  repository.git("commit -q --allow-empty -m empty");
  for (const char* const revision : {"HEAD", "HEAD~1"})
    EXPECT_EQ(steps_of(repository, {"--git", revision}), "2:depends:file 4:hit 5:depends:stage") << revision;
}

TEST(CopiedGit, CountsOnlyWhereTheContextHasIt) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY . .\n"},
                               {".dockerignore", ".git\n"},
                               {"web/Dockerfile", "FROM scratch\nCOPY . .\n"},
                               {"all/Dockerfile", "FROM scratch\nCOPY --from=root . .\n"}});
  repository.git("commit -q --allow-empty -m empty");
  EXPECT_EQ(steps_of(repository, {"-f", "Dockerfile", "--git", "HEAD~1"}), "2:hit");
  EXPECT_EQ(steps_of(repository, {"-f", "web/Dockerfile", "--git", "HEAD~1"}), "2:hit");
  EXPECT_EQ(steps_of(repository, {"-f", "all/Dockerfile", "--build-context", "root=.", "--git", "HEAD~1"}),
            "2:hit");
  repository.write(".dockerignore", "x\n");
  repository.commit("unignore");
  repository.git("commit -q --allow-empty -m empty");
  EXPECT_EQ(steps_of(repository, {"-f", "all/Dockerfile", "--build-context", "root=.", "--git", "HEAD~1"}),
            "2:miss:file");
}

// What the ignore file says is why, and not the commit.
TEST(CopiedGit, IsNotBlamedWhereTheIgnoreFileChanged) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY . .\n"}, {".dockerignore", "x\n"}});
  repository.write(".dockerignore", ".git\n");
  const std::string out = explained(repository, "HEAD");
  EXPECT_EQ(out.find("with every commit"), std::string::npos) << out;
}

}  // namespace
}  // namespace dcache
