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

std::string names_in_folder(const Repository& repository, const std::string& folder,
                            std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), {"affected", "--format", "names"});
  return run_dcache(arguments, repository / folder, input).out;
}

TEST(Hidden, SnapshotsAreFoundFromASubfolder) {
  const Repository repository(kTwo);
  const GitFolder snapshots;
  run_dcache({"snapshot", "-o", snapshots / "s/"}, repository.path());
  repository.write("web/f", "2\n");
  EXPECT_EQ(names_in_folder(repository, ".", {"--since", snapshots / "s"}), "web/Dockerfile\n");
  EXPECT_EQ(names_in_folder(repository, "web", {"--since", snapshots / "s"}), "Dockerfile\n");
  const auto explained =
      run_dcache({"explain", "--since", snapshots / "s", "-f", "Dockerfile"}, repository / "web");
  EXPECT_TRUE(explained.out.starts_with("1 of 1 step rebuilds")) << explained.out;
}

TEST(Hidden, ANameOfAListMayBeOfTheRootAndOfTheSubfolder) {
  const Repository repository(kTwo);
  EXPECT_EQ(names_in_folder(repository, "web", {"--changed", "-"}, "f\n"), "../Dockerfile\nDockerfile\n");
  EXPECT_EQ(names_in_folder(repository, "web", {"--changed", "f"}), "Dockerfile\n");
  repository.shell("rm f web/f");
  EXPECT_EQ(names_in_folder(repository, "web", {"--changed", "-"}, "f\n"), "../Dockerfile\nDockerfile\n");
}

// Git quotes names in a list of lines, but not those of `git diff -z`.
TEST(Hidden, ANameWithQuotesIsAnotherOneThanTheNameInThem) {
  Files files = kTwo;
  files.push_back({"\"f\"", "1\n"});
  const Repository repository(files);
  EXPECT_EQ(names_in_folder(repository, ".", {"--changed", "-"}, "\"f\"\n"), "Dockerfile\n");
  EXPECT_EQ(names_in_folder(repository, ".", {"--changed", "-"}, std::string("\"f\"\0", 4)), "");
  EXPECT_EQ(names_in_folder(repository, ".", {"--changed", "\"f\""}), "");
  repository.shell("rm '\"f\"'");
  EXPECT_EQ(names_in_folder(repository, ".", {"--changed", "\"f\""}), "Dockerfile\n");
}

TEST(Hidden, ADeletedDockerfileIsReplacedByTheOneInLowerCase) {
  const Repository repository({{"compose.yaml", "services:\n  b:\n    build: b\n"},
                               {"b/Dockerfile", "FROM a\nCOPY f /f\n"},
                               {"b/dockerfile", "FROM a\nCOPY f /g\n"},
                               {"b/f", "1\n"}});
  repository.shell("rm b/Dockerfile");
  EXPECT_EQ(names_in_folder(repository, ".", {"--git", "HEAD"}), "b\n");
  EXPECT_EQ(names_in_folder(repository, ".", {"--changed", "b/Dockerfile"}), "b\n");
}

TEST(Hidden, SettingsOfSubmodulesHideNothing) {
  for (const char* setting :
       {"git config -f .gitmodules submodule.s.ignore all",
        "git config -f .gitmodules submodule.s.ignore dirty", "git config diff.ignoreSubmodules all"}) {
    const Repository inner(Files{{"f", "1\n"}});
    const Repository repository(Files{{"Dockerfile", "FROM a\nCOPY s /x\n"}});
    repository.shell("git -c protocol.file.allow=always submodule add -q '" + inner.path() + "' s");
    repository.shell(setting);
    repository.commit("submodule");
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected") << setting;
    repository.write("s/f", "2\n");
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:rebuilt@2") << setting;
  }
}

const Files kTextFiles = {{"Dockerfile", "FROM a\nCOPY f.txt /f\n"},
                          {"o.Dockerfile", "FROM a\nCOPY o /o\n"},
                          {"f.txt", "1\n"},
                          {"o", "1\n"}};

TEST(Hidden, AttributesChangeTheBytesOfACheckout) {
  const Repository repository(kTextFiles);
  repository.write(".gitattributes", "*.txt text eol=crlf\n");
  repository.commit("attributes");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
  // The work tree still has what the first checkout wrote.
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "Dockerfile:unaffected o.Dockerfile:unaffected");
  repository.shell("rm f.txt; git checkout -q f.txt");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected o.Dockerfile:unaffected");
}

TEST(Hidden, AnotherEncodingIsAnotherFile) {
  const Repository repository(kTextFiles);
  repository.write(".gitattributes", "*.txt working-tree-encoding=UTF-16\n");
  repository.git("add .gitattributes");
  repository.git("commit -q -m attributes");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
  repository.shell("rm f.txt; git checkout -q f.txt");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
}

TEST(Hidden, AttributesOfAFolderCountForWhatIsInIt) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY a/f.txt /f\n"},
                               {"o.Dockerfile", "FROM a\nCOPY b/f.txt /f\n"},
                               {"a/f.txt", "$Id$\n"},
                               {"b/f.txt", "$Id$\n"}});
  repository.write("a/.gitattributes", "*.txt ident\n");
  repository.commit("attributes");
  repository.write("c", "");
  repository.commit("more");
  EXPECT_EQ(repository.effects({"--git", "HEAD~2..HEAD"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--git", "HEAD~2..HEAD~1"}), "Dockerfile:rebuilt@2 o.Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "Dockerfile:unaffected o.Dockerfile:unaffected");
}

TEST(Hidden, ModesOfTwoCommitsAreKnown) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY g /g\n"}, {"g", "1\n"}});
  repository.shell(
      "git config core.filemode false; git update-index --chmod=+x g; git -c user.name=t -c user.email=t@t "
      "commit -qm x");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "Dockerfile:rebuilt@2");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "Dockerfile:unaffected");
}

TEST(Hidden, AModeIsTheOneOfACheckout) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY g /g\n"}, {"g", "1\n"}});
  repository.shell("chmod 755 g; git -c user.name=t -c user.email=t@t commit -qam x; chmod 600 g");
  const auto explained = run_dcache({"explain", "--git", "HEAD"}, repository.path());
  EXPECT_NE(explained.out.find("changed from 0755 to 0600"), std::string::npos) << explained.out;
}

TEST(Hidden, AFileWithTheSameTimeIsCompared) {
  for (const char* setting : {"core.trustctime false", "core.checkStat minimal"}) {
    const Repository repository({{"Dockerfile", "FROM a\nCOPY f /f\n"}, {"f", "1\n"}});
    repository.shell(std::string("git config ") + setting +
                     "; touch -d 2020-01-01 f; git update-index --refresh; echo 2 >f; touch -d 2020-01-01 f");
    EXPECT_EQ(repository.effects({"--no-store", "--git", "HEAD"}), "Dockerfile:rebuilt@2") << setting;
  }
}

TEST(Hidden, ATreeIsNotACommit) {
  const Repository repository(kTwo);
  const auto outcome = run_dcache({"affected", "--git", "HEAD:web"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("'HEAD:web' is not a commit"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace dcache
