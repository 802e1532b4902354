// `dcache log`.
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::Repository;
using test::run_dcache;

constexpr const char* kLogDockerfile =
    "FROM node AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n";

constexpr const char* kLog =
    "#0 building with \"default\" instance using docker driver\n\n"
    "#1 [internal] load build context\n#1 transferring context: 25.10MB 0.2s done\n#1 DONE 0.2s\n\n"
    "#2 [1/5] FROM docker.io/library/node:latest@sha256:aaa\n#2 DONE 0.0s\n\n"
    "#3 [2/5] WORKDIR /app\n#3 CACHED\n\n#4 [3/5] COPY . .\n#4 DONE 0.4s\n\n"
    "#5 [4/5] RUN npm ci\n#5 1.2 added\n#5 DONE 94.1s\n\n#6 [5/5] RUN npm run build\n#6 DONE 31.0s\n\n"
    "#7 exporting to image\n#7 DONE 1.3s\n";

class WithLog : public Repository {
 public:
  WithLog()
      : Repository({{"Dockerfile", kLogDockerfile},
                    {".dockerignore", ".git\nnode_modules\nbuild.log\nbefore.log\n"},
                    {"README.md", "1\n"},
                    {"package.json", "{}\n"},
                    {"package-lock.json", "{}\n"}}) {
    write("build.log", kLog);
  }
};

json log_of(const Repository& made, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"log", "build.log", "--format", "json"});
  const Outcome outcome = run_dcache(arguments, made.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.status == 0 ? json::parse(outcome.out) : json();
}

TEST(Log, TellsTheLineOfEachStepAndHowLongItTook) {
  const WithLog made;
  const json log = log_of(made);
  const json& build = log.at("builds").at(0);
  EXPECT_EQ(build.at("dockerfile"), "Dockerfile");
  EXPECT_EQ(build.at("unmatched"), json::array());
  std::string lines;
  for (const json& step : build.at("steps"))
    lines += step.at("line").dump() +
             (step.at("cached").get<bool>() ? " cached " : " " + step.at("seconds").dump() + " ");
  EXPECT_EQ(lines, "1 0.0 2 cached 3 0.4 4 94.1 5 31.0 ");
  EXPECT_EQ(build.at("other").at(0).at("bytes"), 25'100'000);
  EXPECT_TRUE(build.at("estimated"));
}

TEST(Log, EndsWithTheStepsWhereThereIsNothingElseToSay) {
  const WithLog made;
  made.write("cut.log", "#3 [2/5] WORKDIR /app\n#3 CACHED\n\n#4 [3/5] COPY . .\n#4 CACHED\n");
  const std::string text = run_dcache({"log", "cut.log"}, made.path()).out;
  EXPECT_EQ(text.find("\n\n\n"), std::string::npos) << text;
  EXPECT_FALSE(text.ends_with("\n\n")) << text;
}

TEST(Log, ShowsThePlatformsOfABuildOneByOne) {
  const WithLog made;
  made.write(
      "two.log",
      "#1 [linux/amd64 4/5] RUN npm ci\n#1 DONE 1.0s\n\n#2 [linux/arm64 4/5] RUN npm ci\n#2 DONE 9.0s\n\n"
      "#3 [linux/amd64 5/5] RUN npm run build\n#3 DONE 1.0s\n\n#4 [linux/arm64 5/5] RUN npm run build\n"
      "#4 DONE 8.0s\n");
  const std::string text = run_dcache({"log", "two.log"}, made.path()).out;
  const size_t heading = text.find("\nbuild linux/amd64\n");
  ASSERT_NE(heading, std::string::npos) << text;
  EXPECT_EQ(text.find("\nbuild linux/amd64\n", heading + 1), std::string::npos) << text;
  EXPECT_NE(text.find("were spent because of line 4 (linux/arm64)"), std::string::npos) << text;
}

TEST(Log, EstimatesWhereACIServiceGotAllLinesAtOnce) {
  const WithLog made;
  made.write("late.log",
             "2024-05-01T10:00:00.0000000Z #5 [4/5] RUN npm ci\n2024-05-01T10:00:00.0000000Z #5 DONE 94.1s\n"
             "2024-05-01T10:00:00.1000000Z #6 [5/5] RUN npm run build\n2024-05-01T10:00:00.1000000Z #6 DONE "
             "31.0s\n");
  const json build =
      json::parse(run_dcache({"log", "late.log", "--format", "json"}, made.path()).out)["builds"][0];
  EXPECT_EQ(build["estimated"], true);
  EXPECT_NEAR(build["seconds"].get<double>(), 125.1, 0.1);
}

TEST(Log, SaysFirstWhyABuildFailed) {
  const WithLog made;
  made.write(
      "early.log",
      "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n"
      "ERROR: failed to build: failed to solve: dockerfile parse error on line 2: unknown instruction: "
      "COPYY (did you mean COPY?)\n");
  const std::string early = run_dcache({"log", "early.log"}, made.path()).out;
  EXPECT_NE(
      early.find("\nThe build failed: dockerfile parse error on line 2: unknown instruction: COPYY (did you "
                 "mean COPY?)\nthe build did not come to the steps of a Dockerfile"),
      std::string::npos)
      << early;
  made.write("late.log",
             "#3 [2/5] WORKDIR /app\n#3 CACHED\n\n#4 [3/5] COPY . .\n#4 DONE 0.1s\n\n#5 [4/5] RUN npm ci\n"
             "#5 ERROR: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 137\n"
             "ERROR: failed to build: failed to solve: process \"/bin/sh -c npm ci\" did not complete "
             "successfully: exit code: 137\n");
  const std::string late = run_dcache({"log", "late.log"}, made.path()).out;
  EXPECT_NE(late.find("\nThe build failed at line 4: exit code: 137\n"), std::string::npos) << late;
  EXPECT_NE(late.find("failed: exit code: 137\n"), std::string::npos) << late;
}

TEST(Log, SaysWhyStepsRan) {
  const WithLog made;
  made.write("README.md", "2\n");
  const json log = log_of(made, {"--git", "HEAD"});
  const json& steps = log.at("builds").at(0).at("steps");
  EXPECT_EQ(steps.at(2).at("predicted"), "miss");
  EXPECT_EQ(steps.at(2).at("cause").at("path"), "README.md");
  EXPECT_EQ(steps.at(3).at("follows"), 3);
  const Outcome text = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path());
  EXPECT_NE(text.out.find("125.5 of 127.0 s were spent because of line 3: README.md changed (selected by .)  "
                          " (lint --fix: DC1001)\n"),
            std::string::npos)
      << text.out;
  EXPECT_NE(text.out.find("Critical path: load build context, line 3, line 4, line 5 and exporting to image"),
            std::string::npos)
      << text.out;
}

TEST(Log, SaysWhereLogAndModelDisagree) {
  const WithLog made;
  const Outcome text = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path());
  EXPECT_NE(text.out.find("The log and the model disagree on line 3: it ran, and nothing that it depends on "
                          "changed since HEAD."),
            std::string::npos)
      << text.out;
  const json log = log_of(made, {"--git", "HEAD"});
  EXPECT_TRUE(log.at("builds").at(0).at("steps").at(2).at("disagrees"));
}

TEST(Log, SaysThatACacheImportFailed) {
  const WithLog made;
  made.write(
      "build.log",
      std::string(kLog) + "\n#8 importing cache manifest from ghcr.io/acme/app:cache\n#8 ERROR: not found\n");
  const Outcome text = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path());
  EXPECT_NE(text.out.find("The log says that a cache could not be imported: importing cache manifest from "
                          "ghcr.io/acme/app:cache: not found\n"),
            std::string::npos)
      << text.out;
}

// What explain, affected and lint say of a log that was remembered.
class Remembered : public Repository {
 public:
  Remembered()
      : Repository({{"Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n"},
                    {".dockerignore", ".git\nnode_modules\nbuild.log\nDockerfile\n"},
                    {"index.js", "1\n"},
                    {"package.json", "{}\n"},
                    {"package-lock.json", "{}\n"},
                    {"build.log",
                     "#2 [1/5] FROM docker.io/library/node:20\n#2 DONE 5.0s\n\n#3 [2/5] WORKDIR /app\n"
                     "#3 CACHED\n\n#4 [3/5] COPY . .\n#4 DONE 0.4s\n\n#5 [4/5] RUN npm ci\n"
                     "#5 DONE 94.1s\n\n#6 [5/5] RUN npm run build\n#6 DONE 31.0s\n"}}) {}

  Outcome run(const std::vector<std::string>& arguments) const { return run_dcache(arguments, path()); }
};

TEST(Log, LetsOthersSayHowLongARebuildTakes) {
  const Remembered made;
  EXPECT_EQ(made.run({"explain", "--changed", "index.js"}).out.find("by the last build"), std::string::npos);
  ASSERT_EQ(made.run({"log", "build.log", "--remember"}).status, 0);
  const Outcome explain = made.run({"explain", "--changed", "index.js"});
  EXPECT_TRUE(explain.out.starts_with(
      "3 of 4 steps rebuild when index.js changes, about 2 min 6 s by the last build\n"))
      << explain.out;
  const json time = {{"seconds", 125.5}, {"known", 3}, {"steps", 3}};
  EXPECT_EQ(
      json::parse(made.run({"explain", "--changed", "index.js", "--format", "json"}).out).at("rebuild_time"),
      time);
  const Outcome affected = made.run({"affected", "--changed", "index.js"});
  EXPECT_NE(affected.out.find("  rebuilds 3 of 4 steps  about 2 min 6 s by the last build  line "),
            std::string::npos)
      << affected.out;
  EXPECT_NE(affected.out.find("  EFFECT                 TIME                               FROM "),
            std::string::npos)
      << affected.out;
  EXPECT_EQ(json::parse(made.run({"affected", "--changed", "index.js", "--format", "json"}).out)
                .at("images")
                .at(0)
                .at("rebuild_time"),
            time);
  const Outcome lint = made.run({"lint", "--select", "DC1001", "Dockerfile"});
  EXPECT_NE(
      lint.out.find("editing index.js rebuilds 3 of 4 steps now (about 2 min 6 s by the last build), and 2 "
                    "of 5 with this change (about 31 s)"),
      std::string::npos)
      << lint.out;
  EXPECT_EQ(made.run({"explain", "--no-store", "--changed", "index.js"}).out.find("by the last build"),
            std::string::npos);
}

TEST(Log, SaysWhichFixHelps) {
  const Remembered made;
  made.write("index.js", "2\n");
  const std::string text = made.run({"log", "build.log", "--git", "HEAD"}).out;
  EXPECT_NE(
      text.find("were spent because of line 3: index.js changed (selected by .)   (lint --fix: DC1001)\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(log_of(made, {"--git", "HEAD"}).at("builds").at(0).at("steps").at(2).at("fixed_by"), "DC1001");
  made.write(".dcache.toml", "ignore = [\"DC1001\"]\n");
  EXPECT_EQ(made.run({"log", "build.log", "--git", "HEAD"}).out.find("lint --fix"), std::string::npos);
}

TEST(Log, SaysAtLeastIfNotAllStepsAreKnown) {
  const Remembered made;
  ASSERT_EQ(made.run({"log", "build.log", "--remember"}).status, 0);
  made.write("Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run other\n");
  const Outcome explain = made.run({"explain", "--changed", "index.js"});
  EXPECT_NE(explain.out.find(", at least 1 min 35 s by the last build\n"), std::string::npos) << explain.out;
}

// A worker that started empty and imported a cache that was exported with mode=min, after an edit of main.go.
class WithImport : public Repository {
 public:
  WithImport()
      : Repository({{"Dockerfile",
                     "FROM a AS build\nRUN deps\nCOPY . .\nRUN make\nFROM b\nRUN run\n"
                     "COPY --from=build /app /app\n"},
                    {".dockerignore", ".git\nbuild.log\nDockerfile\n"},
                    {"main.go", "1\n"}}) {
    write("main.go", "2\n");
    write("build.log",
          "#1 importing cache manifest from ghcr.io/acme/app:cache\n#1 DONE 0.2s\n\n"
          "#2 [build 2/4] RUN deps\n#2 DONE 60.0s\n\n#3 [build 3/4] COPY . .\n#3 DONE 0.1s\n\n"
          "#4 [build 4/4] RUN make\n#4 DONE 9.0s\n\n#5 [stage-1 2/3] RUN run\n#5 CACHED\n\n"
          "#6 [stage-1 3/3] COPY --from=build /app /app\n#6 DONE 0.1s\n");
  }
};

TEST(Log, FindsOutHowTheImportedCacheWasExported) {
  const WithImport made;
  const std::string text = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path()).out;
  EXPECT_NE(
      text.find("60.0 of 69.4 s were spent because of line 2: not exported: the imported cache has only "
                "the layers of the image\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("The log says that a cache was imported: importing cache manifest from "
                      "ghcr.io/acme/app:cache\nWhat was reused fits best with a builder that was empty and "
                      "imported an export with mode=min; "),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("disagree"), std::string::npos) << text;
  EXPECT_EQ(log_of(made, {"--git", "HEAD"}).at("assumed_import"), "min");
}

TEST(Log, TakesTheImportThatIsNamed) {
  const WithImport made;
  const json log = log_of(made, {"--git", "HEAD", "--cache-from", "max"});
  EXPECT_TRUE(log.at("builds").at(0).at("steps").at(0).at("disagrees"));
  EXPECT_FALSE(log.contains("assumed_import"));
  const std::string text =
      run_dcache({"log", "build.log", "--git", "HEAD", "--cache-from", "max"}, made.path()).out;
  EXPECT_NE(text.find("  - the imported cache was exported in another way, or from another state\n"),
            std::string::npos)
      << text;
  const Outcome wrong = run_dcache({"log", "build.log", "--cache-from", "max:nope"}, made.path());
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("Dockerfile has no stage 'nope'"), std::string::npos) << wrong.err;
}

TEST(Log, ComparesWithAnotherLog) {
  const WithLog made;
  std::string before = kLog;
  before.replace(before.find("DONE 94.1s"), 10, "CACHED");
  made.write("before.log", before);
  const Outcome text = run_dcache({"log", "before.log", "build.log"}, made.path());
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("94.1 s  was reused\n"), std::string::npos) << text.out;
  const Outcome asked = run_dcache({"log", "before.log", "build.log", "--format", "json"}, made.path());
  EXPECT_TRUE(json::parse(asked.out).at("builds").at(0).at("steps").at(3).at("before").at("cached"));
}

TEST(Log, ComparesWhatFailedAndWhatCostMost) {
  const WithLog made;
  made.write("before.log", kLog);
  std::string after = kLog;
  after.replace(after.find("DONE 0.4s"), 9, "DONE 2.4s");
  after.replace(after.find("#6 DONE 31.0s"), 13, "#6 9.50 x\n#6 ERROR: exit code: 1");
  made.write("build.log", after);
  const std::string text = run_dcache({"log", "before.log", "build.log"}, made.path()).out;
  EXPECT_NE(text.find("because of line 3, which ran before too "), std::string::npos) << text;
  EXPECT_NE(text.find("9.5 s  failed: exit code: 1; was 31.0 s\n"), std::string::npos) << text;
}

TEST(Log, BlamesNoOtherStepIfNoneFailed) {
  const WithLog made;
  std::string log = kLog;
  log.replace(log.find("#6 DONE 31.0s"), 13, "#6 CANCELED");
  made.write("build.log", log);
  const std::string text = run_dcache({"log", "build.log"}, made.path()).out;
  EXPECT_NE(text.find("  canceled\n"), std::string::npos) << text;
}

TEST(Log, SaysWhatWasDoneAtTheSameTime) {
  const Repository made(
      test::Files{{"Dockerfile", "FROM a AS one\nRUN one\nFROM b\nRUN two\nCOPY --from=one /x /x\n"}});
  made.write("build.log",
             "#1 [one 2/2] RUN one\n#1 DONE 10.0s\n\n#2 [stage-1 2/3] RUN two\n#2 DONE 8.0s\n\n"
             "#3 [stage-1 3/3] COPY --from=one /x /x\n#3 DONE 0.1s\n");
  const std::string text = run_dcache({"log", "build.log"}, made.path()).out;
  EXPECT_TRUE(
      text.starts_with("3 of 3 steps ran, in about 10.1 s (18.1 s of work, some of it at the same time)\n"))
      << text;
}

// BuildKit does once what two stages begin with.
TEST(Log, CountsAStepOfTwoStagesOnce) {
  const Repository made(
      test::Files{{"Dockerfile", "FROM a AS one\nRUN same\nFROM a\nRUN same\nCOPY --from=one /x /x\n"}});
  made.write("build.log",
             "#1 [one 1/2] FROM docker.io/library/a\n#1 DONE 0.0s\n\n#2 [one 2/2] RUN same\n#2 DONE 10.0s\n\n"
             "#3 [stage-1 3/3] COPY --from=one /x /x\n#3 DONE 0.1s\n");
  EXPECT_DOUBLE_EQ(log_of(made).at("builds").at(0).at("work"), 10.1);
}

TEST(Log, FindsTheImagesOfABakeLog) {
  const Repository made(
      test::Files{{"docker-bake.hcl", "target \"api\" {\n  target = \"build\"\n}\ntarget \"web\" {}\n"},
                  {"Dockerfile", "FROM node AS build\nRUN one\nFROM build\nRUN two\n"}});
  made.write("build.log",
             "#1 [api internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
             "#2 [web internal] load build definition from Dockerfile\n#2 DONE 0.0s\n\n"
             "#3 [web build 2/2] RUN one\n#3 DONE 1.5s\n\n#4 [web stage-1 1/1] RUN two\n#4 CACHED\n");
  const json log = log_of(made);
  EXPECT_EQ(log.at("builds").at(0).at("name"), "api");
  const json& shared = log.at("builds").at(0).at("steps").at(0);
  EXPECT_EQ(shared.at("line"), 2);
  EXPECT_EQ(shared.at("shared_with"), "web");
  EXPECT_EQ(log.at("builds").at(1).at("steps").at(1).at("line"), 4);
}

TEST(Log, FindsTheDockerfileThatItNames) {
  const Repository made(test::Files{{"Dockerfile", "FROM node\nRUN one\nRUN two\n"},
                                    {"Dockerfile.dev", "FROM node\nRUN one\n"}});
  const auto dockerfile_of = [&](const std::string& name) {
    made.write("build.log", "#1 [internal] load build definition from " + name +
                                "\n#1 DONE 0.0s\n\n#2 [2/2] RUN one\n#2 DONE 1.5s\n");
    return log_of(made, {"-f", "."}).at("builds").at(0).at("dockerfile").get<std::string>();
  };
  EXPECT_EQ(dockerfile_of("Dockerfile"), "Dockerfile");
  EXPECT_EQ(dockerfile_of("Dockerfile.dev"), "Dockerfile.dev");
}

// Two targets whose contexts differ, and which have the first steps in common.
class WithTwoTargets : public Repository {
 public:
  explicit WithTwoTargets(const std::string& log)
      : Repository({{"docker-bake.hcl",
                     "group \"default\" { targets = [\"app\", \"test\"] }\ntarget \"app\" {}\n"
                     "target \"test\" { target = \"test\" }\n"},
                    {"Dockerfile",
                     "FROM bb AS common\nCOPY lib ./lib\nRUN make\nFROM common AS build\nCOPY app ./app\n"
                     "RUN compile\nFROM common AS test\nCOPY app/test ./t\nRUN check\nFROM bb\n"
                     "COPY --from=build /out /out\n"},
                    {"app/test/t", "1\n"},
                    {"lib/l", "1\n"},
                    {"app/main", "1\n"}}) {
    write("build.log",
          "#1 [internal] load local bake definitions\n#1 DONE 0.0s\n"
          "#2 [test internal] load build definition from Dockerfile\n#2 DONE 0.0s\n"
          "#3 [app internal] load .dockerignore\n#3 DONE 0.0s\n"
          "#4 [test common 1/3] FROM docker.io/library/bb:latest\n#4 DONE 0.0s\n" +
              log);
  }

  json build(const std::string& name, std::vector<std::string> arguments = {}) const {
    const json log = log_of(*this, std::move(arguments));
    for (const json& build : log.at("builds"))
      if (build.at("name") == name) return build;
    return {};
  }
  std::string text(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"log", "build.log"});
    return run_dcache(arguments, path()).out;
  }
};

// "2 ran, 3 reused, …": the lines of the steps after FROM, with the target that they are shared with.
std::string ends_of(const json& build) {
  std::string ends;
  for (const json& step : build.at("steps")) {
    if (step.at("instruction").get<std::string>().starts_with("FROM")) continue;
    ends +=
        fmt::format("{}{} {}{}", ends.empty() ? "" : ", ", step.at("line").get<int>(),
                    step.contains("error")          ? "failed"
                    : step.at("cached").get<bool>() ? "reused"
                                                    : "ran",
                    step.contains("shared_with") ? " (" + step["shared_with"].get<std::string>() + ")" : "");
  }
  return ends;
}

// What a report says that has to fit together.
void expect_possible_sums(const json& build) {
  double steps = 0;
  for (const json& step : build.at("steps"))
    steps += step.at("seconds").get<double>();
  EXPECT_LE(steps, build.at("work").get<double>() + 0.001) << build;
  double path = 0;
  for (const json& wait : build.at("critical_path"))
    path += wait.at("seconds").get<double>();
  EXPECT_LE(path, build.at("seconds").get<double>() + 0.001) << build;
}

// The log has both vertices of a step that the targets share under the name of one target, or under either.
TEST(Log, ShowsAStepOfTwoTargetsOnce) {
  const WithTwoTargets one(
      "#5 [app common 2/3] COPY lib ./lib\n#5 DONE 0.1s\n#6 [app common 3/3] RUN make\n#6 DONE 1.5s\n"
      "#7 [app common 2/3] COPY lib ./lib\n#7 CACHED\n#8 [app common 3/3] RUN make\n#8 CACHED\n"
      "#9 [test test 1/2] COPY app/test ./t\n#9 DONE 0.1s\n#10 [app build 1/2] COPY app ./app\n#10 DONE "
      "0.1s\n"
      "#11 [app build 2/2] RUN compile\n#11 DONE 2.5s\n#12 [test test 2/2] RUN check\n#12 DONE 2.0s\n"
      "#13 [app stage-3 2/2] COPY --from=build /out /out\n#13 DONE 0.1s\n");
  const WithTwoTargets either(
      "#5 [app common 2/3] COPY lib ./lib\n#5 DONE 0.1s\n#6 [app common 3/3] RUN make\n#6 DONE 1.5s\n"
      "#7 [test common 2/3] COPY lib ./lib\n#7 CACHED\n#8 [test common 3/3] RUN make\n#8 CACHED\n"
      "#9 [test test 1/2] COPY app/test ./t\n#9 DONE 0.1s\n#10 [app build 1/2] COPY app ./app\n#10 DONE "
      "0.1s\n"
      "#11 [app build 2/2] RUN compile\n#11 DONE 2.5s\n#12 [test test 2/2] RUN check\n#12 DONE 2.0s\n"
      "#13 [app stage-3 2/2] COPY --from=build /out /out\n#13 DONE 0.1s\n");
  for (const WithTwoTargets* made : {&one, &either}) {
    const json app = made->build("app");
    const json test = made->build("test");
    EXPECT_EQ(ends_of(app), "2 ran, 3 ran, 5 ran, 6 ran, 11 ran");
    EXPECT_EQ(ends_of(test), "2 ran (app), 3 ran (app), 8 ran, 9 ran");
    EXPECT_NEAR(test.at("work").get<double>(), 3.7, 0.01);
    EXPECT_NEAR(test.at("seconds").get<double>(), 3.7, 0.01);
    expect_possible_sums(app);
    expect_possible_sums(test);
    const std::string text = made->text();
    EXPECT_NE(text.find("test: 4 of 4 steps ran, in about 3.7 s\n"), std::string::npos) << text;
    EXPECT_NE(text.find("3.7 of 3.7 s were spent because of line 2 (shared with app)\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("app: 5 of 5 steps ran, in about 4.3 s\n"), std::string::npos) << text;
  }
}

TEST(Log, SaysWhyAStepRanThatAnotherTargetRan) {
  const WithTwoTargets made(
      "#5 [app common 2/3] COPY lib ./lib\n#5 DONE 0.1s\n#6 [app common 3/3] RUN make\n#6 DONE 1.5s\n"
      "#7 [test common 2/3] COPY lib ./lib\n#7 CACHED\n#8 [test common 3/3] RUN make\n#8 CACHED\n"
      "#9 [test test 1/2] COPY app/test ./t\n#9 DONE 0.1s\n#10 [test test 2/2] RUN check\n#10 DONE 2.0s\n");
  made.write("lib/l", "2\n");
  const std::string text = made.text({"--git", "HEAD"});
  EXPECT_NE(
      text.find("COPY lib ./lib                                      0.1 s  shared with app; lib/l changed "
                "(selected by lib)\n"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("3.7 of 3.7 s were spent because of line 2 (shared with app): lib/l changed (selected by "
                "lib)\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("disagree"), std::string::npos) << text;
}

// A target that reused what it had does not share what another one ran for other reasons.
TEST(Log, SharesNoStepThatOtherArgumentsMakeAnother) {
  const Repository made(test::Files{{"docker-bake.hcl",
                                     "group \"default\" { targets = [\"a\", \"b\"] }\n"
                                     "target \"a\" { args = { X = \"1\" } }\n"
                                     "target \"b\" { args = { X = \"2\" } }\n"},
                                    {"Dockerfile", "FROM bb\nARG X\nRUN make\n"}});
  made.write(
      "build.log",
      "#1 [a internal] load .dockerignore\n#1 DONE 0.0s\n#2 [b internal] load .dockerignore\n#2 DONE 0.0s\n"
      "#3 [a 2/2] RUN make\n#3 DONE 1.0s\n#4 [b 2/2] RUN make\n#4 CACHED\n");
  const json builds = log_of(made).at("builds");
  EXPECT_EQ(ends_of(builds.at(0)), "3 ran");
  EXPECT_EQ(ends_of(builds.at(1)), "3 reused");
}

TEST(Log, SaysWhichTargetFailed) {
  const std::string failure =
      "#9 [app build 1/2] COPY app ./app\n#9 DONE 0.1s\n#10 [app build 2/2] RUN compile\n"
      "#10 ERROR: process \"x\" did not complete successfully: exit code: 1\n";
  const std::string end = "failed to solve: process \"x\" did not complete successfully: exit code: 1\n";
  const std::string finished = "#8 [test] exporting to image\n#8 DONE 0.1s\n";
  for (const std::string words : {"ERROR: target app: ", "ERROR: ", "target app: "}) {
    const WithTwoTargets made("#7 [test test 2/2] RUN check\n#7 CACHED\n" + finished + failure + words + end);
    const std::string text = made.text();
    const size_t test = text.find("test: "), app = text.find("app: ");
    ASSERT_LT(test, app) << text;
    EXPECT_EQ(text.substr(test, app - test).find("fail"), std::string::npos) << text;
    EXPECT_NE(text.find("The build failed at line 6: exit code: 1\n"), std::string::npos) << text;
    EXPECT_FALSE(made.build("test").contains("notices"));
    EXPECT_EQ(made.build("app").at("notices").at(0).at("kind"), "failed");
  }
  const WithTwoTargets early("#7 [test test 2/2] RUN check\n#7 CANCELED\n" + failure + "ERROR: " + end);
  EXPECT_NE(early.text().find("The build did not finish, since app failed\n"), std::string::npos)
      << early.text();
}

// The lines of a CI service come late, and the first of them together.
TEST(Log, AddsUpTheTimesOfACIService) {
  std::string lines;
  for (const char* line :
       {"00.1 #5 [app internal] load build context", "00.1 #5 DONE 0.1s",
        "00.1 #6 [test common 3/3] RUN make", "00.1 #6 CACHED", "00.1 #7 [test test 2/2] RUN check",
        "00.1 #7 CACHED", "00.1 #8 [test] exporting to image", "00.1 #8 DONE 0.0s",
        "00.1 #9 [app build 1/2] COPY app ./app", "00.1 #9 DONE 0.2s", "00.1 #10 [app build 2/2] RUN compile",
        "02.2 #10 DONE 2.5s", "02.4 #4 [app common 1/3] FROM docker.io/library/bb:latest", "02.4 #4 CACHED",
        "02.4 #11 [app stage-3 2/2] COPY --from=build /out /out", "02.4 #11 DONE 0.1s",
        "02.6 #12 [app] exporting to image", "02.6 #12 DONE 0.1s"})
    lines += std::string("2026-11-29T11:33:") + std::string(line, 4) + "Z" + (line + 4) + "\n";
  const WithTwoTargets made("");
  made.write(
      "build.log",
      "2026-11-29T11:33:00.1Z #2 [test internal] load .dockerignore\n2026-11-29T11:33:00.1Z #2 DONE 0.0s\n"
      "2026-11-29T11:33:00.1Z #4 [test common 1/3] FROM docker.io/library/bb:latest\n"
      "2026-11-29T11:33:00.1Z #4 DONE 0.0s\n" +
          lines);
  const json app = made.build("app");
  const json test = made.build("test");
  expect_possible_sums(app);
  expect_possible_sums(test);
  EXPECT_FALSE(app.contains("estimated"));
  EXPECT_LT(test.at("seconds").get<double>(), 1);
  for (const json& wait : test.at("critical_path"))
    EXPECT_EQ(wait.at("name").get<std::string>().find("[app build"), std::string::npos) << test;
  const std::string text = made.text();
  EXPECT_EQ(text.find("at the same time"), std::string::npos) << text;
}

TEST(Log, CountsAllThatALogWhichWasCutHasOfATarget) {
  const WithTwoTargets made(
      "#5 [app common 2/3] COPY lib ./lib\n#5 DONE 0.0s\n#6 [app common 3/3] RUN make\n#6 DONE 1.5s\n"
      "#7 [test common 2/3] COPY lib ./lib\n#7 CACHED\n#8 [test");
  const std::string text = made.text();
  EXPECT_NE(text.find("test: 2 of 2 steps ran, in about 1.5 s\n"), std::string::npos) << text;
  expect_possible_sums(made.build("test"));
}

TEST(Log, NamesTheOptionsThatMakeStepsRun) {
  const WithLog made;
  const auto text = [&] { return run_dcache({"log", "build.log", "--git", "HEAD"}, made.path()).out; };
  EXPECT_NE(
      text().find("What else may be the reason:\n  - the build was started with --no-cache or --pull\n"),
      std::string::npos)
      << text();
  made.write("build.log", "$ docker build --no-cache .\n" + std::string(kLog));
  EXPECT_EQ(text().find("was started with --no-cache"), std::string::npos) << text();
  EXPECT_NE(text().find("What else may be the reason:\n  - what the log says above\n"), std::string::npos)
      << text();
}

// After an edit of an earlier layer, BuildKit puts the layer of a `COPY --link` on the new one.
TEST(Log, CountsALinkAsReusedIfOnlyItsPlaceIsNew) {
  const Repository made(test::Files{{"Dockerfile", "FROM bb\nCOPY a /a\nCOPY --link b /b\nRUN make\n"},
                                    {".dockerignore", ".git\nbuild.log\n"},
                                    {"a", "1\n"},
                                    {"b", "1\n"}});
  made.write("a", "2\n");
  const std::string log =
      "#1 [2/4] COPY a /a\n#1 DONE 0.1s\n#2 [3/4] COPY --link b /b\n#2 merging 0.1s done\n#2 DONE 0.1s\n"
      "#3 [4/4] RUN make\n#3 DONE 1.0s\n#4 exporting to image\n";
  made.write("build.log", log + "#4 exporting manifest sha256:0 done\n#4 DONE 0.1s\n");
  const std::string text = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path()).out;
  EXPECT_TRUE(text.starts_with("2 of 3 steps ran")) << text;
  EXPECT_NE(text.find("0.1 s  reused, and put on the layers after line 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1.0 s  follows line 2: a changed"), std::string::npos) << text;
  EXPECT_EQ(log_of(made, {"--git", "HEAD"}).at("builds").at(0).at("steps").at(1).value("merged", false),
            true);
  // Docker's classic store can't merge layers, and copies again.
  made.write("build.log",
             "#1 [2/4] COPY a /a\n#1 DONE 0.1s\n#2 [3/4] COPY --link b /b\n#2 DONE 0.1s\n"
             "#4 exporting to image\n#4 writing image sha256:0 done\n#4 DONE 0.1s\n");
  const std::string classic = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path()).out;
  EXPECT_TRUE(classic.starts_with("2 of 2 steps ran")) << classic;
}

TEST(Log, LooksOnlyAtTheImagesThatAreNamed) {
  const Repository made(test::Files{{"compose.yaml",
                                     "services:\n  api:\n    build: {context: ., dockerfile: a.Dockerfile}\n "
                                     " web:\n    build: {context: ., "
                                     "dockerfile: b.Dockerfile}\n"},
                                    {"a.Dockerfile", "FROM node\nRUN one\n"},
                                    {"b.Dockerfile", "FROM scratch\nCOPY notes.txt /\n"},
                                    {"notes.txt", "x\n"}});
  made.write("build.log", "#1 [2/2] RUN one\n#1 DONE 1.5s\n");
  const auto line_of = [&](std::vector<std::string> arguments) {
    return log_of(made, std::move(arguments)).at("builds").at(0).at("steps").at(0).value("line", 0);
  };
  EXPECT_EQ(line_of({}), 2);
  EXPECT_EQ(line_of({"--image", "api"}), 2);
  EXPECT_EQ(line_of({"--image", "web"}), 0);
  EXPECT_EQ(line_of({"-f", "b.Dockerfile"}), 0);
}

// A stage that may have given other files gave the same ones: what a step ran for is the one below it.
TEST(Log, NamesNoStepThatWasReused) {
  const Repository made({{"Dockerfile",
                          "FROM bb AS s0\nCOPY . /src\nRUN echo const > /out\nFROM bb AS s1\n"
                          "COPY --from=s0 /out /app\nFROM bb\nCOPY a.txt /a\nCOPY --from=s1 /app /got\n"},
                         {".dockerignore", ".git\nbuild.log\n"},
                         {"a.txt", "1\n"}});
  made.write("a.txt", "2\n");
  made.write("build.log",
             "#1 [s0 1/3] FROM docker.io/library/bb:latest\n#1 CACHED\n\n#2 [s0 2/3] COPY . /src\n#2 DONE "
             "0.1s\n\n#3 [s0 3/3] RUN echo const > /out\n#3 DONE 0.2s\n\n"
             "#4 [s1 2/2] COPY --from=s0 /out /app\n#4 CACHED\n\n#5 [stage-2 2/3] COPY a.txt /a\n#5 DONE "
             "0.1s\n\n#6 [stage-2 3/3] COPY --from=s1 /app /got\n#6 DONE 0.1s\n");
  const std::string out = run_dcache({"log", "build.log", "--git", "HEAD"}, made.path()).out;
  EXPECT_NE(out.find("follows line 7\n"), std::string::npos) << out;
  EXPECT_EQ(out.find("line 5 of stage s1 rebuilds"), std::string::npos) << out;
}

// Both targets have all the steps of the record; one of them needs more.
TEST(Log, IsOfTheTargetThatLacksNothing) {
  const Repository made({{"docker-bake.hcl", "target \"one\" {\n  target = \"s0\"\n}\ntarget \"two\" {}\n"},
                         {"Dockerfile", "FROM bb AS s0\nRUN a\nFROM bb AS s1\nRUN b\nCOPY --from=s0 / /\n"}});
  made.write(
      "build.log",
      R"({"vertexes":[{"digest":"sha256:1","name":"[internal] load build definition from Dockerfile","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z"},{"digest":"sha256:2","name":"[s0 1/2] FROM docker.io/library/bb:latest","started":"2026-11-27T00:00:01Z","completed":"2026-11-27T00:00:01Z"},{"digest":"sha256:3","inputs":["sha256:2"],"name":"[s0 2/2] RUN a","started":"2026-11-27T00:00:01Z","completed":"2026-11-27T00:00:03Z"}]})"
      "\n");
  const std::string out = run_dcache({"log", "build.log"}, made.path()).out;
  EXPECT_TRUE(out.starts_with("one: 1 of 1 step ran")) << out;
  EXPECT_EQ(out.find("Not in the log"), std::string::npos) << out;
}

TEST(Log, ShowsALogWithoutADockerfile) {
  const Repository made(test::Files{{"notes.txt", "x\n"}});
  made.write("build.log", kLog);
  const json log = log_of(made);
  const json& step = log.at("builds").at(0).at("steps").at(3);
  EXPECT_FALSE(step.contains("line"));
  EXPECT_EQ(step.at("instruction"), "RUN npm ci");
  const Outcome text = run_dcache({"log", "build.log"}, made.path());
  EXPECT_NE(text.out.find("no Dockerfile at hand"), std::string::npos) << text.out;
}

TEST(Log, ReadsStandardInput) {
  const WithLog made;
  const Outcome outcome = run_dcache({"log", "-", "--format", "json"}, made.path(), kLog);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out), log_of(made));
}

TEST(Log, DrawsATimeline) {
  const WithLog made;
  const Outcome outcome = run_dcache({"log", "build.log", "--format", "svg"}, made.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("<svg ")) << outcome.out;
  EXPECT_NE(outcome.out.find("[4/5] RUN npm ci: 94.1 s"), std::string::npos);
}

TEST(Log, RefusesWhatIsNotALog) {
  const WithLog made;
  struct Case {
    std::vector<std::string> arguments;
    const char* words;
  };
  for (const auto& [arguments, words] :
       {Case{{"log"}, "name one log"}, Case{{"log", "a", "b", "c"}, "name one log"},
        Case{{"log", "missing.log"}, "can't read missing.log"}, Case{{"log", "."}, "can't read ."},
        Case{{"log", "Dockerfile"}, "Dockerfile: this is not the log of a build"},
        Case{{"log", "build.log", "-f", "no/Dockerfile"}, "no/Dockerfile"},
        Case{{"log", "build.log", "--git", "HEAD", "--since", "x"}, "can't be combined"},
        Case{{"log", "build.log", "--git", "nowhere"}, "nowhere"}}) {
    const Outcome outcome = run_dcache(arguments, made.path());
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
  }
}

TEST(Log, SaysHowALogWithoutStepsEnded) {
  const Repository made(test::Files{{"Dockerfile", "FROM bb\nRUN a\n"}, {".dockerignore", ".git\n*.log\n"}});
  const auto text_of = [&](const std::string& log) {
    made.write("build.log", log);
    return run_dcache({"log", "build.log"}, made.path()).out;
  };
  const std::string bake = text_of(
      "#0 building with \"default\" instance using docker driver\n\n#1 [internal] load local bake "
      "definitions\n"
      "#1 DONE 0.0s\nERROR: failed to find target nosuch\n");
  EXPECT_TRUE(
      bake.starts_with("No step ran, in about 0.0 s\nThe build failed: failed to find target nosuch\n"))
      << bake;
  EXPECT_EQ(bake.find("not complete"), std::string::npos) << bake;
  const std::string check = text_of(
      "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
      "#2 [internal] load metadata for docker.io/library/bb:latest\n#2 DONE 0.0s\n"
      "Check complete, no warnings found.\n");
  EXPECT_NE(
      check.find("The log says that the Dockerfile was only checked, and not built: no warnings found.\n"),
      std::string::npos)
      << check;
  EXPECT_EQ(check.find("not complete"), std::string::npos) << check;
}

TEST(Log, ShowsWhatPeoplePasteOfAFailure) {
  const WithLog made;
  const std::string end =
      "Dockerfile:9\n--------------------\n   9 | >>> RUN npm ci\n--------------------\n"
      "ERROR: failed to solve: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1\n";
  const Outcome outcome = run_dcache(
      {"log", "-"}, made.path(), "------\n > [build 4/5] RUN npm ci:\n1.204 npm error 404\n------\n" + end);
  EXPECT_EQ(
      outcome.out,
      "The build failed at line 4: exit code: 1\n"
      "Dockerfile Dockerfile; the log has only the end of the build, which shows this step in line 9: the "
      "Dockerfile was another one\n\nbuild\n"
      "  !     4  RUN npm ci                                          1.2 s  failed: exit code: 1\n"
      "           npm error 404\n");
  // Without the name of the step.
  EXPECT_EQ(run_dcache({"log", "-"}, made.path(), end).out,
            "The build failed at line 9: exit code: 1\n"
            "the log has only the end of the build, and the line is that of Dockerfile there\n\n"
            "  !     9  RUN npm ci\n");
}

}  // namespace
}  // namespace dcache
