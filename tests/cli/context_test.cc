// What `dcache context` says of files and folders.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::contains;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

// The folders that no later step names, each with the RUNs that may read it: "docs" or "docs(4,5)".
std::string unread_folders(const std::string& dockerfile) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", dockerfile);
  for (const char* path : {"docs/a", "docs/deep/b", "src/main.c", "test/data/big", "LICENSE"})
    folder.write(path, "text");
  folder.write("test/data/big", std::string(100, 'x'));
  const Outcome outcome = run_dcache({"context", "--format", "json"}, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::string found;
  const json answer = json::parse(outcome.out);
  for (const json& one : answer.at("unread_folders")) {
    found += (found.empty() ? "" : " ") + one.at("path").get<std::string>();
    std::string runs;
    for (const json& line : one.at("runs"))
      runs += (runs.empty() ? "(" : ",") + std::to_string(line.get<int>());
    if (!runs.empty()) found += runs + ")";
  }
  return found;
}

TEST(UnreadFolders, AreThoseThatNoLaterStepNames) {
  const struct {
    const char* title;
    const char* dockerfile;
    const char* folders;
  } cases[] = {
      {"only a part is copied on", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/src /src\n",
       "test docs"},
      {"a RUN may read any",
       "FROM a AS b\nCOPY . /s\nRUN make\nRUN x\nFROM scratch\nCOPY --from=b /s/src /src\n",
       "test(3,4) docs(3,4)"},
      {"what a RUN mentions",
       "FROM a AS b\nCOPY . /s\nRUN make -C /s/docs\nFROM scratch\nCOPY --from=b /out /\n", "test(3) src(3)"},
      {"a longer name is another one",
       "FROM a AS b\nCOPY . /s\nRUN mydocs docs-x\nFROM scratch\nCOPY --from=b /out /\n",
       "test(3) docs(3) src(3)"},
      {"a RUN before it reads nothing of it",
       "FROM a AS b\nRUN x\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/src/main.c /\n", "test docs"},
      {"all of it is copied on", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s /s\n", ""},
      {"a pattern", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/d*s /s\n", ""},
      {"a pattern below a folder", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/docs/*.md /s\n",
       "test src"},
      {"it ships", "FROM a\nCOPY . /s\nRUN make\n", ""},
      {"it ships in a stage of the same files", "FROM a AS b\nCOPY . /s\nFROM b\nRUN make\n", ""},
      {"the RUN of a stage that starts from it",
       "FROM a AS b\nCOPY . /s\nFROM b AS c\nRUN x\nFROM scratch\nCOPY --from=c /out /\n",
       "test(4) docs(4) src(4)"},
      {"a mount of all", "FROM a AS b\nCOPY . /s\nFROM a\nRUN --mount=from=b,target=/m x\n",
       "test(4) docs(4) src(4)"},
      {"a folder of its own", "FROM a AS b\nCOPY test /t\nFROM scratch\nCOPY --from=b /t/other /\n",
       "test/data"},
      {"a folder that is named, before a RUN",
       "FROM a AS b\nCOPY test /t\nRUN make\nFROM scratch\nCOPY --from=b /t/other /\n", ""},
      {"of a stage that the target does not need", "FROM a AS b\nCOPY . /s\nFROM scratch\nADD LICENSE /\n",
       ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(unread_folders(c.dockerfile), c.folders) << c.title;
}

TEST(UnreadFolders, AreShownInText) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/src /src\n");
  folder.write("docs/a", "text");
  folder.write("src/a", "text");
  const std::string out = run_dcache({"context"}, folder.path()).out;
  EXPECT_TRUE(
      contains(out, "Copied folders that no later step names\n    2         1 file          4 B  docs/"))
      << out;
  EXPECT_TRUE(contains(out, "no step reads it\nAny change in them rebuilds")) << out;
}

// What a link in the files leads to is not looked up.
TEST(UnreadFolders, AreNotTheTargetsOfLinks) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a AS b\nCOPY . /s\nFROM scratch\nCOPY --from=b /s/link /src\n");
  folder.write("docs/a", "text");
  test::make_link("docs", folder / "link");
  const Outcome outcome = run_dcache({"context", "--format", "json"}, folder.path());
  EXPECT_EQ(json::parse(outcome.out).at("unread_folders").size(), 0U) << outcome.out;
}

std::string why(const TemporaryFolder& folder, const std::string& path, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"context", "--why", path});
  const Outcome outcome = run_dcache(more, folder.path());
  return outcome.out + outcome.err;
}

TEST(ContextWhy, KnowsNamedContexts) {
  const TemporaryFolder folder;
  folder.write("docker-bake.hcl",
               "target \"app\" {\n  context = \"app\"\n  contexts = { lib = \"lib2\" }\n}\n");
  folder.write("app/Dockerfile", "FROM a\nCOPY --from=lib l /l\n");
  folder.write("lib2/l", "x");
  folder.write("lib2/m.log", "x");
  folder.write("lib2/.dockerignore", "*.log\n");
  folder.write("other/x", "x");
  EXPECT_EQ(why(folder, "lib2/l", {"--image", "app"}),
            "l is in the named context lib: no pattern in lib2/.dockerignore matches it\n"
            "  read in line 2: COPY --from=lib l /l\n");
  EXPECT_EQ(why(folder, "lib2/m.log", {"--image", "app"}),
            "m.log is ignored by '*.log' (lib2/.dockerignore:1)\n  no step of this target reads it\n");
  EXPECT_EQ(why(folder, "other/x", {"--image", "app"}),
            "dcache: --why other/x: it is outside of the build context app, so no step can read it\n");
  EXPECT_EQ(why(folder, "app", {"--image", "app"}),
            "dcache: --why app: it is the root of the build context app; name a file or a folder in it\n");
}

// What one context ignores, another one may send.
TEST(ContextWhy, LooksInEachContextThatAFileIsIn) {
  const TemporaryFolder folder;
  folder.write("compose.yaml",
               "services:\n  api: { build: { context: ., additional_contexts: { lib: ./sub } } }\n");
  folder.write("Dockerfile", "FROM busybox:1\nCOPY --from=lib l /l\nCOPY . /all\n");
  folder.write(".dockerignore", "sub\n");
  folder.write("sub/.dockerignore", "k/y\n");
  folder.write("sub/Dockerfile.dockerignore", "l\n");  // of no Dockerfile of this build
  folder.write("sub/l", "1234");
  folder.write("sub/k/y", "1");
  EXPECT_EQ(why(folder, "sub/l", {"--image", "api"}),
            "l is in the named context lib: no pattern in sub/.dockerignore matches it\n"
            "  read in line 2: COPY --from=lib l /l\n"
            "sub/l is ignored by 'sub' (.dockerignore:1)\n"
            "  no step of this target reads it from there\n");
  EXPECT_EQ(why(folder, "Dockerfile", {"--image", "api"}),
            "Dockerfile is in the build context: no pattern in .dockerignore matches it\n"
            "  read in line 3: COPY . /all\n");
  EXPECT_EQ(why(folder, "sub", {"--image", "api"}),
            "sub is the root of the named context lib\n"
            "  read in line 2: COPY --from=lib l /l\n"
            "sub/ is ignored by 'sub' (.dockerignore:1)\n"
            "  no step of this target reads it from there\n");
  EXPECT_EQ(why(folder, "sub/nope", {"--image", "api"}),
            "sub/nope does not exist in .\n  a file of that name is ignored by 'sub' (.dockerignore:1)\n");
  const json answer = json::parse(why(folder, "sub/l", {"--image", "api", "--format", "json"}));
  EXPECT_EQ(answer["named_context"], "lib");
  EXPECT_EQ(answer["steps"][0]["line"], 2);
  EXPECT_EQ(answer["also"].size(), 1U);
  EXPECT_EQ(answer["also"][0]["pattern"], "sub");
  EXPECT_EQ(answer["also"][0]["steps"], json::array());
  const std::string summary = run_dcache({"context", "--image", "api"}, folder.path()).out;
  EXPECT_TRUE(
      contains(summary, "    2         1 file          4 B  COPY --from=lib l /l  (named context lib)\n"))
      << summary;
  const json steps =
      json::parse(run_dcache({"context", "--image", "api", "--format", "json"}, folder.path()).out)["steps"];
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0]["named_context"], "lib");
  EXPECT_EQ(steps[0]["bytes"], 4);
  EXPECT_EQ(steps[1].count("named_context"), 0U);
}

// What decides is the ignore file of the context that steps take it from.
TEST(ContextWhy, ExplainNamesThePatternThatCounts) {
  const TemporaryFolder folder;
  folder.write("compose.yaml",
               "services:\n  api: { build: { context: ., additional_contexts: { lib: ./sub } } }\n");
  folder.write("Dockerfile", "FROM busybox:1\nCOPY --from=lib . /l\n");
  folder.write(".dockerignore", "sub\n");
  folder.write("sub/.dockerignore", "k/y\n");
  folder.write("sub/k/y", "1");
  const auto explain = [&] {
    return run_dcache({"explain", "--image", "api", "--changed", "sub/k/y"}, folder.path()).out;
  };
  EXPECT_TRUE(contains(explain(), "ignored by the pattern 'k/y' (sub/.dockerignore:1)")) << explain();
  folder.write("Dockerfile", "FROM busybox:1\nCOPY --from=lib l /l\n");
  folder.write("sub/l", "1");
  EXPECT_TRUE(contains(explain(), "ignored by the pattern 'k/y' (sub/.dockerignore:1)")) << explain();
  folder.write("Dockerfile", "FROM busybox:1\nCOPY . /l\n");
  EXPECT_TRUE(contains(explain(), "ignored by the pattern 'sub' (.dockerignore:1)")) << explain();
  folder.write("Dockerfile", "FROM busybox:1\nCOPY --from=lib . /l\n");
  folder.write("sub/.dockerignore", "");
  folder.write("sub/Dockerfile.dockerignore", "k/y\n");
  EXPECT_TRUE(contains(explain(), "1 of 1 step")) << explain();
}

TEST(ContextWhy, SaysWhatPatternsKeepOfAFolder) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY . /s\n");
  folder.write(".dockerignore", "*\n!src/**\n**/*.log\n!docs/a\n");
  for (const char* path : {"src/a", "src/b.log", "docs/a", "docs/b", "test/a"})
    folder.write(path, "x");
  EXPECT_TRUE(contains(why(folder, "src"),
                       "src/ is in the build context with 1 of its 2 files, kept by '!src/**' "
                       "(.dockerignore:2); the others are "
                       "ignored, for example src/b.log by '**/*.log' (.dockerignore:3)\n  read in line 2"));
  EXPECT_TRUE(contains(why(folder, "test"), "test/ is ignored by '*' (.dockerignore:1)\n  no step"));
  const json answer = json::parse(why(folder, "docs", {"--format", "json"}));
  EXPECT_EQ(answer["in"], true);
  EXPECT_EQ(answer["inside"], (json{{"in", 1}, {"out", 1}}));
}

TEST(ContextWhy, AsksTheStepsOfAllPlatforms) {
  const TemporaryFolder folder;
  folder.write("docker-bake.hcl", "target \"app\" { platforms = [\"linux/amd64\", \"linux/arm64\"] }\n");
  folder.write("Dockerfile",
               "FROM a AS b-amd64\nCOPY x /\nFROM a AS b-arm64\nCOPY y /\nFROM b-${TARGETARCH}\nCOPY z /\n");
  for (const char* path : {"x", "y", "z"})
    folder.write(path, path);
  EXPECT_TRUE(contains(why(folder, "y", {"--image", "app"}), "  read in line 4 for linux/arm64: COPY y /\n"));
  EXPECT_TRUE(contains(why(folder, "z", {"--image", "app"}), "  read in line 6: COPY z /\n"));
  EXPECT_TRUE(contains(why(folder, "y", {"--image", "app", "--platform", "linux/amd64"}), "  no step"));
  const json context =
      json::parse(run_dcache({"context", "--image", "app", "--format", "json"}, folder.path()).out);
  EXPECT_EQ(context["read"]["files"], 3);
  EXPECT_EQ(context["steps"].size(), 3U);
}

TEST(ContextWhy, KnowsWhatABasePutsOff) {
  const TemporaryFolder folder;
  folder.write("base/Dockerfile", "FROM alpine\nONBUILD COPY f /f\n");
  folder.write("app/Dockerfile", "FROM base\nRUN x\n");
  folder.write("app/f", "");
  folder.write("docker-bake.hcl",
               "target \"base\" { context = \"base\" }\n"
               "target \"app\" {\n  context = \"app\"\n  contexts = { base = \"target:base\" }\n}\n");
  EXPECT_TRUE(contains(why(folder, "app/f", {"--image", "app"}),
                       "  read in line 1: ONBUILD COPY f /f (base/Dockerfile:2)\n"));
  EXPECT_TRUE(contains(run_dcache({"context", "--image", "app"}, folder.path()).out,
                       "ONBUILD COPY f /f (base/Dockerfile:2)"));
  const json keys =
      json::parse(run_dcache({"keys", "--image", "app", "--format", "json"}, folder.path()).out);
  ASSERT_EQ(keys["steps"].size(), 3U);
  EXPECT_EQ(keys["steps"][1]["instruction"], "ONBUILD COPY f /f");
  EXPECT_EQ(keys["steps"][1]["line"], 1);
  EXPECT_EQ(keys["steps"][1]["trigger"], json({{"dockerfile", "base/Dockerfile"}, {"line", 2}}));
  EXPECT_EQ(keys["steps"][1]["files"], json({"f"}));
  EXPECT_EQ(run_dcache({"keys", "--image", "base"}, folder.path()).err, "");
}

TEST(ContextWhy, GuessesWhatAMisspeltNameMeans) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY src /s\n");
  folder.write("src/main.c", "x");
  EXPECT_TRUE(
      contains(why(folder, "src/mian.c"), "src/mian.c does not exist in .; did you mean src/main.c?"));
  EXPECT_TRUE(contains(why(folder, "main.c"), "did you mean src/main.c?"));
  EXPECT_TRUE(contains(why(folder, "other.txt"), "other.txt does not exist in .\n"));
  EXPECT_FALSE(contains(why(folder, "other.txt"), "is in the build context"));
  folder.write(".dockerignore", "*.txt\n");
  EXPECT_TRUE(contains(why(folder, "other.txt"),
                       "other.txt does not exist in .\n  a file of that name is ignored by '*.txt' "
                       "(.dockerignore:1)\n"));
}

// A FIFO has no content that a key could be made of: a message says so.
TEST(Contexts, WithFilesThatAreNoneAreNamed) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\nCOPY . /a\n");
  folder.write(".dockerignore", "*.json\n");
  ASSERT_EQ(run_dcache({"snapshot", "-o", "s.json"}, folder.path()).status, 0);
  test::make_fifo(folder / "pipe");
  const std::vector<std::vector<std::string>> commands = {{"explain", "--since", "s.json"},
                                                          {"explain", "--changed", "pipe"},
                                                          {"keys"},
                                                          {"snapshot"},
                                                          {"context"}};
  for (const std::vector<std::string>& arguments : commands) {
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(outcome.status, 0) << arguments.front();
    EXPECT_EQ(outcome.err,
              "dcache: warning: pipe is a FIFO or a device; its content is not part of a cache key\n")
        << arguments.front();
  }
}

}  // namespace
}  // namespace dcache
