// `dcache history`, on repositories made with git itself.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/text/times.h"
#include "tests/cli/repository.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

class HistoryRepository : public test::Repository {
 public:
  using test::Repository::Repository;

  void change(const test::Files& files, const std::string& message) const {
    for (const auto& [name, content] : files)
      write(name, content);
    commit(message);
  }

  json history(std::vector<std::string> arguments = {}, const std::string& folder = "") const {
    arguments.insert(arguments.begin(), "history");
    arguments.insert(arguments.end(), {"--format", "json", "--steps"});
    const Outcome outcome = run_dcache(arguments, folder.empty() ? path() : folder);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out) : json();
  }
};

// "2:5 3:4+1", the line of each step, how often it rebuilt, and how often perhaps; FROM left out.
std::string counts(const json& history, size_t image = 0) {
  std::string text;
  for (const json& step : history.at("images")[image].at("steps")) {
    if (step.at("instruction").get<std::string>().starts_with("FROM")) continue;
    text += (text.empty() ? "" : " ") + step.at("line").dump() + ":" + step.at("rebuilt").dump();
    if (step.at("depends") != 0) text += "+" + step.at("depends").dump();
  }
  return text;
}

// "go.mod 2, main.go 1", why the step in a line rebuilt.
std::string causes(const json& history, int line, size_t image = 0) {
  std::string text;
  for (const json& step : history.at("images")[image].at("steps")) {
    if (step.at("line") != line) continue;
    for (const json& cause : step.at("causes")) {
      text +=
          (text.empty() ? "" : ", ") + cause.at("path").get<std::string>() + " " + cause.at("commits").dump();
    }
  }
  return text;
}

const test::Files kGo = {{"Dockerfile", "FROM x\nCOPY go.mod ./\nRUN deps\nCOPY . .\nRUN build\n"},
                         {".dockerignore", ".git\n*.md\n"},
                         {"go.mod", "1\n"},
                         {"main.go", "1\n"},
                         {"README.md", "1\n"}};

TEST(History, CountsHowOftenStepsRebuild) {
  const HistoryRepository repository(kGo);
  repository.change({{"main.go", "2\n"}}, "main");
  repository.change({{"README.md", "2\n"}}, "readme");
  repository.change({{"go.mod", "2\n"}, {"main.go", "3\n"}}, "both");
  repository.change({{"main.go", "4\n"}}, "main");
  const json history = repository.history();
  EXPECT_EQ(counts(history), "2:2 3:2 4:4 5:4");
  EXPECT_EQ(causes(history, 3), "go.mod 1");
  EXPECT_EQ(causes(history, 4), "main.go 3, go.mod 1");
  const json& image = history.at("images")[0];
  EXPECT_EQ(image.at("built"), 5);
  EXPECT_EQ(image.at("unchanged"), 1);
}

TEST(History, ReusesAnEarlierState) {
  const HistoryRepository repository(kGo);
  repository.change({{"main.go", "2\n"}}, "main");
  repository.change({{"main.go", "1\n"}}, "back");
  EXPECT_EQ(counts(repository.history()), "2:1 3:1 4:2 5:2");
  // A worker that starts empty has only the state before.
  EXPECT_EQ(counts(repository.history({"--cache-from", "max"})), "2:1 3:1 4:3 5:3");
}

TEST(History, ImportsWhatTheDefinitionSays) {
  const HistoryRepository repository(kGo);
  const auto compose = [](const std::string& mode) {
    return "services: {app: {build: {context: ., cache_from: ['type=gha'], cache_to: ['type=gha,mode=" +
           mode + "']}}}\n";
  };
  repository.change({{"compose.yaml", compose("max")}, {".dockerignore", "*\n!go.mod\n!main.go\n"}},
                    "defined");
  repository.change({{"main.go", "2\n"}}, "main");
  repository.change({{"main.go", "1\n"}}, "back");
  const json history = repository.history({"--cache-from", "defined", "HEAD~3..HEAD"});
  EXPECT_EQ(counts(history), "2:1 3:1 4:3 5:3");
  // What there is to say is said once.
  repository.change({{"compose.yaml", "services: {app: {build: {context: .}}}\n"}}, "none");
  EXPECT_EQ(run_dcache({"history", "--cache-from", "defined"}, repository.path()).err,
            "dcache: warning: app: its definition imports no cache\n");
}

TEST(History, NamesTheFileThatMakesANewCombination) {
  const HistoryRepository repository(
      test::Files{{"Dockerfile", "FROM x AS a\nCOPY x /x\nFROM x\nCOPY y /y\nCOPY --from=a /x /x\n"},
                  {"x", "1\n"},
                  {"y", "1\n"}});
  repository.change({{"x", "2\n"}}, "x");
  repository.change({{"y", "2\n"}}, "y");
  repository.change({{"x", "1\n"}}, "back");
  EXPECT_EQ(causes(repository.history(), 5), "x 2, y 1");
}

TEST(History, FollowsStepsThroughEditsOfTheDockerfile) {
  const HistoryRepository repository(kGo);
  repository.change(
      {{"Dockerfile", "FROM x\n# deps first\nCOPY go.mod ./\nRUN deps --all\nCOPY . .\nRUN build\n"}},
      "edit");
  repository.change({{"main.go", "2\n"}}, "main");
  const json history = repository.history();
  EXPECT_EQ(counts(history), "3:1 4:2 5:3 6:3");
  EXPECT_EQ(causes(history, 4), "Dockerfile 1");
}

TEST(History, CountsOfEachStepTheCommitsThatHaveIt) {
  const HistoryRepository repository({{"Dockerfile", "FROM x\nWORKDIR /app\nADD . /app\nRUN make\n"},
                                      {".dockerignore", "Dockerfile\n.git\n"},
                                      {"a", "0\n"}});
  for (const std::string text : {"1\n", "2\n", "3\n"})
    repository.change({{"a", text}}, text);
  repository.change({{"Dockerfile", "FROM x AS build\nWORKDIR /app\nCOPY . .\nRUN npm run build\n"}},
                    "other");
  repository.change({{"a", "4\n"}}, "4");
  const Outcome text = run_dcache({"history"}, repository.path());
  EXPECT_NE(text.out.find("Dockerfile: built at 6 commits, steps rebuild at 6\n"), std::string::npos)
      << text.out;
  EXPECT_NE(text.out.find("\n4     2 of 2   100 %  ████████  RUN npm run build"), std::string::npos)
      << text.out;
  EXPECT_NE(text.out.find("The Dockerfile changed: \"of\" says how many commits have the step."),
            std::string::npos)
      << text.out;
  const json steps = repository.history().at("images")[0].at("steps");
  EXPECT_EQ(steps.back().at("built"), 2);
  EXPECT_EQ(steps.back().at("rebuilt"), 2);
  EXPECT_EQ(steps[1].at("built"), 6) << "WORKDIR is in both";
}

// One commit has a Dockerfile without the step.
TEST(History, CountsAStepThatWasGoneForAWhile) {
  const std::string dockerfile = "FROM bb\nCOPY s /s\nRUN make\n";
  const HistoryRepository repository(test::Files{{"Dockerfile", dockerfile}, {"s", "1\n"}});
  for (const std::string text : {"2\n", "3\n", "4\n"})
    repository.change({{"s", text}}, text);
  repository.change({{"s", "5\n"}, {"Dockerfile", "FROM bb\nCOPY s /s\n"}}, "without");
  repository.change({{"s", "6\n"}, {"Dockerfile", dockerfile}}, "with");
  repository.change({{"s", "7\n"}}, "7");
  const json step = repository.history().at("images")[0].at("steps")[2];
  EXPECT_EQ(step.at("instruction"), "RUN make");
  EXPECT_EQ(step.at("built"), 6);
  EXPECT_EQ(step.at("rebuilt"), 6);
}

// The commits of a branch, which has an older Dockerfile, and of main come by turns.
TEST(History, CountsAStepThatASideBranchLacks) {
  const std::string older = "FROM bb\nCOPY s /s\n";
  const HistoryRepository repository(test::Files{{"Dockerfile", older}, {"s", "1\n"}, {"t", "1\n"}});
  int day = 1;
  const auto edit = [&](const std::string& file, const std::string& text) {
    repository.write(file, text);
    repository.shell(
        fmt::format("git add -A && GIT_COMMITTER_DATE=2099-01-0{}T00:00:00Z git -c user.name=t -c "
                    "user.email=t@t commit -q -m {}",
                    day++, file));
  };
  repository.git("branch side");
  edit("Dockerfile", older + "RUN make\n");
  for (int i = 2; i <= 4; ++i) {
    repository.git("checkout -q side");
    edit("t", fmt::format("{}\n", i));
    repository.git("checkout -q main");
    edit("s", fmt::format("{}\n", i));
  }
  repository.git("merge -q --no-edit side");
  const json image = repository.history().at("images")[0];
  size_t built = 0, rebuilt = 0;
  for (const json& commit : image.at("commits")) {
    const json& last = commit.at("steps").back();
    built += last.at("line") == 3 ? 1 : 0;
    rebuilt += last.at("line") == 3 && last.at("verdict") == "miss" ? 1 : 0;
  }
  const json& step = image.at("steps").back();
  EXPECT_EQ(step.at("instruction"), "RUN make");
  EXPECT_EQ(built, 5U);
  EXPECT_EQ(step.at("built"), built);
  EXPECT_EQ(step.at("rebuilt"), rebuilt);
}

// Even commits change what both COPYs of the sources take, and the first of them in the file is the nearest
// cause.
TEST(History, StartsWithTheLineThatAloneRebuildsMost) {
  const HistoryRepository repository(test::Files{{"Dockerfile",
                                                  "FROM x AS w\nCOPY web /w\nRUN build\nFROM x\nCOPY . .\n"
                                                  "COPY --from=w /out ./public\nRUN go build\n"},
                                                 {"main.go", "1\n"},
                                                 {"web/a", "1\n"}});
  for (int i = 2; i <= 10; ++i)
    repository.change({{i % 2 == 0 ? "web/a" : "main.go", fmt::format("{}\n", i)}}, "edit");
  const std::string out = run_dcache({"history"}, repository.path()).out;
  EXPECT_NE(
      out.find("\nStart with line 5 (COPY . .): because of it, line 7 (RUN go build) runs again in 9 of 10 "
               "commits."),
      std::string::npos)
      << out;
}

TEST(History, SaysWhatFiltersKeepFromGit) {
  const HistoryRepository repository(test::Files{{"Dockerfile", "FROM x\nCOPY . .\n"},
                                                 {".gitattributes", "# filter=no\n*.bin filter=lfs -text\n"},
                                                 {"a.bin", "1\n"}});
  EXPECT_EQ(
      repository.history().at("notes"),
      json::array(
          {"files with the filter Git LFS (.gitattributes) count as changed when what git stores of them "
           "changes, such as the pointer of a large file"}));
}

TEST(History, LetsArgumentsDifferThatCiChanges) {
  const HistoryRepository repository(
      test::Files{{"Dockerfile", "FROM x\nARG GIT_SHA\nARG MODE\nRUN npm ci\nRUN echo $GIT_SHA\n"},
                  {".github/workflows/ci.yml",
                   "on: push\njobs:\n  j:\n    runs-on: ubuntu-24.04\n    steps:\n"
                   "    - uses: docker/build-push-action@v6\n      with:\n        context: .\n"
                   "        tags: a\n        build-args: |\n          GIT_SHA=v-${{ github.sha }}\n"
                   "          MODE=${{ vars.MODE }}\n          OTHER=${{ github.run_id }}\n"},
                  {"a", "1\n"}});
  for (const char* text : {"2\n", "3\n"})
    repository.change({{"a", text}}, "a");
  const json history = repository.history();
  EXPECT_EQ(counts(history), "4:3 5:3");
  EXPECT_EQ(causes(history, 4), "GIT_SHA 2");
  EXPECT_EQ(history.at("notes"), json::array({"the build argument GIT_SHA has another value at each commit, "
                                              "since CI gives it ${{ github.sha }}"}));
  const Outcome outcome = run_dcache({"history"}, repository.path());
  EXPECT_NE(
      outcome.out.find("\nStart with the build argument GIT_SHA: because of its values, line 4 (RUN npm ci) "
                       "runs again in 2 of 3 commits. Declare GIT_SHA right above the first step that "
                       "uses it.\n"),
      std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.err.find("note: the build argument GIT_SHA has"), std::string::npos) << outcome.err;
  // What the user gives it stays.
  EXPECT_EQ(counts(repository.history({"--build-arg", "GIT_SHA=1"})), "4:1 5:1");
  // An earlier replay is gone on with.
  const auto kept = [&] { return repository.history({"--keep", ".git/kept"}); };
  kept();
  repository.change({{"a", "4\n"}}, "a");
  EXPECT_EQ(kept(), repository.history());
}

TEST(History, DoesNotStartWithEditsOfTheDockerfile) {
  const HistoryRepository repository(test::Files{{"Dockerfile", "FROM x\nRUN wget 0\n"}});
  for (const char* version : {"1", "2", "3"})
    repository.change({{"Dockerfile", fmt::format("FROM x\nRUN wget {}\n", version)}}, version);
  const Outcome text = run_dcache({"history"}, repository.path());
  EXPECT_NE(text.out.find("RUN steps rebuild because the Dockerfile was edited: another order of its lines "
                          "would save little."),
            std::string::npos)
      << text.out;
}

TEST(History, NamesTheIgnoreFileThatChanged) {
  const HistoryRepository repository(kGo);
  repository.change({{".dockerignore", ".git\n"}}, "unignore");
  EXPECT_EQ(causes(repository.history(), 4), ".dockerignore 1");
  // It is not in the context itself.
  const HistoryRepository hidden({{"Dockerfile", "FROM x\nCOPY . .\n"},
                                  {".dockerignore", ".git\n.dockerignore\n*.md\n"},
                                  {"README.md", "1\n"}});
  hidden.change({{".dockerignore", ".git\n.dockerignore\n"}}, "unignore");
  EXPECT_EQ(causes(hidden.history(), 2), ".dockerignore 1");
}

TEST(History, SaysWhichCommitsCantBeBuilt) {
  const HistoryRepository repository(kGo);
  repository.git("mv go.mod other");
  repository.commit("moved");
  repository.git("mv other go.mod");
  repository.commit("back");
  const json image = repository.history().at("images")[0];
  EXPECT_EQ(image.at("failed"), 1);
  const json& failed = image.at("commits")[1];
  EXPECT_EQ(failed.at("state"), "fails");
  EXPECT_EQ(failed.at("reason"), "line 2: go.mod does not exist in the context");
  EXPECT_EQ(failed.at("steps"), json::array());
  // Nothing is left of it.
  repository.change({{"Dockerfile", "FROM x\nRUN new\nCOPY missing /\n"}}, "fails");
  repository.change({{"Dockerfile", "FROM x\nRUN new\n"}}, "works");
  const json now = repository.history();
  EXPECT_EQ(now.at("images")[0].at("commits").back().at("steps")[1].at("verdict"), "miss");
}

TEST(History, CountsGitsOwnFilesWhereTheyAreCopied) {
  const HistoryRepository repository(test::Files{{"Dockerfile", "FROM x\nCOPY . .\n"}, {"a", "1\n"}});
  repository.change({{"a", "2\n"}}, "a");
  const json history = repository.history();
  EXPECT_EQ(counts(history), "2:2");
  EXPECT_EQ(causes(history, 2), ".git 1, a 1");
  repository.git("commit -q --allow-empty -m none");
  EXPECT_EQ(counts(repository.history()), "2:3");
  // There it is a file that names the folder.
  const test::TemporaryFolder folder;
  repository.git("worktree add -q --detach '" + folder / "linked" + "'");
  EXPECT_EQ(counts(repository.history({}, folder / "linked")), "2:2");
}

// A commit moves the branch; it leaves alone which one it is.
TEST(History, CountsFilesOfGitThatStepsName) {
  const HistoryRepository repository(test::Files{{"Dockerfile",
                                                  "FROM x\nCOPY .git/HEAD /\nCOPY .git/refs /refs\n"
                                                  "COPY .git/logs/HEAD .git/index /\n"},
                                                 {"a", "1\n"}});
  repository.change({{"a", "2\n"}}, "a");
  repository.git("commit -q --allow-empty -m empty");
  const json history = repository.history();
  EXPECT_EQ(counts(history), "2:1 3:3 4:3");
  EXPECT_EQ(causes(history, 3), ".git 2");
}

TEST(History, KnowsImagesThatStartFromOthers) {
  const HistoryRepository repository(
      {{"docker-bake.hcl",
        "group \"default\" { targets = [\"app\"] }\n"
        "target \"base\" { context = \"base\" }\n"
        "target \"app\" {\n  context = \"app\"\n  contexts = { base = \"target:base\" }\n}\n"},
       {"base/Dockerfile", "FROM x\nCOPY b /b\n"},
       {"base/b", "1\n"},
       {"app/Dockerfile", "FROM base\nRUN app\n"}});
  repository.change({{"base/b", "2\n"}}, "base");
  const json history = repository.history({"--image", "app"});
  EXPECT_EQ(counts(history), "2:2");
  EXPECT_EQ(causes(history, 2), "base 1");
}

TEST(History, SeesAnArgumentOfAnImageThatStartsFromAnother) {
  const auto definition = [](const std::string& version) {
    return "target \"base\" { context = \"base\" }\ntarget \"app\" {\n  context = \"app\"\n  args = { V = "
           "\"" +
           version + "\" }\n  contexts = { base = \"target:base\" }\n}\n";
  };
  const HistoryRepository repository({{"docker-bake.hcl", definition("1")},
                                      {"base/Dockerfile", "FROM x\nCOPY b /b\n"},
                                      {"base/b", "1\n"},
                                      {"app/Dockerfile", "FROM base\nARG V\nRUN app\n"}});
  repository.change({{"docker-bake.hcl", definition("2")}}, "version");
  EXPECT_EQ(counts(repository.history({"--image", "app"})), "3:2");
}

TEST(History, StartsWhereAnImageWasAdded) {
  const HistoryRepository repository(test::Files{{"README.md", "1\n"}});
  repository.change(kGo, "image");
  repository.change({{"main.go", "2\n"}}, "main");
  const json image = repository.history().at("images")[0];
  EXPECT_EQ(image.at("built"), 2);
  EXPECT_EQ(image.at("commits")[0].at("state"), "absent");
}

TEST(History, FollowsAnImageThatGotAnotherName) {
  const HistoryRepository repository(kGo);
  repository.change({{"main.go", "2\n"}}, "edit");
  repository.change({{"compose.yaml", "services: {app: {build: .}}\n"}}, "compose");
  const json image = repository.history().at("images").at(0);
  EXPECT_EQ(image.at("name"), "app");
  EXPECT_EQ(image.at("built"), 3);
}

TEST(History, SaysAtHowManyCommitsThereWasNoSuchImage) {
  const HistoryRepository repository(test::Files{{"README.md", "1\n"}});
  repository.change(kGo, "image");
  const Outcome outcome = run_dcache({"history"}, repository.path());
  EXPECT_NE(outcome.out.find("built at 1 commit, steps rebuild at 1; there is no such image at 1 commit\n"),
            std::string::npos)
      << outcome.out;
}

TEST(History, SaysWhyTheNewestCommitCantBeBuilt) {
  const HistoryRepository repository(kGo);
  repository.change({{"Dockerfile", "ARG BASE\nFROM ${BASE}\n"}}, "argument");
  const std::string out = run_dcache({"history"}, repository.path()).out;
  EXPECT_NE(
      out.find("the build fails at 1 commit\n  the newest one: Dockerfile:2:6: the name of the base image is "
               "empty; give its ARG a default value"),
      std::string::npos)
      << out;
}

TEST(History, FindsTheRepositoryOfTheDockerfile) {
  const HistoryRepository repository(kGo);
  const test::TemporaryFolder elsewhere;
  for (const char* option : {"-f", ""}) {
    std::vector<std::string> arguments = {"history", option, repository.path() + "/Dockerfile"};
    std::erase(arguments, "");
    const Outcome outcome = run_dcache(arguments, elsewhere.path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("built at 1 commit"), std::string::npos) << outcome.out;
  }
}

TEST(History, FindsTheRepositoryOfTheContext) {
  const HistoryRepository repository(kGo);
  repository.write("compose.yaml", "services: {app: {build: .}}\n");
  repository.commit("definition");
  const test::TemporaryFolder elsewhere;
  const std::vector<std::vector<std::string>> all = {
      {"history", "--context", repository.path()},
      {"optimize", "--context", repository.path()},
      {"graph", "--history", "5", "--context", repository.path()},
      {"history", "--definition", repository.path() + "/compose.yaml"}};
  for (const std::vector<std::string>& arguments : all) {
    const Outcome outcome = run_dcache(arguments, elsewhere.path());
    EXPECT_EQ(outcome.status, 0) << arguments[0] << ": " << outcome.err;
    EXPECT_EQ(outcome.err, "") << arguments[0];
  }
}

TEST(History, SaysThatThereIsNoCommitYet) {
  const test::GitFolder unborn;
  unborn.git("init -q");
  unborn.write("Dockerfile", "FROM x\n");
  for (const char* const command : {"history", "optimize", "report"}) {
    const Outcome outcome = run_dcache({command}, unborn.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err, "dcache: this repository has no commit yet; commit something first\n") << command;
  }
}

TEST(History, TakesRanges) {
  const HistoryRepository repository(kGo);
  for (const char* text : {"2\n", "3\n", "4\n"})
    repository.change({{"main.go", text}}, "main");
  const auto commits = [&](const std::vector<std::string>& arguments) {
    return repository.history(arguments).at("images")[0].at("commits").size();
  };
  EXPECT_EQ(commits({}), 4U);
  EXPECT_EQ(commits({"-n", "2"}), 2U);
  repository.git("tag -a -m release v1 HEAD~1");
  EXPECT_EQ(commits({"v1"}), 3U);
  EXPECT_EQ(commits({"v1..HEAD"}), 1U);
  EXPECT_EQ(commits({"HEAD~2..HEAD"}), 2U);
  EXPECT_EQ(commits({"--git", "HEAD~1"}), 3U);
  EXPECT_EQ(commits({"--since", "yesterday"}), 4U);
  EXPECT_EQ(commits({"Dockerfile"}), 4U);
}

TEST(History, ReadsBareRepositories) {
  const HistoryRepository repository(kGo);
  repository.change({{"main.go", "2\n"}}, "main");
  repository.git("clone -q --bare . bare.git");
  EXPECT_EQ(counts(repository.history({}, repository / "bare.git")), "2:1 3:1 4:2 5:2");
}

TEST(History, ListsSeveralImagesFirst) {
  const HistoryRepository repository(test::Files{
      {"a/Dockerfile", "FROM x\nCOPY f /\nRUN a\n"}, {"a/f", "1\n"}, {"b/Dockerfile", "FROM x\nRUN b\n"}});
  repository.change({{"a/f", "2\n"}}, "f");
  const std::string out = run_dcache({"history"}, repository.path()).out;
  EXPECT_NE(out.find("IMAGE         REBUILDS AT  START WITH"), std::string::npos) << out;
  EXPECT_NE(out.find("a/Dockerfile  2 of 2       line 2 (COPY f /)"), std::string::npos) << out;
  EXPECT_NE(out.find("b/Dockerfile  1 of 2"), std::string::npos) << out;
}

TEST(History, RefusesFoldersThatAreNestedWithoutEnd) {
  const HistoryRepository repository(kGo);
  std::string path;
  for (int i = 0; i < 2100; ++i)
    path += "a/";
  repository.write("stream",
                   "commit refs/heads/deep\ncommitter t <t@t> 1700000000 +0000\ndata 1\nx\nfrom "
                   "refs/heads/main^0\nM 100644 inline " +
                       path + "f\ndata 1\nx\n");
  repository.shell("git fast-import --quiet < stream");
  const Outcome outcome = run_dcache({"history", "deep"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("is nested too deeply to read"), std::string::npos) << outcome.err;
}

TEST(History, ReadsShallowClones) {
  const HistoryRepository repository(kGo);
  for (const char* text : {"2\n", "3\n", "4\n"})
    repository.change({{"main.go", text}}, "main");
  repository.git("clone -q --depth 2 file://" + repository.path() + " shallow");
  const std::string shallow = repository / "shallow";
  EXPECT_EQ(counts(repository.history({}, shallow)), "2:1 3:1 4:2 5:2");
  EXPECT_EQ(repository.history({"HEAD~1..HEAD"}, shallow).at("images")[0].at("commits").size(), 1U);
  EXPECT_NE(run_dcache({"history"}, shallow).err.find("shallow"), std::string::npos);
}

TEST(History, SaysWhatToDoFirst) {
  const HistoryRepository repository(
      test::Files{{"Dockerfile", "FROM x\nCOPY src /src\nRUN npm ci\n"}, {"src/a", "1\n"}});
  repository.change({{"src/a", "2\n"}}, "a");
  const Outcome outcome = run_dcache({"history"}, repository.path());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find(
                "Start with line 2 (COPY src /src): because of it, line 3 (RUN npm ci) runs again in 1 "
                "of 2 commits. What changes most: src/a (1)."),
            std::string::npos)
      << outcome.out;
}

// A step that reads nothing runs again since its result was not exported.
TEST(History, SaysThatTheExportLacksAStep) {
  const HistoryRepository repository(
      test::Files{{"Dockerfile",
                   "FROM x AS b\nRUN apk add git\nCOPY src /src\nRUN make\nFROM x\n"
                   "COPY --from=b /out /\n"},
                  {"src/a", "1\n"}});
  for (const char* const text : {"2\n", "3\n", "4\n"})
    repository.change({{"src/a", text}}, "a");
  const auto out = [&](const char* mode) {
    return run_dcache({"history", "--cache-from", mode}, repository.path()).out;
  };
  for (const char* const mode : {"min", "none", "inline"})
    EXPECT_NE(
        out(mode).find("Start with the export of the cache: line 2 (RUN apk add git) runs again in 3 of "
                       "4 commits, because no imported cache has the result of this step. Export it with "
                       "mode=max.\n"),
        std::string::npos)
        << out(mode);
  EXPECT_NE(out("max").find("Start with line 3 (COPY src /src): because of it, line 4 (RUN make)"),
            std::string::npos)
      << out("max");
}

struct Refusal {
  std::vector<std::string> arguments;
  std::string message;
};

TEST(History, RefusesWhatItCantRead) {
  const HistoryRepository repository(kGo);
  const std::vector<Refusal> refusals = {
      {{"nothing..HEAD"}, "git does not know the revision 'nothing..HEAD'"},
      {{"--since", "soon"}, "--since soon: write a date such as 2026-05-07"},
      {{"HEAD", "HEAD~1"}, "one range of commits at a time"},
      {{"-f", "other/Dockerfile"}, "there is no other/Dockerfile at the newest commit"},
      {{"--cache-from", "maxi"}, "--cache-from"},
      {{"--cache-from", "max:build"}, "--cache-from: Dockerfile has no stage 'build'"},
      {{"--cache-from", "max", "--builder", "classic"}, "--cache-from is about caches of BuildKit"},
      {{"--image", "api"}, "--image api: there is no such image"},
      {{"--target", "nope"}, "--target nope: no image can be built at any of these commits: unknown stage"},
      {{"HEAD..HEAD"}, "there is no commit in HEAD..HEAD"}};
  for (const Refusal& refusal : refusals) {
    std::vector<std::string> arguments = refusal.arguments;
    arguments.insert(arguments.begin(), "history");
    const Outcome outcome = run_dcache(arguments, repository.path());
    EXPECT_EQ(outcome.status, 2) << refusal.message;
    EXPECT_NE(outcome.err.find(refusal.message), std::string::npos) << outcome.err;
  }
}

TEST(Times, AreReadAsGitDoes) {
  constexpr int64_t kNow = 1'000'000'000, kDay = 86400;
  EXPECT_EQ(text::parse_time("1970-01-02", kNow), kDay);
  EXPECT_EQ(text::parse_time("1970-01-02 01:00", kNow), kDay + 3600);
  EXPECT_EQ(text::parse_time("1970-01-02T00:00:05Z", kNow), kDay + 5);
  EXPECT_EQ(text::parse_time("2 days ago", kNow), kNow - 2 * kDay);
  EXPECT_EQ(text::parse_time("1.week", kNow), kNow - 7 * kDay);
  EXPECT_EQ(text::parse_time("yesterday", kNow), kNow - kDay);
  for (const char* text : {"soon", "2026-13-01", "2026-02-30", "3 fortnights", "2026-01-01 25:00", ""})
    EXPECT_EQ(text::parse_time(text, kNow), std::nullopt) << text;
}

}  // namespace
}  // namespace dcache
