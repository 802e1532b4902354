// `dcache explain --cache-from`: what a worker that starts empty reuses.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

class Worker : public testing::Test {
 protected:
  Worker() {
    folder_.write(
        "Dockerfile",
        "FROM a AS build\nRUN deps\nCOPY . .\nRUN make\nFROM b\nRUN run\nCOPY --from=build /app /app\n");
    folder_.write("main.go", "1\n");
    folder_.git("init -q -b main");
    folder_.commit("first");
  }

  Outcome explain(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "explain");
    return run_dcache(arguments, folder_.path());
  }
  // "2:hit 3:miss", FROM left out.
  std::string verdicts(std::vector<std::string> arguments) const {
    arguments.emplace_back("--format");
    arguments.emplace_back("json");
    const Outcome outcome = explain(arguments);
    if (outcome.status != 0) return outcome.err;
    const json said = json::parse(outcome.out);
    std::string text;
    for (const json& step : said.at("steps")) {
      if (step.at("instruction").get<std::string>().starts_with("FROM")) continue;
      text +=
          (text.empty() ? "" : " ") + step.at("line").dump() + ":" + step.at("verdict").get<std::string>();
    }
    return text;
  }

  test::GitFolder folder_;
};

TEST_F(Worker, ReusesWhatWasExported) {
  EXPECT_EQ(verdicts({"--cache-from", "min", "--changed", "main.go"}),
            "2:miss 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(verdicts({"--cache-from", "max", "--changed", "main.go"}), "2:hit 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(verdicts({"--cache-from", "type=gha,mode=max", "--changed", "main.go"}),
            "2:hit 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(verdicts({"--cache-from", "none", "--changed", "main.go"}), "2:miss 3:miss 4:miss 6:miss 7:miss");
}

TEST_F(Worker, ReusesAllIfNothingChanged) {
  EXPECT_EQ(verdicts({"--cache-from", "inline"}), "2:hit 3:hit 4:hit 6:hit 7:hit");
  const Outcome outcome = explain({"--cache-from", "inline"});
  EXPECT_TRUE(outcome.out.starts_with(
      "Nothing rebuilds on a worker that starts empty and imports a cache: all 5 steps are reused\n"))
      << outcome.out;
}

TEST_F(Worker, AnswersForRevisionsAndSnapshots) {
  ASSERT_EQ(run_dcache({"snapshot", "-o", "before.json"}, folder_.path()).status, 0);
  folder_.write("main.go", "2\n");
  EXPECT_EQ(verdicts({"--cache-from", "min", "--git", "HEAD"}), "2:miss 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(verdicts({"--cache-from", "min", "--since", "before.json"}),
            "2:miss 3:miss 4:miss 6:hit 7:depends");
}

TEST_F(Worker, SaysWhyInWords) {
  const Outcome outcome = explain({"--cache-from", "min", "--changed", "main.go"});
  EXPECT_NE(
      outcome.out.find(
          "3 of 5 steps rebuild when main.go changes, on a worker that starts empty and imports a cache"),
      std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("not exported: the imported cache has only the layers of the image"),
            std::string::npos)
      << outcome.out;
}

TEST_F(Worker, SaysThatAStageRunsOnlyIfItIsNeeded) {
  folder_.write("Dockerfile",
                "FROM a AS build\nCOPY main.go .\nRUN make\nFROM a AS web\nRUN web\nFROM b\n"
                "COPY --from=build /app /app\nCOPY --from=web /w /w\n");
  const Outcome outcome = explain({"--cache-from", "min", "--changed", "main.go"});
  EXPECT_NE(outcome.out.find("the layers of the image; runs only if a step that reads its files rebuilds\n"),
            std::string::npos)
      << outcome.out;
}

TEST_F(Worker, ImportsWhatADefinitionSays) {
  folder_.write("docker-bake.hcl",
                "target \"app\" {\n  cache-from = [\"type=gha\"]\n  cache-to = [\"type=gha,mode=max\"]\n}\n"
                "target \"other\" {\n  dockerfile = \"Dockerfile\"\n  target = \"build\"\n  cache-from = "
                "[\"acme/cache\"]\n}\n");
  EXPECT_EQ(verdicts({"--image", "app", "--cache-from", "defined", "--changed", "main.go"}),
            "2:hit 3:miss 4:miss 6:hit 7:depends");
  const Outcome outcome = explain({"--image", "other", "--cache-from", "defined"});
  EXPECT_EQ(outcome.err,
            "dcache: warning: other: type=registry,ref=acme/cache is imported, but no build of this "
            "repository exports it\n");
  EXPECT_TRUE(outcome.out.find("3 of 3 steps rebuild") != std::string::npos) << outcome.out;
}

// No build imports what two jobs do.
TEST_F(Worker, ImportsWhatOneJobSays) {
  const auto job = [](const std::string& name, const std::string& cache) {
    return fmt::format(
        "  {}:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        "
        "with:\n          context: .\n          push: true\n          tags: ghcr.io/a/b:{}\n"
        "          cache-from: {}\n          cache-to: {}\n",
        name, name, cache, cache);
  };
  const std::string registry = "type=registry,ref=ghcr.io/a/b:cache", gha = "type=gha,scope=rel,mode=max";
  const auto answer = [&](const std::string& jobs) {
    folder_.write(".github/workflows/w.yml", "on: push\njobs:\n" + jobs);
    return verdicts({"--cache-from", "defined", "--changed", "main.go"});
  };
  EXPECT_EQ(answer(job("b", registry)), "2:miss 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(answer(job("b", registry) + job("rel", gha)), "2:miss 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(explain({"--cache-from", "defined"}).err,
            "dcache: warning: b: .github/workflows/w.yml:16 imports other caches, which do not count here\n");
  EXPECT_EQ(answer(job("rel", gha) + job("b", registry)), "2:hit 3:miss 4:miss 6:hit 7:depends");
}

// Most workflows export on pushes alone: what an expression may choose is there for what comes after.
TEST_F(Worker, ImportsWhatAnExpressionMayExport) {
  const auto write = [&](const std::string& from, const std::string& to) {
    folder_.write(".github/workflows/w.yml",
                  "on: [push, pull_request]\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n"
                  "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n"
                  "          cache-from: " +
                      from + "\n          cache-to: " + to + "\n");
  };
  const auto answer = [&] { return verdicts({"--cache-from", "defined", "--changed", "main.go"}); };
  const auto warning = [&] { return explain({"--cache-from", "defined"}).err; };
  const std::string max = "2:hit 3:miss 4:miss 6:hit 7:depends", min = "2:miss 3:miss 4:miss 6:hit 7:depends",
                    none = "2:miss 3:miss 4:miss 6:miss 7:miss";
  const std::string on_push = "${{ github.event_name == 'push' && 'type=gha,mode=max' || '' }}";
  write("type=gha", on_push);
  EXPECT_EQ(answer(), max);
  EXPECT_EQ(warning(), "dcache: warning: b: type=gha is imported; only a run knows whether " + on_push +
                           " exports it: this assumes that it did\n");
  write("type=gha", "${{ github.event_name == 'push' && 'type=gha' || '' }}");
  EXPECT_EQ(answer(), min);
  write("type=gha,scope=main", "type=gha,scope=${{ github.ref_name }},mode=max");
  EXPECT_EQ(answer(), max);
  write("type=gha,scope=${{ github.base_ref }}", "type=gha,scope=${{ github.ref_name }},mode=max");
  EXPECT_EQ(answer(), max);
  write("type=gha,scope=${{ github.ref_name }}-a", "type=gha,scope=${{ github.ref_name }}-b,mode=max");
  EXPECT_EQ(answer(), none);
  write("type=gha", "type=gha,scope=${{ github.ref_name }},mode=max");
  EXPECT_EQ(answer(), none);
  write("type=gha,scope=main", "type=gha,scope=pr-${{ github.ref_name }},mode=max");
  EXPECT_EQ(answer(), none);
  write("type=gha", "type=gha,mode=${{ github.event_name == 'push' && 'max' || 'min' }}");
  EXPECT_EQ(answer(), max);
  write("${{ github.event_name == 'push' && 'type=gha' || '' }}", "type=gha,mode=max");
  EXPECT_EQ(answer(), max);
  EXPECT_NE(
      warning().find("only a run knows whether ${{ github.event_name == 'push' && 'type=gha' || '' }} is "
                     "imported: this assumes that it is"),
      std::string::npos)
      << warning();
  write("type=gha", "${{ vars.CACHE }}");
  EXPECT_EQ(answer(), none);
  EXPECT_EQ(warning(),
            "dcache: warning: b: type=gha is imported; only a run knows whether a build of this repository "
            "exports it: this assumes that none did\n");
  // What is known is said as before.
  write("type=gha", "${{ github.event_name == 'push' && 'type=inline' || '' }}");
  EXPECT_EQ(answer(), none);
  EXPECT_EQ(warning(),
            "dcache: warning: b: type=gha is imported, but no build of this repository exports it\n");
}

// A folder is gone with the machine of the job, unless a step keeps it.
TEST_F(Worker, ImportsNoFolderThatIsLost) {
  const auto answer = [&](const std::string& runner, const std::string& first_step) {
    folder_.write(".github/workflows/w.yml",
                  "on: push\njobs:\n  b:\n    runs-on: " + runner + "\n    steps:\n" + first_step +
                      "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n"
                      "          tags: b\n          cache-from: type=local,src=/tmp/cache\n"
                      "          cache-to: type=local,dest=/tmp/cache,mode=max\n");
    return verdicts({"--cache-from", "defined", "--changed", "main.go"});
  };
  const std::string lost = "2:miss 3:miss 4:miss 6:miss 7:miss", kept = "2:hit 3:miss 4:miss 6:hit 7:depends";
  EXPECT_EQ(answer("ubuntu-latest", ""), lost);
  EXPECT_EQ(
      explain({"--cache-from", "defined"}).err,
      "dcache: warning: b: type=local,src=/tmp/cache is imported, but no build of this repository exports "
      "it to a folder that is kept after the job\n");
  EXPECT_EQ(answer("[self-hosted, linux]", ""), kept);
  EXPECT_EQ(answer("ubuntu-latest",
                   "      - uses: actions/cache@v4\n        with:\n          path: /tmp/cache\n"
                   "          key: x\n"),
            kept);
}

TEST_F(Worker, IsAskedAboutTheImagesThatImport) {
  const std::string build = "{build: {context: ., cache_from: [type=gha], cache_to: ['type=gha,mode=max']}}";
  folder_.write("compose.yaml", "services:\n  one: " + build +
                                    "\n  two: {build: .}\n  three: {build: {context: ., target: build}}\n");
  const Outcome one = explain({"--cache-from", "defined"});
  EXPECT_EQ(one.err,
            "dcache: note: this shows the image one; Dockerfile is also built as two and three (choose one "
            "with --image)\n");
  EXPECT_TRUE(one.out.starts_with("Nothing rebuilds on a worker that starts empty")) << one.out;
  folder_.write("compose.yaml",
                "services:\n  one: " + build + "\n  two: {build: .}\n  three: " + build + "\n");
  const Outcome both = explain({"--cache-from", "defined"});
  EXPECT_TRUE(both.err.starts_with("dcache: note: this shows the images one and three; ")) << both.err;
  EXPECT_NE(both.out.find("three: Nothing rebuilds on a worker that starts empty"), std::string::npos)
      << both.out;
}

// A cache mount is of no use where each build starts without one.
TEST_F(Worker, HasNoCacheMountsSoDC1003SaysWhatHelps) {
  folder_.write("Dockerfile", "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod ./\nRUN go mod download\n");
  folder_.write("go.mod", "module x\n");
  const auto lint = [&] {
    return run_dcache({"lint", "--select", "DC1003", "Dockerfile"}, folder_.path()).out;
  };
  const std::string note = "on CI runners that start empty the mount is empty too";
  EXPECT_EQ(lint().find(note), std::string::npos) << lint();
  folder_.write(".github/workflows/w.yml",
                "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n"
                "    - uses: docker/build-push-action@v6\n      with:\n        context: .\n");
  EXPECT_NE(lint().find(note), std::string::npos) << lint();
  folder_.write("compose.yaml", "services: {x: {build: .}}\n");
  EXPECT_EQ(lint().find(note), std::string::npos) << lint();
}

TEST_F(Worker, SaysWhichModeItAssumes) {
  const Outcome outcome = explain({"--cache-from", "type=registry,ref=acme/app:cache"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err,
            "dcache: note: --cache-from: type=registry,ref=acme/app:cache does not say how the cache was "
            "exported: mode=min is assumed; add mode=max if it was\n");
}

TEST_F(Worker, SaysWhatIsWrongWithAnImport) {
  const Outcome outcome = explain({"--cache-from", "maxx"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "dcache: --cache-from: 'maxx' is not a kind of cache; did you mean 'max'?\n");
  const Outcome stage = explain({"--cache-from", "max:nope"});
  EXPECT_EQ(stage.status, 2);
  EXPECT_EQ(stage.err, "dcache: --cache-from: Dockerfile has no stage 'nope'; its stages are build and 1\n");
  EXPECT_EQ(explain({"--cache-from", "max", "--builder", "classic"}).status, 2);
  EXPECT_NE(explain({"--cache-from", "defined"}).err.find("its definition imports no cache"),
            std::string::npos);
  EXPECT_NE(explain({"--cache-from", "none"}).out.find("not in an imported cache"), std::string::npos);
}

}  // namespace
}  // namespace dcache
