// What is not known of a build: values that only CI has, files that git ignores, images that can't be read.
// And what does not change anything, however it is spelled.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::Repository;
using test::run_dcache;

const std::string kPinned =
    "FROM a@sha256:0000000000000000000000000000000000000000000000000000000000000000\n";

TEST(OpenValues, OfAFileThatGitIgnores) {
  const Repository repository(
      {{"compose.yaml",
        "services:\n  a: {build: {context: ., args: {V: '${V}'}}}\n  b: {build: {context: "
        "., target: b, args: {V: '${V}'}}}\n  c: {build: {context: '${D:-.}', target: b}}\n"},
       {"Dockerfile", "FROM a AS b\nCOPY f /f\n" + kPinned + "ARG V\nRUN echo $V\nRUN x\n"},
       {"f", "1"},
       {"d/Dockerfile", "FROM a AS b\nRUN y\n"},
       {".gitignore", ".env\n"}});
  // Without a value nobody knows it, where it is used.
  EXPECT_EQ(repository.effects({"--git", "HEAD"}),
            "a:unknown b:unaffected c:unaffected d/Dockerfile:unaffected");
  repository.write(".env", "V=2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}),
            "a:unknown b:unaffected c:unaffected d/Dockerfile:unaffected");
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--git", "HEAD"}),
            "1:unused:target 2:unused:target 3:hit 5:depends:variable 6:depends:variable");
  repository.write(".env", "V=2\nD=d\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unknown b:unaffected c:unknown");
  // Under git it is a change like others.
  repository.write(".gitignore", "");
  repository.commit("tracked");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unaffected b:unaffected c:unaffected");
  repository.write(".env", "V=3\nD=d\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:rebuilt@5 b:unaffected c:unaffected");
}

TEST(OpenValues, OfCIMakeStepsDepend) {
  const Repository repository({{".github/workflows/ci.yml",
                                "on: push\njobs:\n  j:\n    steps:\n    - uses: "
                                "docker/build-push-action@v6\n      with: {context: a, "
                                "tags: a, build-args: 'SHA=${{ github.sha }}'}\n"},
                               {"a/Dockerfile", kPinned + "COPY f /f\nARG SHA\nRUN make\nCOPY --link f /g\n"},
                               {"a/f", "1"}});
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--git", "HEAD"}), "1:hit 2:hit 4:depends:variable 5:hit");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unknown");
  const Outcome text = run_dcache({"explain", "--image", "a", "--git", "HEAD"}, repository.path());
  EXPECT_TRUE(text.out.starts_with("Can't tell what rebuilds since HEAD\n")) << text.out;
  EXPECT_NE(text.out.find("only CI knows the build argument SHA (${{ github.sha }})\n"), std::string::npos)
      << text.out;
  repository.write("a/f", "2");
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--git", "HEAD"}),
            "1:hit 2:miss:file 4:miss:file 5:miss:file");
}

TEST(OpenValues, OfADefinitionThatChanges) {
  const Repository repository({{"compose.yaml", "services: {a: {build: .}}\n"},
                               {"Dockerfile", kPinned + "RUN make\n"},
                               {".env", "V=1\n"}});
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--changed", ".env"}), "1:depends:file 2:depends:file");
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--changed", "other"}), "1:hit 2:hit");
}

TEST(OpenValues, OfImagesThatCantBeReadAreInTheAnswer) {
  const Repository repository(
      {{"compose.yaml",
        "services:\n  far: {build: 'https://example.com/x.git'}\n  near: {build: .}\n"
        "  inside: {build: {dockerfile_inline: 'FROM scratch'}}\n  gone: {build: gone}\n"},
       {"Dockerfile", kPinned + "RUN make\n"}});
  std::vector<std::string> arguments{"explain", "-f", ".", "--git", "HEAD"};
  const Outcome text = run_dcache(arguments, repository.path());
  EXPECT_EQ(text.status, 2);
  for (const char* const line :
       {"far: Can't tell what rebuilds since HEAD; its context is https://example.com/x.git\n",
        "inside: ", "gone: Can't tell what rebuilds since HEAD; it can't be built: "})
    EXPECT_NE(text.out.find(line), std::string::npos) << text.out;
  arguments.insert(arguments.end(), {"--format", "json"});
  std::string names;
  const json answer = json::parse(run_dcache(arguments, repository.path()).out);
  for (const json& image : answer.at("images"))
    names += image.at("name").get<std::string>() + (image.contains("effect") ? "? " : " ");
  EXPECT_EQ(names, "near inside far? gone? ");
}

TEST(OpenValues, OfOneOfSeveralImagesAreNoError) {
  const Repository repository(
      {{".github/workflows/ci.yml",
        "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n"
        "    - uses: docker/build-push-action@v6\n      with: {context: '${{ env.WHERE }}', tags: org/open}\n"
        "    - uses: docker/build-push-action@v6\n      with: {context: app, tags: org/app}\n"},
       {"app/Dockerfile", kPinned + "COPY f /\n"},
       {"app/f", ""},
       {"tests/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY g /\n"}});
  for (const std::vector<std::string>& of :
       {std::vector<std::string>{}, {"-f", "."}, {"--image", "open,app"}}) {
    for (const std::vector<std::string>& how :
         {std::vector<std::string>{"--git", "HEAD"}, {"--changed", "app/f"}}) {
      std::vector<std::string> arguments{"explain"};
      arguments.insert(arguments.end(), of.begin(), of.end());
      arguments.insert(arguments.end(), how.begin(), how.end());
      const Outcome outcome = run_dcache(arguments, repository.path());
      EXPECT_EQ(outcome.status, 0) << outcome.err;
      EXPECT_EQ(outcome.err, "");
      EXPECT_NE(outcome.out.find("open: Can't tell what rebuilds "), std::string::npos) << outcome.out;
      EXPECT_NE(outcome.out.find("app: "), std::string::npos) << outcome.out;
    }
  }
  const Outcome one = run_dcache({"explain", "--image", "open", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(one.status, 2);
  EXPECT_EQ(one.err,
            "dcache: open: can't read its files: its context is ${{ env.WHERE }}; name the folder with "
            "--context, or the Dockerfile with -f\n");
  const Outcome told =
      run_dcache({"explain", "--image", "open", "--context", "app", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_EQ(run_dcache({"explain", "-f", "tests/Dockerfile", "--git", "HEAD"}, repository.path()).status, 2);
}

TEST(OpenValues, AreKnownIfTheCommandLineSaysThem) {
  const Repository repository(
      {{"compose.yaml",
        "services: {a: {build: {context: 'https://example.com/x.git', args: {V: '${V}'}}}}\n"},
       {"Dockerfile", kPinned + "ARG V\nRUN make $V\nCOPY f /\n"},
       {"f", ""}});
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--context", ".", "--build-arg", "V=1", "--git", "HEAD"}),
            "1:hit 3:hit 4:hit");
  repository.write("other/Other", kPinned + "RUN x\n");
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--context", ".", "-f", "other/Other", "--changed", "f"}),
            "1:hit 2:hit");
}

TEST(Spelling, OfAReferenceMakesNoDifference) {
  const Repository repository(
      {{"compose.yaml", "services:\n  base: {build: base, image: acme/base}\n  app: {build: app}\n"},
       {"base/Dockerfile", "FROM alpine:3.20\nCOPY f /f\n"},
       {"base/f", "1"},
       {"app/Dockerfile", "FROM acme/base\nCOPY --from=alpine /a /a\n"}});
  repository.write("base/Dockerfile", "FROM docker.io/library/alpine:3.20\nCOPY f /f\n");
  repository.write("app/Dockerfile",
                   "FROM index.docker.io/acme/base:latest\nCOPY --from=library/alpine:latest /a /a\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "base/f"}), "base:rebuilt@2 app:rebuilt@1");
}

TEST(NamedContexts, HaveIgnoreFilesOfTheirOwn) {
  const Repository repository(
      {{"compose.yaml", "services: {a: {build: {context: app, additional_contexts: {lib: ./lib}}}}\n"},
       {"app/Dockerfile", kPinned + "COPY --from=lib . /l\nRUN make\n"},
       {"lib/.dockerignore", "*.md\n.dockerignore\n"},
       {"lib/a.md", "1"},
       {"lib/b", "1"}});
  EXPECT_EQ(repository.effects({"--changed", "lib/a.md"}), "a:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "lib/new.md"}), "a:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "lib/b"}), "a:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "lib/.dockerignore"}), "a:may-rebuild@2");
  const Outcome text = run_dcache({"explain", "--image", "a", "--changed", "lib/a.md"}, repository.path());
  EXPECT_NE(text.out.find("lib/a.md is ignored by the pattern '*.md' (lib/.dockerignore:1)"),
            std::string::npos)
      << text.out;
}

TEST(Causes, OfAStepInAnotherStageAreItsFiles) {
  const std::string steps = "COPY f /f\nRUN make\n";
  const Repository repository(
      {{"Dockerfile", kPinned + steps + "COPY r r\n"}, {"f", "1"}, {"r/1", "1"}, {"r/2", "1"}});
  std::string named = kPinned;
  named.insert(named.size() - 1, " AS a");
  repository.write("Dockerfile", named + steps + "FROM a AS b\nCOPY r r\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected");
  repository.write(".dockerignore", "r/2\n");
  const Outcome text = run_dcache({"explain", "--git", "HEAD"}, repository.path());
  EXPECT_NE(text.out.find("r/2 is ignored now by 'r/2' (.dockerignore:1)"), std::string::npos) << text.out;
}

TEST(Causes, ShowWhereValuesDiffer) {
  const Repository repository(
      {{"Dockerfile", kPinned + "ARG V=https://example.com/releases/1.tar\nRUN get $V\n"}});
  const auto words = [&] { return run_dcache({"explain", "--git", "HEAD"}, repository.path()).out; };
  repository.write("Dockerfile", kPinned + "ARG V=https://example.com/releases/2.tar\nRUN get $V\n");
  const std::string shown = words();
  EXPECT_NE(shown.find("V changed from …ases/1.tar to …ases/2.tar"), std::string::npos) << shown;
  repository.write("Dockerfile", kPinned + "ARG V=other\nRUN get $V\n");
  EXPECT_NE(words().find("V changed from https://example.com/… to other"), std::string::npos) << words();
}

TEST(Causes, OfANewDockerfileSaySo) {
  const Repository repository(test::Files{{"Dockerfile", "FROM a\n"}});
  repository.write("new/Dockerfile", "FROM a\nRUN x\n");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD"}, repository.path());
  EXPECT_NE(outcome.out.find("there was no new/Dockerfile before"), std::string::npos) << outcome.out;
}

TEST(Causes, AreTheModesOfFilesAndFolders) {
  const Repository repository(
      {{"Dockerfile", kPinned + "COPY s /s\n"}, {"s/1", "1"}, {"s/2", "1"}, {"s/t/run", "1"}});
  repository.shell("chmod 755 s s/t s/t/run && chmod 644 s/1 s/2");
  const std::string state = repository.path() + "/../state-of-modes.json";
  ASSERT_EQ(run_dcache({"snapshot", "-o", state}, repository.path()).status, 0);
  const auto explain = [&] {
    return run_dcache({"explain", "--files", "--since", state}, repository.path()).out;
  };
  repository.shell("chmod 775 s/t s/t/run && chmod 664 s/1 s/2");
  const std::string all = explain();
  EXPECT_NE(
      all.find("the permissions of s/1 changed from 0644 to 0664 (selected by s), and of 3 more files and "
               "folders in the same way: a different umask does that\n"),
      std::string::npos)
      << all;
  EXPECT_NE(all.find(" folder permissions s/t (0755 to 0775)\n"), std::string::npos) << all;
  EXPECT_NE(all.find(" permissions s/t/run (0755 to 0775)\n"), std::string::npos) << all;
  repository.shell("chmod 755 s/t/run && chmod 644 s/1 s/2");
  const std::string folder = explain();
  EXPECT_NE(folder.find("the permissions of the folder s/t changed from 0755 to 0775"), std::string::npos)
      << folder;
}

}  // namespace
}  // namespace dcache
