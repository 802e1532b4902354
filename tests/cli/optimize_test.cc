// `dcache optimize`, on repositories made with git itself.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

const test::Files kNode = {
    {"Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n"},
    {".dockerignore", ".git\n.dockerignore\nDockerfile\nnode_modules\n*.log\n"},
    {"package.json", "{}\n"},
    {"package-lock.json", "{}\n"},
    {"index.js", "1\n"}};

// A repository whose sources change in four commits, and its packages in one of them.
class EditedRepository : public test::Repository {
 public:
  explicit EditedRepository(const test::Files& files = kNode) : test::Repository(files) {
    for (const char* version : {"2", "3", "4", "5"}) {
      write("index.js", version);
      if (*version == '4') write("package.json", "{ }\n");
      commit("edit");
    }
  }

  Outcome optimize(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), "optimize");
    return run_dcache(arguments, path());
  }
  json answer(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = optimize(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out).at("dockerfiles") : json();
  }
};

// "DC1001 saves 3, fills 0"
std::string words(const json& changes) {
  std::string text;
  for (const json& change : changes) {
    text +=
        fmt::format("{}{} saves {}, fills {}", text.empty() ? "" : "; ", change.at("rule").get<std::string>(),
                    change.at("gain").at("runs").dump(), change.at("gain").at("cheaper").dump());
  }
  return text;
}

// "npm ci 5>2", the RUNs that both texts have.
std::string runs(const json& dockerfile) {
  std::string text;
  for (const json& step : dockerfile.at("images").at(0).at("steps")) {
    const auto instruction = step.at("instruction").get<std::string>();
    if (!instruction.starts_with("RUN") || !step.contains("line") || !step.contains("line_before")) continue;
    text += fmt::format("{}{} {}>{}", text.empty() ? "" : ", ", instruction.substr(instruction.rfind("npm ")),
                        step.at("before").dump(), step.at("after").dump());
  }
  return text;
}

TEST(Optimize, SaysWhatTheChangesWouldHaveSaved) {
  const EditedRepository repository;
  const json dockerfile = repository.answer().at(0);
  EXPECT_EQ(dockerfile.at("commits"), 5);
  EXPECT_EQ(words(dockerfile.at("changes")), "DC1001 saves 3, fills 0; DC1003 saves 0, fills 1");
  EXPECT_EQ(runs(dockerfile), "npm ci 5>2, npm run build 5>5");
  EXPECT_EQ(dockerfile.at("gain").at("runs"), 3);
  const auto text = dockerfile.at("text").get<std::string>();
  EXPECT_LT(text.find("package-lock.json"), text.find("npm ci")) << text;
  EXPECT_LT(text.find("npm ci"), text.find("COPY . .")) << text;
  EXPECT_NE(repository.optimize().out.find(
                "\nTogether: saves 3 runs of RUN steps; 1 run of a RUN step finds its cache filled\n"),
            std::string::npos);
}

TEST(Optimize, SaysThatGainsDoNotAddUpIfTwoChangesSaveTheSame) {
  const EditedRepository repository;
  for (const char* version : {"1", "2"}) {
    repository.write("README.md", version);
    repository.commit("explain");
  }
  const std::string said = repository.optimize({"--unsafe-fixes"}).out;
  const size_t total = said.find("\nTogether: saves ");
  ASSERT_NE(total, std::string::npos) << said;
  EXPECT_NE(said.find(". Each number above is what that change adds to the others\n", total),
            std::string::npos)
      << said;
}

TEST(Optimize, PrintsAPatchThatGitApplies) {
  const EditedRepository repository;
  const json dockerfile = repository.answer().at(0);
  repository.write("build.log", repository.optimize().out);
  repository.shell("git apply build.log");
  EXPECT_EQ(repository.read("Dockerfile"), dockerfile.at("text").get<std::string>());
}

TEST(Optimize, WritesTheDockerfileAndFindsNoMoreInIt) {
  const EditedRepository repository;
  const json dockerfile = repository.answer().at(0);
  const Outcome written = repository.optimize({"--write"});
  EXPECT_EQ(written.status, 0);
  EXPECT_NE(written.err.find("Dockerfile: 2 changes made"), std::string::npos) << written.err;
  EXPECT_EQ(written.out.find("+++"), std::string::npos) << written.out;
  EXPECT_EQ(repository.read("Dockerfile"), dockerfile.at("text").get<std::string>());
  EXPECT_NE(repository.optimize().out.find(
                "no change that dcache can make would have saved a rebuild over 5 commits"),
            std::string::npos);
  repository.shell("git stash -q");
  EXPECT_EQ(repository.optimize({"--write", "--diff"}).status, 2);
}

TEST(Optimize, ProposesAnIgnoreFileIfWhatItKeepsOutChanges) {
  const test::Files files = {{"Dockerfile", "FROM node:20\nCOPY . .\nRUN make\n"},
                             {"compose.yaml", "services: {app: {build: .}}\n"},
                             {"main.c", "1\n"}};
  const test::Repository repository(files);
  for (const char* version : {"2", "3"}) {
    repository.write("README.md", version);
    repository.commit("readme");
  }
  const Outcome outcome = run_dcache({"optimize", "--unsafe-fixes", "--format", "json"}, repository.path());
  const json dockerfile = json::parse(outcome.out).at("dockerfiles").at(0);
  EXPECT_EQ(words(dockerfile.at("changes")), "DC2001 saves 2, fills 0");
  ASSERT_EQ(dockerfile.at("files").size(), 1U);
  EXPECT_EQ(dockerfile.at("files").at(0).at("path"), ".dockerignore");
  ASSERT_EQ(run_dcache({"optimize", "--unsafe-fixes", "--write"}, repository.path()).status, 0);
  EXPECT_EQ(repository.read(".dockerignore"), dockerfile.at("files").at(0).at("text").get<std::string>());
}

// Two services, of which the image builds one; the other one changes in three commits of four.
const test::Files kServices = {
    {"Dockerfile", "FROM python:3.12\nWORKDIR /srv\nCOPY . .\nRUN python services/web/build.py\n"},
    {".dockerignore", ".git\n.dockerignore\nDockerfile\n"},
    {"services/web/requirements.txt", "flask==3.0\n"},
    {"services/web/build.py", "from app import shared\n"},
    {"services/api/requirements.txt", "flask==3.0\n"},
    {"services/api/main.py", "1\n"},
    {"shared/names.py", "1\n"},
    {"examples/one.py", "1\n"}};

class Services : public test::Repository {
 public:
  explicit Services(const std::string& dockerfile = {}) : test::Repository(kServices) {
    if (!dockerfile.empty()) write("Dockerfile", dockerfile);
    for (const char* version : {"2", "3", "4"}) {
      write("services/api/main.py", version);
      commit("api");
    }
    write("services/web/build.py", "from app import shared\n\n");
    write("shared/names.py", "2\n");
    commit("web");
  }
  json answer(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"optimize", "--format", "json"});
    const Outcome outcome = run_dcache(arguments, path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out).at("dockerfiles").at(0) : json();
  }
};

TEST(Optimize, CopiesFoldersApartThatNoStepMentions) {
  const Services services;
  const json safe = services.answer();
  ASSERT_EQ(safe.at("unsafe").size(), 1U) << safe;
  EXPECT_EQ(safe.at("unsafe").at(0).at("folder"), "services/api");
  EXPECT_EQ(safe.at("unsafe").at(0).at("gain").at("runs"), 3);
  EXPECT_EQ(safe.at("text").get<std::string>(), services.read("Dockerfile"));
  const std::string words = run_dcache({"optimize"}, services.path()).out;
  EXPECT_NE(words.find("the RUN in line 4 would not see the folder: try the build"), std::string::npos)
      << words;
  const json changed = services.answer({"--unsafe-fixes"});
  EXPECT_EQ(changed.at("text").get<std::string>(),
            "# syntax=docker/dockerfile:1\nFROM python:3.12\nWORKDIR /srv\n"
            "COPY --exclude=services/api . .\nRUN python services/web/build.py\n"
            "COPY services/api ./services/api\n");
  EXPECT_EQ(changed.at("gain").at("runs"), 3);
}

// The fix of each instruction counts by itself, except that the mounts of one cache go together.
TEST(Optimize, LeavesOutTheFixesOfARuleThatGainNothing) {
  const test::Files files = {
      {"Dockerfile",
       "FROM golang:1.22 AS b\nWORKDIR /src\nRUN apt-get update && apt-get install -y make\n"
       "COPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n"
       "FROM scratch\nCOPY --from=b /app /app\n"},
      {".dockerignore", ".git\n.dockerignore\nDockerfile\n"},
      {"go.mod", "module example.com/m\n\ngo 1.22\n"},
      {"go.sum", "\n"},
      {"main.go", "package main\n\nfunc main() {}\n"}};
  const test::Repository repository(files);
  for (const char* text : {"package main\n\nfunc main() { }\n", "package main\n\nfunc main() {  }\n"}) {
    repository.write("main.go", text);
    repository.commit("edit");
  }
  const Outcome outcome = run_dcache({"optimize", "--unsafe-fixes", "--format", "json"}, repository.path());
  const json dockerfile = json::parse(outcome.out).at("dockerfiles").at(0);
  const auto text = dockerfile.at("text").get<std::string>();
  EXPECT_NE(text.find("RUN apt-get update"), std::string::npos) << text;
  const size_t download = text.find("go mod download");
  ASSERT_NE(download, std::string::npos) << text;
  EXPECT_LT(text.find("target=/go/pkg/mod"), download) << text;
  EXPECT_GT(text.rfind("target=/go/pkg/mod"), download) << text;
  const json& changes = dockerfile.at("changes");
  const auto modules = std::ranges::find_if(changes, [](const json& change) {
    return change.at("message").get<std::string>().find("/go/pkg/mod") != std::string::npos;
  });
  ASSERT_NE(modules, changes.end()) << changes;
  EXPECT_EQ(modules->at("line"), 5);
  EXPECT_EQ(modules->at("other_lines"), json({7}));
  const std::string words = run_dcache({"optimize", "--unsafe-fixes"}, repository.path()).out;
  EXPECT_NE(words.find("[DC1003, lines 5 and 7]"), std::string::npos) << words;
}

// They are tried in groups, of which one has a change that gains something.
TEST(Optimize, FindsTheChangeThatGainsAmongManyThatDoNot) {
  test::Files files = kNode;
  constexpr int kStages = 8;
  std::string stages, copies;
  for (int i = 0; i < kStages; ++i) {
    stages += fmt::format(
        "FROM debian:12 AS s{}\nRUN apt-get update && apt-get install -y --no-install-recommends p{}\n", i,
        i);
    copies += fmt::format("COPY --from=s{} /usr/bin/p{} /o/\n", i, i);
  }
  files.front().second = stages + kNode.front().second + copies;
  const json many = EditedRepository(files).answer({"--unsafe-fixes"}).at(0);
  EXPECT_TRUE(words(many.at("changes")).starts_with("DC1001 saves 3")) << many.at("changes");
  for (const json& change : many.at("changes")) {
    const json& gain = change.at("gain");
    EXPECT_GT(gain.at("steps").get<int>() + gain.at("cheaper").get<int>(), 0) << change;
  }
  EXPECT_GE(many.at("useless").size(), size_t{kStages}) << many.at("useless");
}

TEST(Optimize, CopiesNoFolderApartThatAStepMayRead) {
  const auto unsafe = [](const std::string& dockerfile) {
    return Services(dockerfile).answer().at("unsafe").size();
  };
  const std::string begin = "FROM python:3.12\nWORKDIR /srv\nCOPY . .\n";
  EXPECT_EQ(unsafe(begin + "RUN python services/web/build.py\n"), 1U);
  EXPECT_EQ(unsafe(begin + "RUN python services/*/build.py\n"), 0U);
  EXPECT_EQ(unsafe(begin + "RUN make -C services\n"), 0U);
  for (const char* command :
       {"pytest", "python -m compileall -q", "ls -R", "git status", "npx lerna run build",
        "tar czf /all.tgz .", "cat */main.py > all", "grep -r foo ..", "go test ./..."})
    EXPECT_EQ(unsafe(begin + "RUN python services/web/build.py && " + command + "\n"), 0U) << command;
  EXPECT_EQ(unsafe(begin + "RUN python services/web/build.py\nCMD [\"python\", \"services/api/main.py\"]\n"),
            0U);
  // Neither the owner of what is there, nor what another stage takes with it.
  EXPECT_EQ(unsafe(begin + "RUN python services/web/build.py && chown -R app /srv\n"), 0U);
  EXPECT_EQ(unsafe("FROM python:3.12 AS b\nWORKDIR /srv\nCOPY . .\nRUN python services/web/build.py\n"
                   "FROM python:3.12\nCOPY --from=b /srv /srv\nRUN true\n"),
            0U);
  // A link leads there.
  const Services linked(begin + "RUN python services/web/build.py\n");
  linked.shell("ln -s ../api services/web/shared");
  linked.commit("link");
  EXPECT_EQ(linked.answer().at("unsafe").size(), 0U);
  // A version of the syntax that its author fixed.
  EXPECT_EQ(unsafe("# syntax=docker/dockerfile:1.4\n" + begin + "RUN python services/web/build.py\n"), 0U);
}

TEST(Optimize, CopiesAFolderAboveTheFirstStepThatMentionsIt) {
  const std::string begin = "FROM python:3.12\nWORKDIR /srv\nCOPY . .\nRUN python services/web/build.py\n";
  const Services services(begin + "# the interface\nRUN python services/api/build.py && true\n");
  const json changed = services.answer({"--unsafe-fixes"});
  EXPECT_EQ(changed.at("text").get<std::string>(),
            "# syntax=docker/dockerfile:1\nFROM python:3.12\nWORKDIR /srv\n"
            "COPY --exclude=services/api . .\nRUN python services/web/build.py\n"
            "COPY services/api ./services/api\n# the interface\n"
            "RUN python services/api/build.py && true\n");
  EXPECT_EQ(changed.at("gain").at("runs"), 3);
  const std::string words = run_dcache({"optimize"}, services.path()).out;
  EXPECT_NE(words.find("only the RUN in line 6 and later ones mention it"), std::string::npos) << words;
  // At the same place whatever the base image and the arguments say.
  const Services open(
      "FROM base\nARG D=/opt/x\nCOPY . $D/\nRUN python $D/services/web/build.py\nRUN python "
      "$D/services/api/build.py\n");
  const auto text = open.answer({"--unsafe-fixes"}).at("text").get<std::string>();
  EXPECT_NE(text.find("\nCOPY services/api $D/services/api\n"), std::string::npos) << text;
  // The first of the RUNs mentions it, a step between sets the owner of all, or another stage reads it too.
  for (const char* rest :
       {"RUN chown -R app /srv\nRUN python services/api/build.py\n",
        "RUN python services/api/build.py\nFROM scratch\nCOPY --from=0 /srv/services/api /\n"}) {
    EXPECT_EQ(Services(begin + rest).answer().at("unsafe").size(), 0U) << rest;
  }
}

TEST(Optimize, LeavesAFolderOutThatNoImageContains) {
  const Services services(
      "FROM python:3.12 AS b\nWORKDIR /srv\nCOPY . .\nRUN python services/web/build.py\n"
      "FROM python:3.12\nCOPY --from=b /srv/dist /srv\n");
  const auto text = services.answer({"--unsafe-fixes"}).at("text").get<std::string>();
  EXPECT_NE(text.find("COPY --exclude=services/api . .\nRUN python services/web/build.py\nFROM"),
            std::string::npos)
      << text;
}

TEST(Optimize, LeavesOutWhatGainsLessThanIsAskedFor) {
  const EditedRepository repository;
  EXPECT_EQ(words(repository.answer({"--min-gain", "2"}).at(0).at("changes")), "DC1001 saves 3, fills 0");
  const json none = repository.answer({"--min-gain", "5"}).at(0);
  EXPECT_EQ(words(none.at("changes")), "");
  EXPECT_EQ(none.at("text").get<std::string>(), repository.read("Dockerfile"));
  EXPECT_EQ(none.at("useless").size(), 2U);
}

TEST(Optimize, GainsNothingByCacheMountsOnWorkersThatStartEmpty) {
  const EditedRepository repository;
  EXPECT_EQ(words(repository.answer({"--cache-from", "max"}).at(0).at("changes")), "DC1001 saves 3, fills 0");
}

TEST(Optimize, MakesNoRuleThatTheConfigurationIgnores) {
  const EditedRepository repository;
  repository.write(".dcache.toml", "ignore = [\"copy-before-deps\"]\n");
  EXPECT_EQ(words(repository.answer().at(0).at("changes")), "DC1003 saves 0, fills 4");
  repository.write(".dcache.toml", "ignore = [\"nonsense\"]\n");
  EXPECT_EQ(repository.optimize().status, 2);
}

TEST(Optimize, MakesUnsafeChangesOnlyIfAsked) {
  test::Files files = {{"Dockerfile",
                        "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app ./cmd/app\n"
                        "FROM scratch\nCOPY --from=build /app /app\n"},
                       {".dockerignore", ".git\n.dockerignore\nDockerfile\n"},
                       {"go.mod", "module example.com/m\n\ngo 1.22\n"},
                       {"cmd/app/main.go", "package main\n\nfunc main() {}\n"},
                       {"cmd/other/main.go", "package main\n\nfunc main() {}\n"}};
  const test::Repository repository(files);
  repository.write("cmd/other/main.go", "package main\n\nfunc main() { }\n");
  repository.commit("other");
  const auto answer = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"optimize", "--format", "json"});
    return json::parse(run_dcache(arguments, repository.path()).out).at("dockerfiles").at(0);
  };
  const json safe = answer({});
  ASSERT_EQ(safe.at("unsafe").size(), 1U) << safe.dump();
  EXPECT_EQ(words(safe.at("unsafe")), "DC1002 saves 1, fills 0");
  EXPECT_NE(safe.at("text").get<std::string>().find("COPY . ."), std::string::npos);
  const json unsafe = answer({"--unsafe-fixes"});
  EXPECT_EQ(unsafe.at("text").get<std::string>().find("COPY . ."), std::string::npos) << unsafe.dump();
}

TEST(Optimize, CountsOnlyCommitsThatBothCanBeBuiltAt) {
  test::Files files = kNode;
  std::erase_if(files, [](const auto& file) { return file.first == "package-lock.json"; });
  const EditedRepository repository(files);
  EXPECT_EQ(repository.answer().at(0).at("commits"), 5);
  repository.write("package-lock.json", "{}\n");
  repository.commit("lock");
  repository.write("index.js", "6");
  repository.commit("edit");
  const json dockerfile = repository.answer().at(0);
  EXPECT_EQ(dockerfile.at("commits"), 2);
  EXPECT_EQ(runs(dockerfile), "npm ci 2>1, npm run build 2>2");
}

TEST(Optimize, LeavesOutWhatAnImageCantBeBuiltWith) {
  const EditedRepository repository;
  repository.write("sub/index.js", "1\n");
  repository.write("compose.yaml",
                   "services: {x: {build: .}, z: {build: {context: sub, dockerfile: ../Dockerfile}}}\n");
  repository.commit("compose");
  const json dockerfile = repository.answer().at(0);
  EXPECT_EQ(dockerfile.at("images").size(), 2U);
  EXPECT_EQ(dockerfile.at("text").get<std::string>().find("package-lock.json"), std::string::npos)
      << dockerfile.at("text");
}

TEST(Optimize, FollowsADockerfileThatBecameALink) {
  const EditedRepository repository;
  repository.shell("git mv Dockerfile real && ln -s real Dockerfile && echo real >> .dockerignore");
  repository.commit("link");
  const json dockerfile = repository.answer().at(0);
  // The ignore file changes too, and with it what COPY takes.
  EXPECT_EQ(words(dockerfile.at("changes")), "DC1001 saves 4, fills 0; DC1003 saves 0, fills 1");
  EXPECT_EQ(runs(dockerfile), "npm ci 6>2, npm run build 6>6");
}

TEST(Optimize, TakesADockerfileThatIsNotCommittedYet) {
  const EditedRepository repository;
  repository.shell("mkdir new && cp Dockerfile new/app.Dockerfile");
  const json dockerfile = repository.answer({"-f", "new/app.Dockerfile", "--context", "."}).at(0);
  EXPECT_EQ(dockerfile.at("commits"), 5);
  EXPECT_EQ(runs(dockerfile), "npm ci 5>2, npm run build 5>5");
}

TEST(Optimize, SaysIfChangesGainLessThanIsAskedFor) {
  const EditedRepository repository;
  EXPECT_NE(repository.optimize({"--min-gain", "100"}).out.find("2 changes save less than --min-gain"),
            std::string::npos);
}

TEST(Optimize, MarksWhatIsUnsafeThoughAnotherChangeBringsIt) {
  const EditedRepository repository;
  const json dockerfile = repository.answer({"--unsafe-fixes"}).at(0);
  for (const json& change : dockerfile.at("changes"))
    EXPECT_EQ(change.at("safe").get<bool>(), change.at("rule") != "DC1016") << change;
}

TEST(Optimize, NeedsAWorkTree) {
  const EditedRepository repository;
  repository.shell("git clone -q --bare . bare.git");
  for (const char* command : {"optimize", "report"}) {
    const Outcome outcome = run_dcache({command}, repository.path() + "/bare.git");
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find("this is a bare repository"), std::string::npos) << outcome.err;
  }
}

TEST(Optimize, SaysMinutesIfTheStepsHaveTimes) {
  const EditedRepository repository;
  repository.write("build.log",
                   "#2 [1/5] FROM docker.io/library/node:20\n#2 DONE 5.0s\n\n#3 [2/5] WORKDIR /app\n"
                   "#3 CACHED\n\n#4 [3/5] COPY . .\n#4 DONE 0.4s\n\n#5 [4/5] RUN npm ci\n"
                   "#5 DONE 94.1s\n\n#6 [5/5] RUN npm run build\n#6 DONE 31.0s\n");
  const auto seconds = [&](const std::vector<std::string>& arguments) {
    return repository.answer(arguments).at(0).at("gain").at("seconds").get<double>();
  };
  EXPECT_NEAR(seconds({"--log", "build.log"}), 3 * 94.1, 0.01);
  ASSERT_EQ(run_dcache({"log", "build.log", "--remember"}, repository.path()).status, 0);
  EXPECT_NEAR(repository.answer().at(0).at("gain").at("seconds").get<double>(), 3 * 94.1, 0.01);
  EXPECT_NE(repository.optimize().out.find("About 4 min 42 s less in these commits"), std::string::npos);
  EXPECT_FALSE(repository.answer({"--no-store"}).at(0).at("gain").contains("seconds"));
}

// Two services that differ in their command alone.
TEST(Optimize, CountsAStepOnceThatImagesShare) {
  const EditedRepository repository;
  const json one = repository.answer().at(0);
  repository.write("compose.yaml", "services: {web: {build: .}, worker: {build: ., command: w}}\n");
  repository.write("build.log", "#5 [4/5] RUN npm ci\n#5 DONE 60.0s\n");
  const json two = repository
                       .answer({"--log", "build.log", "--definition", "compose.yaml", "--image", "web",
                                "--image", "worker"})
                       .at(0);
  EXPECT_EQ(two.at("images").size(), 2U);
  EXPECT_EQ(words(two.at("changes")), words(one.at("changes")));
  EXPECT_EQ(two.at("gain").at("runs"), one.at("gain").at("runs"));
  EXPECT_NEAR(two.at("gain").at("seconds").get<double>(), 3 * 60, 0.01);
}

// The build stays below the COPY, and runs as often as before.
TEST(Optimize, SaysWhatFindsItsDownloadsInALayer) {
  const test::Files files = {
      {"Dockerfile", "FROM rust:1.80\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n"},
      {".dockerignore", ".git\n.dockerignore\nDockerfile\ntarget\n"},
      {"Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"},
      {"Cargo.lock", "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n"},
      {"src/main.rs", "fn main() {}\n"}};
  const test::Repository repository(files);
  for (const char* text : {"fn main() { }\n", "fn main() {  }\n", "fn main() {   }\n"}) {
    repository.write("src/main.rs", text);
    repository.commit("edit");
  }
  const auto answer = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"optimize", "--format", "json"});
    return json::parse(run_dcache(arguments, repository.path()).out).at("dockerfiles").at(0);
  };
  EXPECT_EQ(words(answer({}).at("unsafe")), "DC1001 saves 0, fills 3; DC1003 saves 0, fills 3");
  const json changed = answer({"--unsafe-fixes", "--cache-from", "max"});
  EXPECT_EQ(words(changed.at("changes")), "DC1001 saves 0, fills 3; DC1016 saves 0, fills 0");
  EXPECT_NE(changed.at("text").get<std::string>().find("cargo fetch"), std::string::npos);
  // Next to the mount the layer of a download has nothing in it.
  const json both = answer({"--unsafe-fixes"});
  EXPECT_EQ(words(both.at("changes")), "DC1003 saves 0, fills 3");
  EXPECT_EQ(both.at("gain").at("cheaper"), 3);
  EXPECT_EQ(both.at("text").get<std::string>().find("cargo fetch"), std::string::npos);
  const std::string all = run_dcache({"optimize", "--unsafe-fixes"}, repository.path()).out;
  EXPECT_EQ(all.find("in a layer"), std::string::npos) << all;
  const std::string said = run_dcache({"optimize"}, repository.path()).out;
  EXPECT_NE(said.find("\n    3 runs of RUN steps find their downloads in a layer\n"), std::string::npos)
      << said;
  // What the fix does, and why it is unsafe.
  const json unsafe = answer({}).at("unsafe").at(0);
  const auto reason = unsafe.at("reason").get<std::string>();
  EXPECT_TRUE(reason.ends_with("may need files that are not copied yet, or fail where the build does not"))
      << reason;
  const auto remedy = unsafe.at("remedy").get<std::string>();
  EXPECT_TRUE(remedy.starts_with("copy Cargo.toml and Cargo.lock first")) << remedy;
  EXPECT_NE(said.find("\n    fix: " + remedy + "\n    unsafe: " + reason + "; see dcache rules DC1001\n"),
            std::string::npos)
      << said;
}

// What the text of a Dockerfile is with all that gains, after three edits of a source.
std::string optimized(const test::Files& files, const std::string& source) {
  const test::Repository repository(files);
  for (const char* text : {"1\n", "2\n", "3\n"}) {
    repository.write(source, text);
    repository.commit("edit");
  }
  const Outcome outcome = run_dcache({"optimize", "--unsafe-fixes", "--format", "json"}, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json::parse(outcome.out).at("dockerfiles").at(0).at("text").get<std::string>();
}

TEST(Optimize, KeepsDownloadsInAMountOrInALayer) {
  const std::string ignored = ".git\n.dockerignore\nDockerfile\n";
  const std::string maven =
      optimized({{"Dockerfile", "FROM maven:3.9\nWORKDIR /src\nCOPY . .\nRUN mvn -B package\n"},
                 {".dockerignore", ignored},
                 {"pom.xml", "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId></project>\n"},
                 {"src/A.java", "class A {}\n"}},
                "src/A.java");
  EXPECT_NE(maven.find("target=/root/.m2"), std::string::npos) << maven;
  EXPECT_EQ(maven.find("go-offline"), std::string::npos) << maven;
  const std::string dotnet = optimized(
      {{"Dockerfile",
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -o /app\n"},
       {".dockerignore", ignored},
       {"a.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>\n"},
       {"A.cs", "class A {}\n"}},
      "A.cs");
  EXPECT_NE(dotnet.find("--mount=type=cache"), std::string::npos) << dotnet;
  EXPECT_EQ(dotnet.find("dotnet restore"), std::string::npos) << dotnet;
  // Its packages are installed in the layer.
  const std::string uv = optimized(
      {{"Dockerfile",
        "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen\n"},
       {".dockerignore", ignored + ".venv\n"},
       {"pyproject.toml", "[project]\nname = \"a\"\nversion = \"0\"\ndependencies = [\"six\"]\n"},
       {"uv.lock", "version = 1\n"},
       {"a.py", "0\n"}},
      "a.py");
  EXPECT_NE(uv.find("--no-install-project"), std::string::npos) << uv;
  EXPECT_NE(uv.find("--mount=type=cache"), std::string::npos) << uv;
}

// The last part of a workflow that gives the build its commit.
const std::string kWorkflow =
    "on: push\njobs:\n  j:\n    runs-on: ubuntu-24.04\n    steps:\n"
    "    - uses: docker/build-push-action@v6\n      with:\n        context: .\n        tags: a\n"
    "        build-args: GIT_SHA=${{ github.sha }}\n";

TEST(Optimize, MovesAnArgumentThatCiChanges) {
  const EditedRepository repository(
      {{"Dockerfile",
        "FROM node:20\nWORKDIR /app\nARG GIT_SHA\nCOPY package.json package-lock.json ./\nRUN npm ci\n"
        "COPY . .\nRUN echo $GIT_SHA > version\n"},
       {".github/workflows/ci.yml", kWorkflow},
       {".dockerignore", ".git\n.github\n.dockerignore\nDockerfile\nnode_modules\n"},
       {"package.json", "{}\n"},
       {"package-lock.json", "{}\n"},
       {"index.js", "1\n"}});
  const json dockerfile = repository.answer({"--unsafe-fixes"}).at(0);
  const auto text = dockerfile.at("text").get<std::string>();
  EXPECT_LT(text.find("npm ci"), text.find("ARG GIT_SHA")) << text;
  EXPECT_NE(words(dockerfile.at("changes")).find("DC1010 saves 3"), std::string::npos)
      << words(dockerfile.at("changes"));
  const std::string note =
      "the build argument GIT_SHA has another value at each commit, since CI gives it ${{ github.sha }}";
  EXPECT_EQ(dockerfile.at("notes"), json::array({note}));
  EXPECT_NE(repository.optimize().err.find("note: " + note), std::string::npos);
}

// The list of unsafe changes is about the proposal, but the user has the file as it is.
TEST(Optimize, NamesLinesOfTheDockerfileAsItIs) {
  const test::Files files = {
      {"Dockerfile",
       "FROM node:22 AS web\nWORKDIR /web\nCOPY web/ ./\nRUN npm ci\nRUN npm run build\n"
       "FROM python:3.12\nWORKDIR /srv\nCOPY . .\n"
       "RUN pip install -r requirements.txt\nCOPY --from=web /web/dist /srv/dist\n"},
      {".dockerignore", ".git\n.dockerignore\nDockerfile\n**/node_modules\n"},
      {"web/package.json", "{}\n"},
      {"web/package-lock.json", "{}\n"},
      {"web/index.js", "1\n"},
      {"requirements.txt", "-r lists/extra.txt\n"},
      {"lists/extra.txt", "flask==3.0\n"},
      {"app.py", "1\n"}};
  const test::Repository repository(files);
  for (const char* version : {"2", "3"}) {
    repository.write("web/index.js", version);
    repository.write("app.py", version);
    repository.commit("edit");
  }
  const Outcome outcome = run_dcache({"optimize", "--format", "json"}, repository.path());
  const json dockerfile = json::parse(outcome.out).at("dockerfiles").at(0);
  EXPECT_NE(dockerfile.at("text").get<std::string>().find("COPY web/package"), std::string::npos)
      << dockerfile;
  size_t seen = 0;
  for (const json& change : dockerfile.at("unsafe")) {
    const auto message = change.at("message").get<std::string>();
    const uint32_t line = change.value("line", 0U);
    if (change.at("rule") == "DC1001" && line == 8) {
      EXPECT_NE(message.find("'pip install' (line 9)"), std::string::npos) << message;
      ++seen;
    }
    EXPECT_LE(line, 10U) << change;
    EXPECT_EQ(message.find("line 10)"), std::string::npos) << change;
  }
  EXPECT_EQ(seen, 1U) << dockerfile.at("unsafe");
}

TEST(Optimize, ReadsAConfigurationFromAnywhere) {
  const EditedRepository repository;
  const test::GitFolder elsewhere;
  elsewhere.write("own.toml", "ignore = [\"copy-before-deps\"]\n");
  const std::string config = elsewhere.path() + "/own.toml";
  EXPECT_EQ(words(repository.answer({"--config", config}).at(0).at("changes")), "DC1003 saves 0, fills 4");
  const Outcome page = run_dcache({"report", "--config", config}, repository.path());
  EXPECT_EQ(page.status, 0) << page.err;
  EXPECT_EQ(page.out.find("\"rule\":\"DC1001\""), std::string::npos);
}

// pip's option goes away, and the RUN takes as long as it did.
TEST(Optimize, ShowsARunThatAFixChangesAsOneStep) {
  const test::Files files = {
      {"Dockerfile",
       "FROM python:3.12\nWORKDIR /srv\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"},
      {".dockerignore", ".git\n.dockerignore\nDockerfile\n*.log\n"},
      {"requirements.txt", "flask==3.0\n"},
      {"app.py", "1\n"}};
  const test::Repository repository(files);
  for (const char* version : {"2", "3"}) {
    repository.write("app.py", version);
    repository.commit("edit");
  }
  repository.write("requirements.txt", "flask==3.1\n");
  repository.commit("packages");
  repository.write("build.log",
                   "#5 [4/4] RUN pip install --no-cache-dir -r requirements.txt\n#5 DONE 60.0s\n");
  const Outcome outcome =
      run_dcache({"optimize", "--unsafe-fixes", "--log", "build.log", "--format", "json"}, repository.path());
  const json dockerfile = json::parse(outcome.out).at("dockerfiles").at(0);
  size_t runs = 0;
  for (const json& step : dockerfile.at("images").at(0).at("steps")) {
    if (!step.at("instruction").get<std::string>().starts_with("RUN")) continue;
    ++runs;
    EXPECT_EQ(step.at("instruction").get<std::string>().find("--no-cache-dir"), std::string::npos) << step;
    EXPECT_EQ(step.value("line_before", 0), 4) << step;
    EXPECT_EQ(step.at("before"), 4) << step;
    EXPECT_EQ(step.at("after"), 2) << step;
  }
  EXPECT_EQ(runs, 1U);
  // Two of four runs are saved, not all of them.
  EXPECT_NEAR(dockerfile.at("gain").at("seconds").get<double>(), 120, 0.01);
}

TEST(Optimize, ShowsNoEmptyTable) {
  const EditedRepository repository;
  repository.write("Dockerfile",
                   "FROM node:20 AS a\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
                   "FROM alpine AS b\nRUN true\n");
  repository.write("compose.yaml",
                   "services: {a: {build: {context: ., target: a}}, b: {build: {context: ., target: b}}}\n");
  repository.commit("stages");
  const std::string said =
      repository.optimize({"--definition", "compose.yaml", "--image", "a", "--image", "b"}).out;
  EXPECT_NE(said.find("\nb\nall 2 steps rebuild as often as before\n"), std::string::npos) << said;
}

TEST(Optimize, RefusesWhatCantBeReplayed) {
  const EditedRepository repository;
  const auto refusal = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = repository.optimize(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    return outcome.err;
  };
  EXPECT_NE(refusal({"nothing..HEAD"}).find("git does not know the revision"), std::string::npos);
  EXPECT_NE(refusal({"--image", "api"}).find("--image api"), std::string::npos);
  repository.write("Dockerfile", "FROM x\nCOPY lost ./\nRUN make\n");
  EXPECT_NE(refusal({}).find("can't be built at any of these commits: line 2: lost does not exist"),
            std::string::npos)
      << refusal({});
}

// It is built of what another target leaves in a folder that git does not have.
TEST(Optimize, LeavesATargetOutThatCantBeBuilt) {
  test::Files files = kNode;
  for (auto& [path, text] : files)
    if (path == "Dockerfile") text = "FROM scratch AS release\nCOPY --from=outputs . .\n\n" + text;
  files.push_back(
      {"docker-bake.hcl",
       "target \"app\" {}\n"
       "target \"release\" {\n  target = \"release\"\n  contexts = { outputs = \"bin/out\" }\n}\n"});
  const EditedRepository repository(files);
  const json dockerfiles = repository.answer();
  ASSERT_EQ(dockerfiles.size(), 1U);
  EXPECT_EQ(words(dockerfiles[0].at("changes")), "DC1001 saves 3, fills 0; DC1003 saves 0, fills 1");
  const Outcome outcome = repository.optimize();
  EXPECT_NE(outcome.err.find("note: release is left out: it can't be built at any of these commits: "),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace dcache
