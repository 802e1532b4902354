// Questions about revisions in clones that have not all of the history or not all of the files.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"
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

std::string affected_names(const std::string& folder, std::string_view warning = "") {
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD~1", "--format", "names"}, folder);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, warning);
  return outcome.out;
}

TEST(Clones, WithoutOldContentsTellWhatChanged) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=blob:none", "partial");
  EXPECT_EQ(affected_names(clone), "api/Dockerfile\n");
  const Outcome outcome = run_dcache({"explain", "-f", "api/Dockerfile", "--git", "HEAD~1"}, clone);
  EXPECT_NE(outcome.out.find("a changed (selected by a)"), std::string::npos) << outcome.out << outcome.err;
}

TEST(Clones, WithSomeFoldersAnswerForThose) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=blob:none --sparse", "sparse");
  origin.git("-C sparse sparse-checkout set api");
  EXPECT_EQ(
      affected_names(
          clone,
          "dcache: warning: the sparse checkout leaves out the Dockerfile of 1 image, which is listed as "
          "unknown: add its folder with git sparse-checkout add, or ask about other images (--only)\n"),
      "api/Dockerfile\nweb/Dockerfile\n");
  const Outcome outcome = run_dcache({"lint", "--select", "DL3006"}, clone);
  EXPECT_EQ(outcome.out, "no findings in 1 file\n") << outcome.err;
}

TEST(Clones, SayOnceThatTheirHistoryHasNoContents) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=blob:none --sparse", "sparse");
  const std::string get = ": in a partial clone, get it with git fetch --refetch --no-filter\n";
  const Outcome all = run_dcache({"history"}, clone);
  EXPECT_EQ(all.status, 2) << all.out;
  EXPECT_EQ(all.err,
            "dcache: git has no content for api/Dockerfile and 1 other file, which say what is built" + get);
  const Outcome one = run_dcache({"history", "-f", "web/Dockerfile"}, clone);
  EXPECT_EQ(one.status, 2) << one.out;
  EXPECT_EQ(one.err, "dcache: git has no content for web/Dockerfile" + get);
  origin.git("-C sparse sparse-checkout set web");
  EXPECT_EQ(run_dcache({"history", "-f", "web/Dockerfile"}, clone).status, 0);
}

TEST(Clones, SayWhatTheyLeaveOut) {
  const Origin origin;
  origin.write("compose.yaml",
               "services:\n  api: {build: api}\n  web: {build: {context: web, additional_contexts: {lib: "
               "./lib}}}\n");
  origin.write("lib/l", "1\n");
  origin.write("web/Dockerfile", "FROM scratch\nCOPY --from=lib l /\n");
  origin.commit("definitions");
  const std::string clone = origin.clone("--sparse", "sparse");
  const Outcome lint = run_dcache({"lint", "."}, clone);
  EXPECT_NE(
      lint.err.find("warning: the sparse checkout leaves out 2 Dockerfiles, for example api/Dockerfile: "
                    "add their folders with git sparse-checkout add"),
      std::string::npos)
      << lint.err;
  for (const std::string command : {"keys", "context", "graph"}) {
    const Outcome outcome = run_dcache({command, "--image", "api"}, clone);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find("the sparse checkout leaves out api/Dockerfile; add its folder with git "
                               "sparse-checkout add"),
              std::string::npos)
        << command << ": " << outcome.err;
  }
  origin.git("-C sparse sparse-checkout set web");
  const Outcome affected = run_dcache({"affected", "--format", "json"}, clone);
  EXPECT_NE(affected.out.find("the sparse checkout leaves out lib"), std::string::npos) << affected.out;
  EXPECT_EQ(affected.out.find("a step before the build may make it"), std::string::npos) << affected.out;
  EXPECT_NE(affected.err.find("the sparse checkout leaves out Dockerfiles or contexts of 2 images"),
            std::string::npos)
      << affected.err;
  origin.git("-C sparse sparse-checkout set web lib");
  EXPECT_EQ(run_dcache({"affected", "--format", "names"}, clone).out, "api\n");
}

TEST(Clones, LackFilesOfAContextThatTheyLeaveOut) {
  const Origin origin;
  origin.write("Dockerfile", "FROM scratch\nCOPY web/a /\n");
  origin.commit("root");
  const std::string clone = origin.clone("--sparse", "sparse");
  const Outcome affected = run_dcache({"affected", "--only", "Dockerfile"}, clone);
  EXPECT_NE(affected.out.find("the sparse checkout leaves it out (git sparse-checkout add)"),
            std::string::npos)
      << affected.out << affected.err;
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

// One image, whose first commit has a file of its definition that the second has not, or has otherwise.
struct Definition {
  std::string name;
  test::Files first, second;
};

const std::vector<Definition>& definitions() {
  const std::string plain = "services:\n  a: {build: {context: a}}\n";
  static const std::vector<Definition> kDefinitions = {
      {".env",
       {{"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"${V:-0}\"}}}\n"},
        {".env", "V=1\n"}},
       {{".env", "V=0\n"}}},
      {"compose.yaml",
       {{"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"1\"}}}\n"}},
       {{"compose.yaml", plain}}},
      {"compose.override.yaml",
       {{"compose.yaml", plain}, {"compose.override.yaml", "services:\n  a: {build: {args: {V: \"1\"}}}\n"}},
       {{"compose.override.yaml", ""}}},
      {"docker-bake.override.hcl",
       {{"docker-bake.hcl", "target \"a\" {\n context = \"a\"\n}\n"},
        {"docker-bake.override.hcl", "target \"a\" {\n args = { V = \"1\" }\n}\n"}},
       {{"docker-bake.override.hcl", ""}}},
      {"c2.yaml",
       {{"compose.yaml", "include: [c2.yaml]\n"},
        {"c2.yaml", "services:\n  a: {build: {context: a, args: {V: \"1\"}}}\n"}},
       {{"c2.yaml", plain}}},
      {".dcache.toml",
       {{".dcache.toml", "[[images]]\nname = \"a\"\ncontext = \"a\"\nargs = {V = \"1\"}\n"}},
       {{".dcache.toml", ""}}},
      {"a/.dockerignore",
       {{"compose.yaml", plain}, {"a/.dockerignore", "x.log\n"}},
       {{"a/.dockerignore", ""}}},
      {"a/Dockerfile",
       {{"compose.yaml", plain}, {"a/Dockerfile", "FROM scratch\nCOPY f /\n"}},
       {{"a/Dockerfile", "FROM scratch\nCOPY . /\n"}}},
      {".gitattributes",
       {{"compose.yaml", plain}, {".gitattributes", "* text eol=crlf\n"}},
       {{".gitattributes", ""}}},
  };
  return kDefinitions;
}

TEST(Clones, WithoutADefinitionOfThenListItsImage) {
  for (const Definition& definition : definitions()) {
    const test::GitFolder origin;
    origin.git("init -q -b main");
    origin.git("config uploadpack.allowFilter true");
    origin.write("a/Dockerfile", "FROM alpine\nARG V=0\nCOPY f /\nRUN echo $V\n");
    origin.write("a/f", "1\n");
    origin.write("a/x.log", "1\n");
    const auto write = [&](const test::Files& files) {
      for (const auto& [name, content] : files) {
        if (content.empty()) {
          origin.shell("rm " + name);
        } else {
          origin.write(name, content);
        }
      }
      origin.commit("more");
    };
    write(definition.first);
    write(definition.second);
    origin.git("clone -q --filter=blob:none file://" + origin.path() + " partial");
    for (const std::string range : {"HEAD~1", "HEAD~1..HEAD"}) {
      const Outcome outcome =
          run_dcache({"affected", "--git", range, "--format", "json"}, origin / "partial");
      EXPECT_EQ(outcome.status, 0) << definition.name << outcome.err;
      const json answer = json::parse(outcome.out);
      EXPECT_EQ(answer.at("any"), true) << definition.name << ' ' << range << outcome.out << outcome.err;
      if (definition.name == ".gitattributes") continue;  // files are compared
      for (const json& image : answer.at("images"))
        EXPECT_EQ(image.at("effect"), "unknown") << definition.name << outcome.out;
      EXPECT_NE(answer.dump().find("git has no content for " + definition.name), std::string::npos)
          << outcome.out;
      EXPECT_EQ(outcome.err,
                "dcache: warning: this is a partial clone, and some files that say how images are built have "
                "no content at the revision; get them with git fetch --refetch --no-filter\n")
          << definition.name;
    }
  }
}

TEST(Clones, WithoutOldFoldersSayHowToGetThem) {
  const Origin origin;
  const std::string clone = origin.clone("--filter=tree:0", "treeless");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD~1"}, clone);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("in a partial clone, get it with git fetch --refetch --no-filter\n"),
            std::string::npos)
      << outcome.err;
}

TEST(Clones, WithSomeFoldersSayOnceWhatIsLeftOut) {
  const test::GitFolder origin;
  origin.git("init -q -b main");
  origin.git("config uploadpack.allowFilter true");
  std::string services = "services:\n";
  for (const std::string name : {"api", "web", "job"}) {
    origin.write("src/" + name + "/Dockerfile", "FROM scratch\nCOPY a /a\n");
    origin.write("src/" + name + "/a", "1");
    services += "  " + name + ": {build: src/" + name + "}\n";
  }
  origin.write("compose.yaml", services);
  origin.commit("first");
  origin.write("src/api/a", "2");
  origin.commit("second");
  origin.git("clone -q --sparse file://" + origin.path() + " sparse");
  origin.git("-C sparse sparse-checkout set src/api");
  for (const Words& arguments :
       {Words{"affected", "--git", "HEAD~1"}, Words{"affected", "--changed", "src/api/a"}}) {
    const Outcome outcome = run_dcache(arguments, origin / "sparse");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err,
              "dcache: warning: the sparse checkout leaves out the Dockerfiles of 2 images, which are listed "
              "as unknown: "
              "add their folders with git sparse-checkout add, or ask about other images (--only)\n");
    EXPECT_NE(outcome.out.find("the sparse checkout leaves out src/web/Dockerfile\n"), std::string::npos)
        << outcome.out;
  }
}

// Of revisions such a clone lacks definitions and Dockerfiles that the checkout leaves out.
TEST(Clones, WithSomeFoldersAndNoOldContentsSayItOnce) {
  const test::GitFolder origin;
  origin.git("init -q -b main");
  origin.git("config uploadpack.allowFilter true");
  std::string services = "services:\n";
  for (const std::string name : {"api", "web", "job"}) {
    origin.write("src/" + name + "/Dockerfile", "FROM scratch\nCOPY a /a\n");
    origin.write("src/" + name + "/a", "1");
    services += "  " + name + ": {build: src/" + name + "}\n";
    origin.write(
        ".github/workflows/" + name + ".yml",
        "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: docker build src/" + name + "\n");
  }
  origin.write("compose.yaml", services);
  origin.commit("first");
  origin.write("src/api/a", "2");
  origin.write("src/web/Dockerfile", "FROM scratch\nCOPY a /b\n");
  origin.commit("second");
  origin.git("clone -q --filter=blob:none --sparse file://" + origin.path() + " both");
  origin.git("-C both sparse-checkout set src/api");
  const std::string warning =
      "dcache: warning: this is a partial clone, and some files that say how images are built have no "
      "content "
      "at the revision; get them with git fetch --refetch --no-filter\n";
  for (const char* command : {"affected", "explain"}) {
    const Outcome outcome = run_dcache({command, "--git", "HEAD~1..HEAD"}, origin / "both");
    EXPECT_EQ(outcome.status, 0) << command;
    EXPECT_EQ(outcome.err, warning) << command;
  }
  const json answer =
      json::parse(run_dcache({"affected", "--git", "HEAD~1..HEAD", "--format", "json"}, origin / "both").out);
  EXPECT_EQ(answer["any"], true);
  ASSERT_EQ(answer["images"].size(), 3U);
  EXPECT_EQ(answer["images"][0]["effect"], "rebuilt");
  EXPECT_EQ(answer["images"][1]["effect"], "unknown");
  EXPECT_TRUE(answer["images"][1]["reason"].get<std::string>().starts_with(
      "it can't be built: git has no content for src/web/Dockerfile"))
      << answer["images"][1];
  EXPECT_EQ(answer["images"][2]["effect"], "unaffected");
}

// There is nothing to compare the steps with.
TEST(Clones, WithoutTheEarlierDockerfileShowNoSteps) {
  const test::GitFolder origin;
  origin.git("init -q -b main");
  origin.git("config uploadpack.allowFilter true");
  origin.write("a", "1");
  origin.write("Dockerfile", "FROM scratch\nCOPY a /a\n");
  origin.commit("first");
  origin.write("Dockerfile", "FROM scratch\nCOPY a /a\nCOPY a /b\n");
  origin.commit("second");
  origin.git("clone -q --filter=blob:none file://" + origin.path() + " partial");
  const Outcome outcome = run_dcache({"explain", "--git", "HEAD~1"}, origin / "partial");
  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("dcache: Dockerfile: git has no content for Dockerfile at this revision\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("get them with git fetch --refetch --no-filter\n"), std::string::npos)
      << outcome.err;
}

// Nobody knows what a definition says that is not here, and which Dockerfiles it builds in another way.
TEST(Clones, WithSomeFoldersDoNotLackImages) {
  const test::GitFolder origin;
  origin.git("init -q -b main");
  for (const std::string name : {"here", "gone", "built"})
    origin.write(name + "/Dockerfile", "FROM scratch\nARG V\nCOPY a /a\nENV V=$V\n");
  origin.write("here/a", "1");
  const auto workflow = [](const std::string& value) {
    return "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: docker build --build-arg V=" +
           value + " built\n";
  };
  origin.write(".github/workflows/ci.yml", workflow("1"));
  origin.commit("first");
  origin.write(".github/workflows/ci.yml", workflow("2"));
  origin.commit("second");
  origin.git("clone -q --sparse file://" + origin.path() + " sparse");
  origin.git("-C sparse sparse-checkout set here");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD~1", "--format", "json"}, origin / "sparse");
  EXPECT_EQ(outcome.status, 0);
  std::string effects;
  const json answer = json::parse(outcome.out);
  for (const json& image : answer.at("images"))
    effects += image.at("dockerfile").get<std::string>() + ":" + image.at("effect").get<std::string>() + " ";
  EXPECT_EQ(effects, "here/Dockerfile:unknown built/Dockerfile:unknown gone/Dockerfile:unknown ");
  EXPECT_NE(
      outcome.out.find(".github/workflows/ci.yml may build it in another way: the sparse checkout leaves "
                       "it out"),
      std::string::npos)
      << outcome.out;
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
