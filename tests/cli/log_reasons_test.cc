// What `dcache log` blames, and what it assumes of the builder.
#include <filesystem>
#include <utility>

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

std::string text_of(const Repository& made, std::vector<std::string> arguments = {"--git", "HEAD"}) {
  arguments.insert(arguments.begin(), {"log", "build.log"});
  const Outcome outcome = run_dcache(arguments, made.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.out;
}

json json_of(const Repository& made, std::vector<std::string> arguments = {"--git", "HEAD"}) {
  arguments.insert(arguments.begin(), {"log", "build.log", "--format", "json"});
  const Outcome outcome = run_dcache(arguments, made.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.status == 0 ? json::parse(outcome.out) : json();
}

void expect_has(const std::string& text, std::string_view part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

void expect_lacks(const std::string& text, std::string_view part) {
  EXPECT_EQ(text.find(part), std::string::npos) << part << "\nis in\n" << text;
}

constexpr const char* kTwoEdits =
    "#1 [1/5] FROM docker.io/library/golang:latest\n#1 DONE 0.0s\n\n"
    "#2 [2/5] COPY go.mod ./\n#2 DONE 0.1s\n\n#3 [3/5] RUN go mod download\n#3 DONE 2.0s\n\n"
    "#4 [4/5] COPY main.go ./\n#4 DONE 0.1s\n\n#5 [5/5] RUN go build\n#5 DONE 100.0s\n";

class WithTwoCopies : public Repository {
 public:
  WithTwoCopies()
      : Repository({{"Dockerfile",
                     "FROM golang\nCOPY go.mod ./\nRUN go mod download\nCOPY main.go ./\nRUN go build\n"},
                    {".dockerignore", ".git\nbuild.log\n"},
                    {"go.mod", "1\n"},
                    {"main.go", "1\n"}}) {
    write("build.log", kTwoEdits);
  }
};

TEST(LogReasons, CountAStepThatChangedItselfForItself) {
  const WithTwoCopies made;
  made.write("go.mod", "2\n");
  made.write("main.go", "2\n");
  const std::string text = text_of(made);
  expect_has(text, "\n100.1 of 102.2 s were spent because of line 4: main.go changed (selected by main.go)");
  expect_has(text, "\n2.1 of 102.2 s were spent because of line 2: go.mod changed (selected by go.mod)\n");
  const json steps = json_of(made).at("builds").at(0).at("steps");
  EXPECT_EQ(steps.at(2).at("follows"), 2);
  EXPECT_FALSE(steps.at(3).contains("follows"));
  EXPECT_EQ(steps.at(4).at("follows"), 4);
}

// The build had other options than the usual ones, and so had the one before it.
TEST(LogReasons, KnowTheOptionsOfTheBuild) {
  const WithTwoCopies made;
  ASSERT_EQ(run_dcache({"snapshot", "--network", "none", "--ulimit", "nofile=1024", "-o", ".git/before.json"},
                       made.path())
                .status,
            0);
  made.write("main.go", "2\n");
  const auto reasons = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--since", ".git/before.json"});
    return text_of(made, std::move(arguments));
  };
  expect_has(reasons({}), "--ulimit was nofile=1024:1024, and is no longer set");
  expect_has(reasons({"--ulimit", "nofile=1024"}), "the network was none, and is no longer set");
  const std::string same = reasons({"--network", "none", "--ulimit", "nofile=1024"});
  expect_lacks(same, "network");
  expect_lacks(same, "ulimit");
}

// The builder did not have the first step any more; the second one changed.
TEST(LogReasons, CountItForItselfAlsoAfterAStepThatNobodyExplains) {
  const WithTwoCopies made;
  made.write("main.go", "2\n");
  const std::string text = text_of(made);
  expect_has(text, "\n100.1 of 102.2 s were spent because of line 4: main.go changed (selected by main.go)");
  expect_has(
      text, "\n2.1 of 102.2 s were spent because of line 2: nothing that it depends on changed since HEAD\n");
}

// A variable counts for every RUN after it: the line that sets it is the reason of all of them.
TEST(LogReasons, CountOneChangeOnce) {
  const Repository made({{"Dockerfile", "FROM a\nENV X=1\nRUN one\nRUN two\nCOPY f ./\nRUN three\n"},
                         {".dockerignore", ".git\nbuild.log\n"},
                         {"f", "1\n"}});
  made.write("Dockerfile", "FROM a\nENV X=2\nRUN one\nRUN two\nCOPY f ./\nRUN three\n");
  made.write("build.log",
             "#1 [1/5] FROM docker.io/library/a:latest\n#1 DONE 0.0s\n\n#2 [2/5] RUN one\n#2 DONE 1.0s\n\n#3 "
             "[3/5] RUN two\n#3 DONE 2.0s\n\n#4 [4/5] COPY f ./\n#4 DONE 0.1s\n\n#5 [5/5] RUN three\n#5 DONE "
             "3.0s\n");
  expect_has(text_of(made), "\n6.1 of 6.1 s were spent because of line 3: ");
}

TEST(LogReasons, CountWhatTakesAStageForTheStage) {
  const Repository made(
      {{"Dockerfile",
        "FROM a AS build\nCOPY main.go ./\nRUN make\nFROM b\nCOPY site ./\nCOPY --from=build /x "
        "/x\nRUN check\n"},
       {".dockerignore", ".git\nbuild.log\n"},
       {"site", "1\n"},
       {"main.go", "1\n"}});
  made.write("site", "2\n");
  made.write("main.go", "2\n");
  made.write(
      "build.log",
      "#1 [build 1/3] FROM docker.io/library/a:latest\n#1 DONE 0.0s\n\n#2 [build 2/3] COPY main.go ./\n#2 "
      "DONE 0.1s\n\n#3 [build 3/3] RUN make\n#3 DONE 9.0s\n\n#4 [stage-1 1/4] FROM "
      "docker.io/library/b:latest\n#4 DONE 0.0s\n\n#5 [stage-1 2/4] COPY site ./\n#5 DONE 0.1s\n\n#6 "
      "[stage-1 3/4] COPY --from=build /x /x\n#6 DONE 0.1s\n\n#7 [stage-1 4/4] RUN check\n#7 DONE 3.0s\n");
  const std::string text = text_of(made);
  expect_has(text, "12.2 of 12.3 s were spent because of line 2: main.go changed");
  expect_has(text, "0.1 of 12.3 s were spent because of line 5: site changed");
}

// The job log of GitHub Actions with docker/setup-buildx-action, whose builder is new.
class WithNewBuilder : public Repository {
 public:
  explicit WithNewBuilder(const std::string& before = "")
      : Repository({{"Dockerfile", "FROM a\nRUN deps\nCOPY main.go ./\nRUN make\n"},
                    {".dockerignore", ".git\nbuild.log\n"},
                    {"main.go", "1\n"}}) {
    write("main.go", "2\n");
    write("build.log",
          "#1 [internal] booting buildkit\n#1 DONE 4.7s\nName: builder-1\n"
          "#0 building with \"builder-1\" instance using docker-container driver\n\n"
          "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n" +
              before +
              "#3 [1/4] FROM docker.io/library/a:latest\n#3 DONE 1.0s\n\n#4 [2/4] RUN deps\n#4 DONE 20.0s\n\n"
              "#5 [3/4] COPY main.go ./\n#5 DONE 0.1s\n\n#6 [4/4] RUN make\n#6 DONE 9.0s\n\n"
              "#7 exporting to image\n#7 DONE 0.1s\n");
  }
};

TEST(LogReasons, KnowThatANewBuilderHasNothing) {
  for (const char* before :
       {"", "#2 importing cache manifest from gha:1\n#2 ERROR: maximum timeout reached\n\n"}) {
    const WithNewBuilder made(before);
    const json log = json_of(made);
    ASSERT_EQ(log.at("builds").size(), 1U);
    EXPECT_EQ(log.at("assumed_import"), "none");
    EXPECT_EQ(log.at("builds").at(0).at("notices").at(0).at("kind"), "new-builder");
    const std::string text = text_of(made);
    expect_has(text, "\n20.0 of ");
    expect_has(text, " s were spent because of line 2: the builder was new, so its cache was empty\n");
    expect_has(text, "\n9.1 of ");
    expect_has(text, " s were spent because of line 3: main.go changed (selected by main.go)");
    expect_has(text, "The log says that the builder was new, so its cache was empty");
    expect_has(text, "The reasons are for an empty builder that imported no cache, as the log says");
    expect_lacks(text, "disagree");
    expect_has(text, "booting buildkit 4.7 s");
  }
}

TEST(LogReasons, OfANewBuilderAreForTheBuildThatStartedIt) {
  const WithNewBuilder made;
  made.write("build.log",
             made.read("build.log") +
                 "\n#0 building with \"builder-1\" instance using docker-container driver\n\n"
                 "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
                 "#3 [1/4] FROM docker.io/library/a:latest\n#3 DONE 0.0s\n\n#4 [2/4] RUN deps\n#4 CACHED\n\n"
                 "#5 [3/4] COPY main.go ./\n#5 DONE 0.1s\n\n#6 [4/4] RUN make\n#6 DONE 9.0s\n\n"
                 "#7 exporting to image\n#7 DONE 0.1s\n");
  const json log = json_of(made);
  ASSERT_EQ(log.at("builds").size(), 2U);
  EXPECT_EQ(log["builds"][0].value("assumed_import", ""), "none");
  EXPECT_FALSE(log["builds"][1].contains("assumed_import"));
  EXPECT_FALSE(log["builds"][1].contains("notices"));
  expect_lacks(text_of(made), "disagree");
}

// Inline caches of the builder's stage and of the whole image: BuildKit does not always find the same steps.
TEST(LogReasons, KnowThatSeveralImportsAreNotReliable) {
  const Repository made({{"Dockerfile",
                          "FROM bb AS build\nWORKDIR /src\nCOPY go.mod ./\nRUN deps\nCOPY main.go ./\nRUN "
                          "make\nFROM bb\nRUN certs\nCOPY --from=build /app /app\n"},
                         {".dockerignore", ".git\nbuild.log\n"},
                         {"go.mod", "1\n"},
                         {"main.go", "1\n"}});
  made.write("main.go", "2\n");
  made.write(
      "build.log",
      "#1 importing cache manifest from r/one\n#1 DONE 0.2s\n\n#2 importing cache manifest from r/two\n#2 "
      "DONE 0.2s\n\n#3 [build 1/6] FROM docker.io/library/bb:latest\n#3 DONE 0.0s\n\n"
      "#4 [build 2/6] WORKDIR /src\n#4 DONE 0.1s\n\n#5 [build 3/6] COPY go.mod ./\n#5 DONE 0.1s\n\n"
      "#6 [build 4/6] RUN deps\n#6 DONE 60.0s\n\n#7 [build 5/6] COPY main.go ./\n#7 DONE 0.1s\n\n"
      "#8 [build 6/6] RUN make\n#8 DONE 9.0s\n\n#9 [stage-1 2/3] RUN certs\n#9 CACHED\n\n"
      "#10 [stage-1 3/3] COPY --from=build /app /app\n#10 DONE 0.1s\n");
  const std::string text = text_of(made);
  expect_has(text, "several imports");
  expect_lacks(text, "has only the layers of the image");
  EXPECT_TRUE(json_of(made).at("assumed_import").get<std::string>().starts_with("inline")) << text;
}

TEST(LogReasons, SayThatALogEndsBeforeTheBuild) {
  const Repository made(
      test::Files{{"Dockerfile", "FROM a AS build\nRUN one\nFROM b\nCOPY --from=build /x /x\nRUN two\n"}});
  const auto write = [&](const std::string& end) {
    made.write(
        "build.log",
        "#1 [build 1/2] FROM docker.io/library/a:latest\n#1 DONE 0.0s\n\n#2 [build 2/2] RUN one\n#2 DONE "
        "1.0s\n\n" +
            end);
  };
  write("");
  expect_has(text_of(made, {}), "\nThe log is not complete: lines, or the end of some steps, are missing.\n");
  EXPECT_EQ(json_of(made, {}).value("cut", false), true);
  write("ERROR: failed to receive status: rpc error: EOF\n");
  const std::string failed = text_of(made, {});
  expect_has(failed, "\nThe build failed: rpc error: EOF\n");
  expect_lacks(failed, "not complete");
  made.write("build.log", "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.1s\n");
  const std::string start = text_of(made, {});
  EXPECT_TRUE(
      start.starts_with("No step ran, in about 0.1 s\nthe log does not come to the steps of a Dockerfile"))
      << start;
  expect_has(start, "not complete");
}

// BuildKit does what two platforms share once, and prints it under the name of either.
class WithSharedPlatforms : public Repository {
 public:
  WithSharedPlatforms()
      : Repository({{"Dockerfile",
                     "FROM --platform=$BUILDPLATFORM bb AS build\nARG TARGETARCH\nCOPY a .\n"
                     "RUN echo $TARGETARCH > out\nFROM scratch\nCOPY --from=build /out /out\n"},
                    {".dockerignore", ".git\n*.log\n"},
                    {"a", "1\n"}}) {
    write("a", "2\n");
    for (const auto& [name, shared] :
         {std::pair("build.log", "linux/amd64"), {"other.log", "linux/amd64->arm64"}}) {
      write(name, fmt::format("#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
                              "#2 [linux/amd64 build 1/3] FROM docker.io/library/bb:latest\n#2 CACHED\n\n"
                              "#3 [{} build 2/3] COPY a .\n#3 DONE 0.1s\n\n"
                              "#4 [linux/amd64 build 3/3] RUN echo amd64 > out\n#4 DONE 10.0s\n\n"
                              "#5 [linux/amd64->arm64 build 3/3] RUN echo arm64 > out\n#5 DONE 90.0s\n\n"
                              "#6 [linux/amd64 stage-1 1/1] COPY --from=build /out /out\n#6 DONE 0.2s\n\n"
                              "#7 [linux/arm64 stage-1 1/1] COPY --from=build /out /out\n#7 DONE 0.3s\n",
                              shared));
    }
  }
};

TEST(LogReasons, FollowsWhatPlatformsShare) {
  const WithSharedPlatforms made;
  const std::string text = text_of(made);
  expect_has(text, "\n100.6 of 100.6 s were spent because of line 3 (linux/amd64): a changed");
  expect_has(text, "90.0 s  follows line 3: a changed");
  expect_lacks(text, "by the model");
  const Outcome other = run_dcache({"log", "other.log", "--git", "HEAD"}, made.path());
  expect_has(other.out, "\n100.6 of 100.6 s were spent because of line 3 (linux/amd64->arm64): a changed");
}

// What is copied from another stage is that of the same target.
TEST(LogReasons, FindsTheStageOfTheSameTarget) {
  const WithSharedPlatforms made;
  const json steps = json_of(made).at("builds").at(0).at("steps");
  for (const json& step : steps) {
    if (step.at("line") == 6) {
      EXPECT_EQ(step.at("follows"), 4) << step;
    }
  }
  // The time line too: linux/arm64 waited for 90 s, linux/amd64 for 10 s.
  expect_has(text_of(made),
             "\nCritical path: line 3 (linux/amd64), line 4 (linux/amd64->arm64) and line 6 "
             "(linux/arm64): 90.4 s of 90.4 s.\n");
}

TEST(LogReasons, KnowsSharedStepsWithoutADockerfile) {
  const WithSharedPlatforms made;
  std::filesystem::remove(std::filesystem::path(made.path()) / "Dockerfile");
  const std::string text = text_of(made, {});
  expect_has(text, "\n100.1 of 100.6 s were spent because of COPY a . (linux/amd64)");
  expect_has(text, "(linux/arm64): 90.4 s of 90.4 s.\n");
}

TEST(LogReasons, ComparesWhatPlatformsShareUnderEitherName) {
  const WithSharedPlatforms made;
  const Outcome outcome = run_dcache({"log", "other.log", "build.log"}, made.path());
  expect_lacks(outcome.out, "is not in the log before");
  expect_has(outcome.out, "(linux/amd64), which ran before too");
}

// The builder had nothing of what the model assumes, so it did not have the result of COPY --link either.
constexpr const char* kLinkLog =
    "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
    "#2 [a 1/2] FROM docker.io/library/bb:latest\n#2 DONE 0.1s\n\n#3 [a 2/2] RUN echo x > /o\n#3 DONE "
    "5.0s\n\n"
    "#4 [stage-1 2/{0}] COPY x /x\n#4 DONE 1.0s\n\n#5 [stage-1 3/{0}] COPY --link {1} /o\n#5 DONE 9.0s\n\n"
    "#6 exporting to image\n#6 exporting manifest sha256:0 0.0s done\n#6 DONE 0.1s\n";

class WithLink : public Repository {
 public:
  explicit WithLink(const std::string& source)
      : Repository({{"Dockerfile", "FROM bb AS a\nRUN echo x > /o\nFROM bb\nCOPY x /x\nCOPY --link " +
                                       source + " /o\nCOPY --from=a /o /p\n"},
                    {".dockerignore", ".git\nbuild.log\n"},
                    {"o", "1\n"},
                    {"x", "1\n"}}) {
    write("x", "2\n");
    write("build.log", fmt::format(kLinkLog, 4, source));
  }
};

TEST(LogReasons, KnowsThatALinkRanIfTheStageThatItCopiesFromRan) {
  const WithLink made("--from=a /o");
  const std::string text = text_of(made);
  EXPECT_TRUE(text.starts_with("3 of 3 steps ran")) << text;
  expect_has(text, "9.0 s  follows line 2");
  expect_lacks(text, "put on the layers");
}

TEST(LogReasons, KnowsThatALinkRanIfTheBuilderDidNotHaveOtherSteps) {
  const WithLink made("o");
  const std::string text = text_of(made);
  EXPECT_TRUE(text.starts_with("3 of 3 steps ran")) << text;
  expect_has(text,
             "9.0 of 15.2 s were spent because of line 5: nothing that it depends on changed since HEAD");
  expect_has(text, "The log and the model disagree on line 2 and line 5: they ran");
}

}  // namespace
}  // namespace dcache
