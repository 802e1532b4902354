// `dcache history --keep`: what a run leaves for the next one.
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

const std::string kDockerfile =
    "FROM x AS deps\nCOPY go.mod ./\nRUN deps\n\nFROM deps\nCOPY . .\nRUN build\n";
const test::Files kWeb = {{"Dockerfile", kDockerfile},
                          {".dockerignore", ".git\n*.md\n"},
                          {"go.mod", "1\n"},
                          {"main.go", "1\n"},
                          {"README.md", "1\n"}};

class KeptHistory : public test::Repository {
 public:
  KeptHistory() : test::Repository(kWeb) {}

  void change(const test::Files& files) {
    for (const auto& [name, content] : files)
      write(name, content);
    commit(fmt::format("{}", ++commits_));
  }

  // Standard output as JSON; for --keep the file is next to the folder of git's own files.
  json run(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"history", "--format", "json", "--steps"});
    const Outcome outcome = run_dcache(arguments, path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out) : json();
  }
  json kept(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.end(), {"--keep", ".git/kept"});
    return run(std::move(arguments));
  }

 private:
  int commits_ = 0;
};

TEST(HistoryKeep, SaysTheSameAsWithout) {
  KeptHistory repository;
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"main.go", "2\n"}});
  repository.change({{"go.mod", "2\n"}});
  EXPECT_EQ(repository.kept(), repository.run());
  EXPECT_EQ(repository.kept(), repository.run()) << "without a new commit";
  repository.change({{"go.mod", "1\n"}, {"main.go", "1\n"}});  // all of it was built before
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"Dockerfile", kDockerfile + "RUN test\n"}});
  repository.change({{"main.go", "3\n"}});
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"Dockerfile", "FROM x AS deps\nCOPY go.mod ./\n\nFROM deps\nCOPY . .\n"}});
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"Dockerfile", kDockerfile}, {"main.go", "4\n"}});  // steps come back
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"Dockerfile", "FROM x\nCOPY main.go /\nCOPY lib /lib\n"}});  // fails
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"lib/a", "1\n"}});  // it looks at more than before
  EXPECT_EQ(repository.kept(), repository.run());
  repository.change({{"lib/a", "2\n"}, {".gitattributes", "* text\n"}});
  repository.change({{"README.md", "2\n"}});
  EXPECT_EQ(repository.kept(), repository.run());
  EXPECT_EQ(repository.kept(), repository.run());
}

TEST(HistoryKeep, SaysTheSameOfWorkersThatStartEmpty) {
  KeptHistory repository;
  for (const std::string text : {"2\n", "3\n", "1\n"}) {
    repository.change({{"main.go", text}});
    EXPECT_EQ(repository.kept({"--cache-from", "min"}), repository.run({"--cache-from", "min"})) << text;
  }
}

TEST(HistoryKeep, DoesNotReadOldCommitsAgain) {
  KeptHistory repository;
  repository.change({{"main.go", "2\n"}});
  repository.change({{"main.go", "3\n"}});
  repository.kept();
  repository.change({{"main.go", "4\n"}});
  const json expected = repository.run();
  // A run that looks at all commits needs the files of the second one.
  repository.shell("git rev-parse HEAD~2^{tree} >.git/name");
  std::string name = repository.read(".git/name");
  name.pop_back();
  std::filesystem::remove(repository.path() + "/.git/objects/" + name.substr(0, 2) + "/" + name.substr(2));
  EXPECT_EQ(run_dcache({"history"}, repository.path()).status, 2);
  EXPECT_EQ(repository.kept(), expected);
}

TEST(HistoryKeep, KnowsWhatWasBuiltBeforeTheCommitsThatAreShown) {
  KeptHistory repository;
  repository.kept();
  repository.change({{"main.go", "2\n"}});
  repository.change({{"README.md", "2\n"}});
  repository.change({{"main.go", "1\n"}});  // the state of the first commit
  const auto rebuilt = [](const json& history) {
    return history.at("images")[0].at("steps").back().at("rebuilt");
  };
  repository.kept({"-n", "3"});  // of which none was kept
  repository.change({{"README.md", "3\n"}});
  repository.change({{"main.go", "2\n"}});
  EXPECT_EQ(rebuilt(repository.run({"-n", "3"})), 2);
  EXPECT_EQ(rebuilt(repository.kept({"-n", "3"})), 1);
}

TEST(HistoryKeep, StartsAgainForAnotherQuestion) {
  KeptHistory repository;
  repository.change({{"main.go", "2\n"}});
  repository.change({{"go.mod", "2\n"}});
  repository.kept();
  EXPECT_EQ(repository.kept({"--target", "deps"}), repository.run({"--target", "deps"}));
  EXPECT_EQ(repository.kept({"--cache-from", "min"}), repository.run({"--cache-from", "min"}));
  EXPECT_EQ(repository.kept({"HEAD~1"}), repository.run({"HEAD~1"}));
  EXPECT_EQ(repository.kept({"-n", "1"}), repository.run({"-n", "1"}));
  EXPECT_EQ(repository.kept({"-n", "3"}), repository.run({"-n", "3"})) << "more than there was";
  repository.write("b.Dockerfile", "FROM x\nCOPY main.go /\n");
  repository.commit("another");
  EXPECT_EQ(repository.kept({"-f", "b.Dockerfile"}), repository.run({"-f", "b.Dockerfile"}));
}

TEST(HistoryKeep, StartsAgainIfNothingCouldBeBuilt) {
  KeptHistory repository;
  repository.change({{"main.go", "2\n"}});
  EXPECT_EQ(run_dcache({"history", "--target", "nope", "--keep", ".git/kept"}, repository.path()).status, 2);
  EXPECT_FALSE(std::filesystem::exists(repository.path() + "/.git/kept"));
  EXPECT_EQ(repository.kept({"-f", "Dockerfile", "--context", "none"}).at("images")[0].at("built"), 0);
  EXPECT_EQ(repository.kept({"-f", "Dockerfile"}), repository.run({"-f", "Dockerfile"}));
}

TEST(HistoryKeep, StartsAgainWhereAMergeBringsOlderCommits) {
  KeptHistory repository;
  repository.git("checkout -q -b side");
  repository.change({{"go.mod", "2\n"}});
  repository.git("checkout -q -");
  repository.change({{"main.go", "2\n"}});
  repository.kept();
  repository.git("-c user.name=t -c user.email=t@t merge -q -m merge side");
  EXPECT_EQ(repository.kept(), repository.run());
}

TEST(HistoryKeep, RefusesOtherFiles) {
  KeptHistory repository;
  repository.write("notes", "of mine\n");
  const Outcome other = run_dcache({"history", "--keep", "notes"}, repository.path());
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(
      other.err.find("--keep: notes is not what an earlier replay left; delete it, or name another file"),
      std::string::npos)
      << other.err;
  EXPECT_EQ(repository.read("notes"), "of mine\n");
  repository.kept();
  const std::string text = repository.read(".git/kept");
  for (size_t size = 1; size + 1 < text.size(); size += 97) {
    repository.write("cut", text.substr(0, size));
    EXPECT_EQ(run_dcache({"history", "--keep", "cut"}, repository.path()).status, 2) << size;
  }
  for (size_t at = 40; at < text.size(); at += 31) {
    std::string changed = text;
    changed[at] = changed[at] == '9' ? '8' : '9';
    repository.write("changed", changed);
    EXPECT_EQ(run_dcache({"history", "--keep", "changed"}, repository.path()).status, 2) << at;
  }
  EXPECT_EQ(run_dcache({"history", "--keep", "none/kept"}, repository.path()).status, 2);
}

}  // namespace
}  // namespace dcache
