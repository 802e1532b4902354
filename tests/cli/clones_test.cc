// Questions about revisions in clones that have not all of the history or not all of the files.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;
using Words = std::vector<std::string>;

// Two images, of which the second commit changes one.
class Origin : public test::GitFolder {
 public:
  Origin() {
    git("init -q -b main");
    git("config uploadpack.allowFilter true");
    for (const std::string folder : {"api", "web"}) {
      write(folder + "/Dockerfile", "FROM scratch\nCOPY a /a\nCOPY b /b\n");
      write(folder + "/a", "1");
      write(folder + "/b", "1");
    }
    commit("first");
    write("api/a", "2");
    commit("second");
  }

  // A clone with those options of git.
  std::string clone(const std::string& options, const std::string& name) const {
    git("clone -q " + options + " file://" + path() + " " + name);
    return *this / name;
  }
};

std::string names(const std::string& folder) {
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD~1", "--format", "names"}, folder);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(Clones, WithoutOldContentsTellWhatChanged) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=blob:none", "partial");
  EXPECT_EQ(names(clone), "api/Dockerfile\n");
  const Outcome outcome = run_dcache({"explain", "-f", "api/Dockerfile", "--git", "HEAD~1"}, clone);
  EXPECT_NE(outcome.out.find("a changed (selected by a)"), std::string::npos) << outcome.out << outcome.err;
}

TEST(Clones, WithSomeFoldersAnswerForThose) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=blob:none --sparse", "sparse");
  origin.git("-C sparse sparse-checkout set api");
  EXPECT_EQ(names(clone), "api/Dockerfile\n");
  const Outcome outcome = run_dcache({"lint", "--select", "DL3006"}, clone);
  EXPECT_EQ(outcome.out, "no findings in 1 file\n") << outcome.err;
}

TEST(Clones, WithoutTheHistorySayHowToGetIt) {
  const Origin origin;
  const std::string clone = origin.clone("--depth 1", "shallow");
  for (const Words& arguments :
       {Words{"affected", "--git", "HEAD~1"}, Words{"explain", "-f", ".", "--git", "HEAD~1"}}) {
    const Outcome outcome = run_dcache(arguments, clone);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err,
              "dcache: git does not know the revision 'HEAD~1': this clone is shallow; fetch the history "
              "(git fetch "
              "--unshallow, or fetch-depth: 0 of actions/checkout)\n");
  }
}

TEST(ExplainGit, NamesTheImageThatACopyTakesNow) {
  const test::GitFolder repository;
  const auto text = [](char digit) {
    return "FROM scratch\nCOPY --from=nginx@sha256:" + std::string(64, digit) + " /a /a\n";
  };
  repository.write("Dockerfile", text('1'));
  repository.git("init -q -b main");
  repository.commit("first");
  repository.write("Dockerfile", text('2'));
  const Outcome outcome = run_dcache({"explain", "--git", "HEAD", "--format", "json"}, repository.path());
  const json cause = json::parse(outcome.out).at("steps").at(0).at("cause");
  EXPECT_EQ(cause.at("name"), "--from");
  EXPECT_EQ(cause.at("before"), "nginx@sha256:" + std::string(64, '1'));
  EXPECT_EQ(cause.at("after"), "nginx@sha256:" + std::string(64, '2'));
}

}  // namespace
}  // namespace dcache
