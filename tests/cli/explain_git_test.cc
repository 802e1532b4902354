// `dcache explain --git` and several images, on repositories made with git itself.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

class ModuleRepository : public test::GitFolder {
 public:
  ModuleRepository() {
    write("Dockerfile", "FROM x\nCOPY go.mod ./\nRUN deps\nCOPY src ./src\nCOPY . .\n");
    write(".dockerignore", ".git\n*.md\n.gitignore\nout\n");
    write(".gitignore", "out\n");
    write("go.mod", "module\n");
    write("src/a", "1\n");
    write("src/b", "1\n");
    write("README.md", "1\n");
    write("out/built", "1\n");
    git("init -q -b main");
    commit("first");
  }

  json explain(const std::string& range) const {
    const Outcome outcome = run_dcache({"explain", "--git", range, "--format", "json"}, path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out) : json();
  }
  // "2:hit 3:miss", FROM left out.
  static std::string verdicts(const json& explanation) {
    std::string text;
    for (const json& step : explanation.at("steps")) {
      if (step.at("instruction").get<std::string>().starts_with("FROM")) continue;
      text +=
          (text.empty() ? "" : " ") + step.at("line").dump() + ":" + step.at("verdict").get<std::string>();
    }
    return text;
  }
};

TEST(ExplainGit, ComparesTheWorkTreeWithARevision) {
  const ModuleRepository repository;
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:hit");
  repository.write("src/a", "2\n");
  const json edited = repository.explain("HEAD");
  EXPECT_EQ(repository.verdicts(edited), "2:hit 3:hit 4:miss 5:miss");
  EXPECT_EQ(edited["steps"][3]["cause"]["path"], "src/a");
  EXPECT_EQ(edited["steps"][3]["cause"]["change"], "changed");
  repository.write("README.md", "ignored by the ignore file\n");
  repository.git("checkout -q src/a");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:hit");
}

// What a file held that git ignores is not known.
TEST(ExplainGit, DoesNotTrustFilesThatGitIgnores) {
  const ModuleRepository repository;
  repository.write(".dockerignore", ".git\n");
  repository.commit("ignored");
  const json explanation = repository.explain("HEAD");
  EXPECT_EQ(repository.verdicts(explanation), "2:hit 3:hit 4:hit 5:depends");
  EXPECT_EQ(explanation["steps"][4]["cause"]["path"], "out/built");
  EXPECT_EQ(explanation["steps"][4]["cause"]["change"], "assumed");
  repository.write("src/a", "2\n");
  const json edited = repository.explain("HEAD");
  EXPECT_EQ(repository.verdicts(edited), "2:hit 3:hit 4:miss 5:miss");
  EXPECT_EQ(edited["steps"][4]["cause"]["path"], "src/a");
}

TEST(ExplainGit, BuildsAllOfANewImage) {
  const ModuleRepository repository;
  repository.write("New.Dockerfile", "FROM x\nCOPY go.mod ./\n");
  const Outcome outcome = run_dcache({"explain", "-f", "New.Dockerfile", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("All steps are new: there is no New.Dockerfile at HEAD"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("1 of 1 step rebuilds"), std::string::npos) << outcome.out;
}

// Without a question it is the one that people have.
TEST(ExplainGit, ComparesWithTheLastCommitIfNobodyAsks) {
  const ModuleRepository repository;
  repository.write("src/a", "2\n");
  const Outcome outcome = run_dcache({"explain"}, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("since HEAD"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("ignore file .dockerignore"), std::string::npos) << outcome.out;
}

TEST(ExplainGit, NamesThePatternThatIgnoresAFileNow) {
  const ModuleRepository repository;
  repository.shell("echo src/b >>.dockerignore");
  const json cause = repository.explain("HEAD")["steps"][3]["cause"];
  EXPECT_EQ(cause["path"], "src/b");
  EXPECT_EQ(cause["change"], "ignored");
  EXPECT_EQ(cause["after"], "src/b");
  EXPECT_EQ(cause["name"], ".dockerignore:5");
}

TEST(ExplainGit, FollowsTheLinkOfAnIgnoreFile) {
  const ModuleRepository repository;
  repository.shell("mv .dockerignore list && ln -s list .dockerignore");
  repository.commit("link");
  repository.shell("echo src/b >>list");
  const json cause = repository.explain("HEAD")["steps"][3]["cause"];
  EXPECT_EQ(cause["path"], "src/b");
  EXPECT_EQ(cause["change"], "ignored");
}

TEST(ExplainGit, ComparesRevisions) {
  const ModuleRepository repository;
  repository.write("src/a", "2\n");
  repository.commit("second");
  repository.git("checkout -q -b topic HEAD~1");
  repository.write("go.mod", "changed\n");
  repository.commit("topic");
  repository.write("src/b", "not committed\n");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD~1..HEAD")), "2:miss 3:miss 4:miss 5:miss");
  EXPECT_EQ(repository.verdicts(repository.explain("main~1..main")), "2:hit 3:hit 4:miss 5:miss");
  const json parted = repository.explain("main...topic");
  EXPECT_EQ(parted["steps"][1]["cause"]["path"], "go.mod");
  EXPECT_EQ(parted["steps"][3].contains("follows"), true);  // src/a did not change on this side
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD..HEAD")), "2:hit 3:hit 4:hit 5:hit");
}

// What git tells of a work tree is what two snapshots of it tell.
TEST(ExplainGit, AgreesWithSnapshots) {
  for (const char* edit :
       {"echo 2 >src/a", "rm src/b", "git mv src/b src/c", "chmod +x src/a", "echo new >src/new",
        "ln -sf a src/b", "mkdir deep && mv src/a deep/a", "touch src/a", "echo RUN more >>Dockerfile",
        "echo src/b >>.dockerignore", "rm .dockerignore", "sed -i s/deps/others/ Dockerfile",
        "rm -r src/b && mkdir src/b && echo 1 >src/b/in", "sed -i s/go.mod/src\\\\/a/ Dockerfile"}) {
    const ModuleRepository repository;
    const test::TemporaryFolder outside;
    EXPECT_EQ(run_dcache({"snapshot", "-o", outside / "s"}, repository.path()).status, 0);
    repository.shell(edit);
    const Outcome since =
        run_dcache({"explain", "--since", outside / "s", "--format", "json"}, repository.path());
    ASSERT_EQ(since.status, 0) << since.err;
    const json by_snapshot = json::parse(since.out), by_git = repository.explain("HEAD");
    EXPECT_EQ(repository.verdicts(by_git), repository.verdicts(by_snapshot)) << edit;
    // A snapshot does not record what the ignore file said.
    if (std::string_view(edit) == "rm .dockerignore") continue;
    EXPECT_EQ(by_git["steps"], by_snapshot["steps"]) << edit;
  }
}

TEST(ExplainGit, SeesLineEndsAsACheckoutWritesThem) {
  const ModuleRepository repository;
  repository.write(".gitattributes", "* text eol=crlf\n");
  repository.commit("attributes");
  repository.git("rm -q --cached -r .");
  repository.git("reset -q --hard");
  EXPECT_EQ(repository.read("src/a"), "1\r\n");
  repository.write("src/b", "2\r\n");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:miss 5:miss");
  repository.shell("printf '1\\r\\n' >src/b");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:hit");
}

// With another commit, and where something is staged; an edit alone does not write them.
TEST(ExplainGit, KnowsWhenGitsOwnFilesChange) {
  const ModuleRepository repository;
  repository.write(".dockerignore", "out\n");
  repository.commit("everything");
  repository.write("README.md", "2\n");
  const auto more = [&](const char* revision) -> json {
    return repository.explain(revision)["steps"][4]["cause"].value("more", json(0));
  };
  EXPECT_EQ(more("HEAD"), 0);
  repository.git("add README.md");
  EXPECT_EQ(more("HEAD"), 1);  // .git/index and README.md
  repository.commit("more");
  EXPECT_EQ(more("HEAD~1"), 1);
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:depends");
}

TEST(ExplainGit, ReadsTheRepositoryOfAnotherUserWhereThatIsAllowed) {
  if (!test::is_root()) GTEST_SKIP() << "only root can give files to another user";
  const ModuleRepository repository;
  repository.shell("chown -R 12345 .");
  repository.write("home/.gitconfig", "");
  test::set_variable("HOME", repository / "home");
  const auto explain = [&] { return run_dcache({"explain", "--git", "HEAD"}, repository.path()); };
  const Outcome refused = explain();
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("safe.directory"), std::string::npos) << refused.err;
  repository.write("home/.gitconfig", "[safe]\n\tdirectory = *\n");
  EXPECT_EQ(explain().status, 0);
  repository.write("home/.gitconfig", "[safe]\n\tdirectory = *\n\tdirectory =\n");
  EXPECT_EQ(explain().status, 2);
  repository.write("home/.gitconfig", "[safe]\n\tdirectory = " + repository.path() + "\n");
  EXPECT_EQ(explain().status, 0);
}

TEST(ExplainGit, RefusesWhatItCanNotCompare) {
  const ModuleRepository repository;
  EXPECT_EQ(run_dcache({"explain", "--git", "nowhere"}, repository.path()).status, 2);
  const Outcome both = run_dcache({"explain", "--git", "HEAD", "--changed", "a"}, repository.path());
  EXPECT_EQ(both.status, 2);
  const test::TemporaryFolder no_repository;
  no_repository.write("Dockerfile", "FROM x\n");
  const Outcome outcome = run_dcache({"explain", "--git", "HEAD"}, no_repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("git repository"), std::string::npos) << outcome.err;
}

TEST(ExplainGit, SaysPlainlyWhatCanNotBeCompared) {
  const ModuleRepository repository;
  for (const char* const revision : {"HEAD:Dockerfile", "HEAD..HEAD:Dockerfile"}) {
    const Outcome outcome = run_dcache({"explain", "--git", revision}, repository.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err,
              fmt::format("dcache: '{}' is not a commit; name a commit, a branch or a tag\n", revision));
  }
  const test::GitFolder unborn;
  unborn.git("init -q");
  unborn.write("Dockerfile", "FROM x\nCOPY f /\n");
  unborn.write("f", "");
  for (const char* const command : {"explain", "affected"}) {
    const Outcome outcome = run_dcache({command}, unborn.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_TRUE(outcome.err.starts_with("dcache: this repository has no commit yet to compare with; "))
        << outcome.err;
  }
}

TEST(ExplainGit, SaysWhatABareRepositoryLacks) {
  const test::GitFolder repository;
  repository.git("init -q --bare");
  const Outcome outcome = run_dcache({"explain", "--git", "a..b"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(
      outcome.err.find("is in a bare repository, which has no files but those of commits; dcache history "
                       "reads these, other commands need a work tree: git worktree add FOLDER\n"),
      std::string::npos)
      << outcome.err;
}

TEST(ExplainGit, LooksAtFilesThatGitWasToldNotToLookAt) {
  const ModuleRepository repository;
  repository.git("update-index --assume-unchanged src/a");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:hit");
  repository.write("src/a", "2\n");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:miss 5:miss");
  repository.git("update-index --no-assume-unchanged src/a");
  repository.git("update-index --skip-worktree src/a");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:miss 5:miss");
}

TEST(ExplainGit, ComparesLargeFilesWithTheirPointers) {
  const ModuleRepository repository;
  // Of "1\n", which src/a contains.
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid "
      "sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865\nsize 2\n";
  repository.write("src/a", pointer);
  repository.write(".gitattributes", "src/a filter=lfs\n");
  repository.commit("pointer");
  repository.write("src/a", "1\n");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:hit 5:hit");
  repository.write("src/a", "2\n");
  EXPECT_EQ(repository.verdicts(repository.explain("HEAD")), "2:hit 3:hit 4:miss 5:miss");
}

TEST(ExplainGit, DoesNotTrustARepositoryInsideOfThisOne) {
  const ModuleRepository repository;
  repository.write("src/inner/f", "1\n");
  repository.git("init -q src/inner");
  const json explanation = repository.explain("HEAD");
  EXPECT_EQ(repository.verdicts(explanation), "2:hit 3:hit 4:depends 5:depends");
  EXPECT_EQ(explanation["steps"][3]["cause"]["change"], "assumed");
}

TEST(ExplainSeveral, JudgesEveryImageOfAFolder) {
  const ModuleRepository repository;
  repository.write("tools/Dockerfile", "FROM x\nCOPY tool .\n");
  repository.write("tools/tool", "1\n");
  repository.commit("tools");
  repository.write("tools/tool", "2\n");
  const Outcome outcome =
      run_dcache({"explain", "-f", ".", "--git", "HEAD", "--format", "json"}, repository.path());
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json images = json::parse(outcome.out)["images"];
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(images[0]["dockerfile"], "Dockerfile");
  EXPECT_EQ(repository.verdicts(images[0]), "2:hit 3:hit 4:hit 5:miss");
  EXPECT_EQ(images[1]["dockerfile"], "tools/Dockerfile");
  EXPECT_EQ(repository.verdicts(images[1]), "2:miss");
}

TEST(ExplainSeveral, GoesOnAfterAnImageThatCanNotBeRead) {
  const ModuleRepository repository;
  repository.write("bad.Dockerfile", "FROM\n");
  const Outcome outcome = run_dcache({"explain", "-f", "bad.Dockerfile", "-f", "Dockerfile", "--changed",
                                      "src/a", "--changed", "/etc/passwd"},
                                     repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.out.find("Dockerfile: 2 of 4 steps rebuild"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("bad.Dockerfile:1"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("/etc/passwd is in the build context of no image"), std::string::npos);
}

// The files that did not change are left out of a comparison, but not those that a link leads to.
TEST(ExplainGit, FollowsLinksThatAPatternMatches) {
  const test::GitFolder folder;
  folder.write("Dockerfile", "FROM x\nCOPY *.txt /t/\nCOPY docs/*.md /d/\n");
  folder.write("a.txt", "1\n");
  folder.write("docs/other", "1\n");
  test::make_link("a.txt", folder.path() + "/link.txt");
  test::make_link("other", folder.path() + "/docs/x.md");
  folder.git("init -q -b main");
  folder.commit("first");
  const Outcome outcome =
      run_dcache({"explain", "--git", "HEAD", "-f", "Dockerfile", "--context", "."}, folder.path());
  EXPECT_TRUE(outcome.out.starts_with("Nothing rebuilds since HEAD: all 2 steps are reused\n"))
      << outcome.out;
}

}  // namespace
}  // namespace dcache
