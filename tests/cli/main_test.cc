// The program as users run it.
#include <filesystem>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::contains;
using test::count_of;
using test::GitFolder;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

TEST(Program, HelpsAndTellsItsVersion) {
  EXPECT_EQ(run_dcache({"--help"}, "/").status, 0);
  const std::string version = run_dcache({"--version"}, "/").out;
  EXPECT_TRUE(version.starts_with("dcache 0.")) << version;
  EXPECT_TRUE(contains(version, " (release, commit ") || contains(version, " (not a release")) << version;
  EXPECT_TRUE(contains(version, "\nCLI11 2.") && contains(version, "xxHash 0.")) << version;
  EXPECT_EQ(run_dcache({"version"}, "/").out, version);
  EXPECT_EQ(run_dcache({"help"}, "/").out, run_dcache({"--help"}, "/").out);
  EXPECT_EQ(run_dcache({"help", "lint"}, "/").out, run_dcache({"lint", "--help"}, "/").out);
  for (const char* command : {"lint", "explain", "snapshot", "keys", "context", "parse", "rules"}) {
    const Outcome help = run_dcache({command, "--help"}, "/");
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_TRUE(contains(help.out, "Example")) << command;
  }
}

TEST(Program, RefusesWrongUseWithStatus2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"linnt"},
                                                    {"lint", "--format", "xml"},
                                                    {"lint", "--select", "DC9999", "-"},
                                                    {"explain"},
                                                    {"explain", "--changed", "a", "--since", "b"},
                                                    {"parse"},
                                                    {"parse", "/no/such"},
                                                    {"rules", "DC100"},
                                                    {"lint", "/no/such"}}) {
    const Outcome outcome = run_dcache(arguments, "/", "FROM a\n");
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_FALSE(outcome.err.empty());
  }
  EXPECT_TRUE(contains(run_dcache({"rules", "DC100"}, "/").err, "did you mean"));
  EXPECT_TRUE(
      contains(run_dcache({"rules"}, "/").out, "\nFromAsCasing                       warning  `FROM`"));
  EXPECT_TRUE(contains(run_dcache({"rules", "DC0001"}, "/").out, "No builder accepts the file"));
}

TEST(Parse, PrintsOneObjectPerLineAndGoesOnAfterErrors) {
  const TemporaryFolder folder;
  folder.write("good", "FROM a\n");
  folder.write("bad", "FROM a\nENV x\n");
  const Outcome outcome = run_dcache({"parse", "bad", "good", "-"}, folder.path(), "FROM b\n");
  EXPECT_EQ(outcome.status, 2);
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line)["error"]["line"], 2);
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line)["instructions"][0]["instruction"], "from");
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line)["file"], "<stdin>");
}

TEST(Lint, ExitsByLevel) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  EXPECT_EQ(run_dcache({"lint"}, folder.path()).status, 0);  // an info
  EXPECT_EQ(run_dcache({"lint", "--fail-on", "info"}, folder.path()).status, 1);
  folder.write("Dockerfile", "FROM a\n");
  EXPECT_EQ(run_dcache({"lint"}, folder.path()).status, 1);
  EXPECT_EQ(run_dcache({"lint", "--fail-on", "none"}, folder.path()).status, 0);
  EXPECT_EQ(run_dcache({"lint", "--ignore", "DC1009"}, folder.path()).status, 0);
  folder.write("Dockerfile", "FROM a\nFOO\n");
  EXPECT_EQ(run_dcache({"lint"}, folder.path()).status, 2);
}

TEST(Lint, ShowsTheSourceTheRemedyAndTheRule) {
  const Outcome outcome = run_dcache({"lint", "-"}, "/", "FROM a:1 AS ä\nRUN x && \\\n    npm ci\n");
  EXPECT_TRUE(contains(outcome.out, "<stdin>:3:5: warning: "));
  EXPECT_TRUE(contains(outcome.out, "    3 |     npm ci\n      |     ^^^^^^\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "= write RUN --mount=type=cache,target=/root/.npm"));
  EXPECT_TRUE(contains(outcome.out, "[DC1003 missing-cache-mount]"));
}

TEST(Lint, GivesJsonWithPlacesAndFixes) {
  const json findings = json::parse(
      run_dcache({"lint", "--format", "json", "--select", "DC1003", "-"}, "/", "FROM node\nRUN npm ci\n")
          .out);
  ASSERT_EQ(findings.size(), 1u);
  const json& finding = findings[0];
  EXPECT_EQ(finding["rule"], "DC1003");
  EXPECT_EQ(finding["name"], "missing-cache-mount");
  EXPECT_EQ(finding["line"], 2);
  EXPECT_EQ(finding["column"], 5);
  EXPECT_EQ(finding["end_column"], 11);
  EXPECT_EQ(finding["level"], "warning");
  EXPECT_EQ(finding["fix"]["safe"], true);
  EXPECT_EQ(finding["fix"]["edits"][0]["column"], 4);
  EXPECT_FALSE(finding["fix"].contains("unsafe_because"));
}

TEST(Lint, SaysWhyAFixIsUnsafe) {
  const std::string text = "FROM debian:12\nMAINTAINER a@b.c\n";
  const std::string reason = "the image then has one more label, and no author";
  const json findings = json::parse(
      run_dcache({"lint", "--format", "json", "--select", "MaintainerDeprecated", "-"}, "/", text).out);
  EXPECT_EQ(findings.at(0).at("fix").at("safe"), false);
  EXPECT_EQ(findings.at(0).at("fix").at("unsafe_because"), reason);
  const Outcome told = run_dcache({"lint", "--select", "MaintainerDeprecated", "-"}, "/", text);
  EXPECT_TRUE(contains(told.out, "= --unsafe-fixes can replace it with a label; unsafe: " + reason + "\n"))
      << told.out;
}

TEST(Lint, FixesFilesInPlaceOnceAndKeepsTheirMode) {
  const TemporaryFolder folder;
  folder.copy_fixture("node-app");
  test::set_mode(folder / "Dockerfile", 0600);
  const Outcome diff = run_dcache({"lint", "--diff", "Dockerfile"}, folder.path());
  EXPECT_TRUE(contains(diff.out, "+COPY package.json package-lock.json ./\n"));
  EXPECT_FALSE(contains(diff.out, ".dockerignore\n"));  // it would ignore README.md, which is there
  const Outcome unsafe = run_dcache({"lint", "--diff", "--unsafe-fixes", "Dockerfile"}, folder.path());
  EXPECT_TRUE(contains(unsafe.out, "--- a/.dockerignore\n+++ b/.dockerignore\n")) << unsafe.out;
  EXPECT_TRUE(contains(folder.read("Dockerfile"), "COPY . .\nRUN npm install"));

  EXPECT_EQ(run_dcache({"lint", "--fix", "Dockerfile"}, folder.path()).status,
            1);  // the base image is not pinned
  const std::string fixed_text = folder.read("Dockerfile");
  EXPECT_EQ(
      fixed_text,
      "FROM node:latest\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
      "RUN --mount=type=cache,target=/root/.npm \\\n    npm install\nCOPY . .\nEXPOSE 8080\nCMD [\"node\", "
      "\"src/server.js\"]\n");
  std::filesystem::remove(folder / ".dockerignore");
  EXPECT_TRUE(contains(run_dcache({"lint", "--diff", "--unsafe-fixes", "Dockerfile"}, folder.path()).out,
                       "--- /dev/null\n+++ b/.dockerignore\n"));
  run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2001", "Dockerfile"}, folder.path());
  EXPECT_TRUE(contains(folder.read(".dockerignore"), ".git\n"));
  test::expect_mode(folder / "Dockerfile", 0600);
  run_dcache({"lint", "--fix", "Dockerfile"}, folder.path());
  EXPECT_EQ(folder.read("Dockerfile"), fixed_text);
}

TEST(Lint, ShowsAFileOnceThatSeveralFixesWrite) {
  const TemporaryFolder folder;
  folder.write("sub/Dockerfile", "FROM a\nCOPY . .\nRUN x\n");
  folder.write("sub/b.Dockerfile", "FROM a\nCOPY . .\nRUN y\n");
  folder.write("sub/.git/HEAD", "");
  folder.write("sub/node_modules/a.js", "");
  const Outcome diff = run_dcache({"lint", "--diff", "--unsafe-fixes", "sub"}, folder.path());
  EXPECT_EQ(count_of(diff.out, "--- /dev/null\n+++ b/sub/.dockerignore\n"), 1U) << diff.out;
  EXPECT_EQ(count_of(diff.out, "/dev/null"), 1U) << diff.out;
}

TEST(Lint, ShowsAFileOnceThatALinkLeadsTo) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM node\nRUN npm ci\n");
  test::make_link("Dockerfile", folder / "x.Dockerfile");
  const Outcome diff = run_dcache({"lint", "--diff", "--select", "DC1003", "."}, folder.path());
  EXPECT_EQ(count_of(diff.out, "--- a/"), 1U) << diff.out;
}

TEST(Lint, NamesFilesInADiffAsGitDoes) {
  const TemporaryFolder folder;
  folder.write("docker/Dockerfile", "FROM node\nRUN npm ci\n");
  folder.write("t\tt/Dockerfile", "FROM node\nRUN npm ci\n");
  test::make_link("docker/Dockerfile", folder / "Dockerfile");
  const auto diff = [&](const std::string& path) {
    return run_dcache({"lint", "--diff", "--select", "DC1003", path}, folder.path()).out;
  };
  EXPECT_TRUE(contains(diff("Dockerfile"), "--- a/docker/Dockerfile\n+++ b/docker/Dockerfile\n"));
  EXPECT_TRUE(contains(diff("t\tt/Dockerfile"), "--- \"a/t\\011t/Dockerfile\"\n"));
}

// A patch can't name files outside of the folder that it is applied in.
TEST(Lint, MakesADiffForTheRootOfTheRepositoryWhereFilesAreAbove) {
  const TemporaryFolder folder;
  folder.write(".git/HEAD", "ref: refs/heads/main\n");
  folder.write("a/Dockerfile", "FROM node\nRUN npm ci\n");
  folder.write("b/Dockerfile", "FROM node\nRUN npm ci\n");
  const Outcome diff = run_dcache({"lint", "--diff", "--select", "DC1003", ".", "../a"}, folder / "b");
  EXPECT_TRUE(contains(diff.out, "--- a/a/Dockerfile\n+++ b/a/Dockerfile\n")) << diff.out;
  EXPECT_TRUE(contains(diff.out, "--- a/b/Dockerfile\n+++ b/b/Dockerfile\n")) << diff.out;
  EXPECT_TRUE(contains(diff.err, " apply\n")) << diff.err;
}

TEST(Lint, ShowsWhatChangesInAnIgnoreFileThatIsThere) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm ci\n");
  folder.write(".dockerignore", "dist\n");
  folder.write("node_modules/a/index.js", "");
  folder.write("package.json", "{}");
  const Outcome diff =
      run_dcache({"lint", "--diff", "--unsafe-fixes", "--select", "DC2002", "Dockerfile"}, folder.path());
  EXPECT_TRUE(contains(diff.out, "--- a/.dockerignore\n+++ b/.dockerignore\n")) << diff.out;
  EXPECT_TRUE(contains(diff.out, " dist\n+**/node_modules")) << diff.out;
}

TEST(Lint, FixesStandardInputOnStandardOutput) {
  EXPECT_EQ(run_dcache({"lint", "--fix", "--select", "DC1003", "-"}, "/", "FROM node\nRUN npm ci\n").out,
            "FROM node\nRUN --mount=type=cache,target=/root/.npm \\\n    npm ci\n");
}

TEST(Lint, UsesTheNearestConfiguration) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml", "ignore = [\"DC1009\"]\n");
  folder.write("a/Dockerfile", "FROM a\n");
  EXPECT_EQ(run_dcache({"lint", "a"}, folder.path()).status, 0);
  folder.write("a/.dcache.toml", "profle = \"all\"\n");
  const Outcome outcome = run_dcache({"lint", "a"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, ".dcache.toml:1:")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "did you mean 'profile'?"));
}

TEST(Rules, KnowsWhateverLintPrints) {
  EXPECT_TRUE(contains(run_dcache({"rules", "SC2086"}, "/").out, "https://www.shellcheck.net/wiki/SC2086"));
  for (const char* code : {"DC0001", "DC0002", "DL3008", "StageNameCasing"}) {
    EXPECT_EQ(run_dcache({"rules", code}, "/").status, 0) << code;
    EXPECT_NE(run_dcache({"lint", "--select", code, "-"}, "/", "FROM scratch\n").status, 2) << code;
  }
}

TEST(Explain, AnswersInItsFirstLine) {
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  const Outcome outcome = run_dcache({"explain", "--changed", "cmd/app1/main.go"}, folder);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.out.starts_with(
      "3 of 6 steps rebuild when cmd/app1/main.go changes; 1 more depends on their results\n"))
      << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "  ✗     4  COPY . ."));
  EXPECT_TRUE(contains(outcome.out, "follows line 4: cmd/app1/main.go changed"));
  EXPECT_FALSE(contains(outcome.out, "\033"));
  const Outcome ignored =
      run_dcache({"explain", "-f", "Dockerfile.narrow", "--changed", "README.md"}, folder);
  EXPECT_TRUE(
      contains(ignored.out, "README.md is ignored by the pattern '*.md' (Dockerfile.narrow.dockerignore:5)"))
      << ignored.out;
}

TEST(Explain, TakesPathsFromTheCurrentFolderOrTheContext) {
  const std::string root = DCACHE_SOURCE_DIR;
  for (const auto& [folder, path] : {std::pair{root + "/fixtures/go-monorepo/cmd/app1", "main.go"},
                                     {root, "fixtures/go-monorepo/cmd/app1/main.go"},
                                     {root, "cmd/app1/main.go"}}) {
    const Outcome outcome = run_dcache(
        {"explain", "-f", root + "/fixtures/go-monorepo/Dockerfile.narrow", "--changed", path}, folder);
    EXPECT_TRUE(outcome.out.starts_with("2 of 9 steps rebuild")) << folder << " " << path << "\n"
                                                                 << outcome.out << outcome.err;
  }
}

TEST(Explain, TakesArgumentsAsChangedFiles) {
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  EXPECT_EQ(run_dcache({"explain", "go.mod", "go.sum"}, folder).out,
            run_dcache({"explain", "--changed", "go.mod", "go.sum"}, folder).out);
}

TEST(Explain, SaysThatAFileWasDeleted) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY src /src\n");
  folder.write("src/main.go", "");
  const Outcome text = run_dcache({"explain", "--changed", "main.go", "src/new.go"}, folder.path());
  EXPECT_TRUE(contains(text.out, "\nmain.go does not exist in the build context, so it counts as deleted\n"))
      << text.out;
  EXPECT_TRUE(
      contains(text.out, "\nsrc/new.go does not exist in the build context, so it counts as deleted\n"))
      << text.out;
  EXPECT_TRUE(contains(text.out, " src/new.go was deleted (selected by src)\n")) << text.out;
  const json answer = json::parse(
      run_dcache({"explain", "--format", "json", "--changed", "src/main.go", "main.go"}, folder.path()).out);
  EXPECT_FALSE(answer["paths"][0].contains("exists"));
  EXPECT_EQ(answer["paths"][1]["exists"], false);
  const json gone =
      json::parse(run_dcache({"explain", "--format", "json", "--changed", "src/gone.go"}, folder.path()).out);
  const json& file = gone["steps"][1]["cause"]["files"][0];
  EXPECT_EQ(file["change"], "deleted");
  EXPECT_FALSE(file.contains("mode_after"));
  const Outcome pattern = run_dcache({"explain", "--changed", "*.cpp"}, folder.path());
  EXPECT_TRUE(contains(pattern.err, "warning: *.cpp matches no file in a build context")) << pattern.err;
}

TEST(Explain, DoubtsNamesThatNobodyHas) {
  const GitFolder folder;
  folder.git("init -q");
  folder.write("Dockerfile", "FROM a\nCOPY src /src\n");
  folder.write("src/server.js", "");
  folder.write("src/gone.js", "");
  folder.commit("first");
  const auto explain = [&](std::vector<std::string> names) {
    names.insert(names.begin(), {"explain", "--changed"});
    return run_dcache(names, folder.path());
  };
  const Outcome mistyped = explain({"scr/server.js"});
  EXPECT_TRUE(mistyped.out.starts_with(
      "Can't tell what rebuilds when scr/server.js, which does not exist, changes\n"))
      << mistyped.out;
  EXPECT_FALSE(contains(mistyped.out, "rebuilds nothing")) << mistyped.out;
  EXPECT_TRUE(contains(mistyped.err,
                       "warning: scr/server.js does not exist and git does not track it, so it counts as "
                       "deleted; did you mean 'src/server.js'?"))
      << mistyped.err;
  EXPECT_EQ(mistyped.status, 0);
  EXPECT_TRUE(explain({"*.cpp"}).out.starts_with(
      "Can't tell what rebuilds when *.cpp, which matches no file, changes\n"));
  EXPECT_TRUE(explain({"x", "y"})
                  .out.starts_with("Can't tell what rebuilds when x and y, which do not exist, change\n"));
  // As a new file it would be copied.
  EXPECT_TRUE(
      explain({"src/servr.js"})
          .out.starts_with("1 of 1 step rebuilds when src/servr.js, which does not exist, changes\n"));
  EXPECT_TRUE(contains(explain({"src/servr.js"}).err, "did you mean 'src/server.js'?"));
  for (const char* const name : {"*.cpp", "nosuch"}) {
    const json answer = json::parse(explain({name, "--format", "json"}).out);
    EXPECT_EQ(answer["paths"][0].value("exists", true), false) << name;
    EXPECT_EQ(answer["paths"][0].value("unknown", false), true) << name;
  }
  // A file that was deleted is known, and so is one that a context has.
  std::filesystem::remove(folder.path() + "/src/gone.js");
  for (const std::string& name : {std::string("src/gone.js"), std::string("src/server.js")}) {
    const Outcome known = explain({name});
    EXPECT_EQ(known.err, "");
    EXPECT_TRUE(known.out.starts_with("1 of 1 step rebuilds when " + name + " changes\n")) << known.out;
  }
}

TEST(Explain, GivesTheDocumentedJson) {
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  const json answer = json::parse(
      run_dcache({"explain", "-f", "Dockerfile.narrow", "--format", "json", "--changed", "go.mod"}, folder)
          .out);
  EXPECT_EQ(answer["version"], 1);
  EXPECT_EQ(answer["target"], "1");
  const json& run = answer["steps"][3];
  EXPECT_EQ(run["line"], 5);
  EXPECT_EQ(run["stage"], "build");
  EXPECT_EQ(run["verdict"], "miss");
  EXPECT_EQ(run["cause"],
            (json{{"kind", "file"},
                  {"path", "go.mod"},
                  {"change", "changed"},
                  {"pattern", "go.mod"},
                  {"line", 4},
                  {"files", {{{"path", "go.mod"}, {"change", "changed"}, {"pattern", "go.mod"}}}}}));
  EXPECT_EQ(run["follows"], 4);
}

TEST(Explain, SaysThatABuildFailsForAMissingFile) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY gone /\n");
  const Outcome outcome = run_dcache({"explain", "--changed", "x"}, folder.path());
  EXPECT_TRUE(outcome.out.starts_with("The build fails: gone (line 2) does not exist in the context\n"))
      << outcome.out;
}

TEST(Explain, TakesPatternsAndListsOfFiles) {
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  const auto first_line = [](const Outcome& outcome) {
    return outcome.out.substr(0, outcome.out.find('\n'));
  };
  EXPECT_EQ(first_line(run_dcache({"explain", "-f", "Dockerfile.narrow", "--changed", "-"}, folder,
                                  "go.mod\ngo.sum\n")),
            "6 of 9 steps rebuild when go.mod and go.sum change; 1 more depends on their results");
  EXPECT_EQ(first_line(run_dcache({"explain", "-f", "Dockerfile.narrow", "--changed", "go.*"}, folder)),
            "6 of 9 steps rebuild when go.mod and go.sum change; 1 more depends on their results");
  EXPECT_EQ(first_line(run_dcache({"explain", "--changed", "-"}, folder, "")),
            "Nothing rebuilds when nothing changes: all 6 steps are reused");
}

TEST(Explain, ShowsOneVerdictOrTheWholeChain) {
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  const Outcome misses = run_dcache({"explain", "--only", "miss", "--changed", "go.mod"}, folder);
  EXPECT_FALSE(contains(misses.out, "✓"));
  EXPECT_TRUE(contains(misses.out, "✗     5  RUN go mod download"));
  const Outcome why = run_dcache({"explain", "--why", "10", "--changed", "go.mod"}, folder);
  std::istringstream lines(why.out);
  std::vector<std::string> starts;
  for (std::string line; std::getline(lines, line);)
    starts.push_back(line.substr(0, line.find("  ", 14)));
  EXPECT_EQ(starts, (std::vector<std::string>{"  ~    10  COPY --from=build /out/app /app/app",
                                              "  ✗     6  RUN CGO_ENABLED=0 go build -o /out/app ./cmd/$…",
                                              "  ✗     5  RUN go mod download", "  ✗     4  COPY . ."}));
  EXPECT_EQ(run_dcache({"explain", "--why", "2", "--changed", "go.mod"}, folder).status, 2);
}

TEST(Snapshot, IsComparedWithLater) {
  const TemporaryFolder folder;
  folder.write("ctx/Dockerfile",
               "FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111\nCOPY a "
               "/\nCOPY b /\nRUN x\n");
  folder.write("ctx/a", "1");
  folder.write("ctx/b", "2");
  EXPECT_EQ(run_dcache({"snapshot", "-o", "../s.json"}, folder / "ctx").status, 0);
  EXPECT_TRUE(contains(run_dcache({"explain", "--since", "../s.json"}, folder / "ctx").out,
                       "Nothing rebuilds since ../s.json"));
  folder.write("ctx/b", "two");
  const Outcome outcome = run_dcache({"explain", "--since", "../s.json"}, folder / "ctx");
  EXPECT_TRUE(outcome.out.starts_with("2 of 3 steps rebuild since ../s.json\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "b changed (selected by b)"));
  const std::string first = folder.read("s.json");
  EXPECT_EQ(run_dcache({"snapshot"}, folder / "ctx").out, run_dcache({"snapshot"}, folder / "ctx").out);
  folder.write("s.json", first.substr(0, 40));
  EXPECT_EQ(run_dcache({"explain", "--since", "../s.json"}, folder / "ctx").status, 2);
}

TEST(Keys, ShowFilesAndChangeWithThem) {
  const TemporaryFolder folder;
  folder.write("Dockerfile",
               "FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111\nCOPY a /\n");
  folder.write("a", "1");
  const auto key = [&] {
    return json::parse(run_dcache({"keys", "--format", "json"}, folder.path()).out)["steps"][1];
  };
  const json first = key();
  EXPECT_EQ(first["files"], json{"a"});
  EXPECT_EQ(first["bytes"], 1);
  EXPECT_EQ(key(), first);
  folder.write("a", "2");
  EXPECT_NE(key()["key"], first["key"]);
  EXPECT_EQ(key()["definition"], first["definition"]);
  EXPECT_TRUE(contains(run_dcache({"keys", "--files", "2"}, folder.path()).out, "         a\n"));
}

TEST(Keys, SayThatAFileIsMissing) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY a there /\nCOPY there /\n");
  folder.write("there", "1");
  const json steps = json::parse(run_dcache({"keys", "--format", "json"}, folder.path()).out)["steps"];
  EXPECT_EQ(steps[0]["missing"], json{"a"});
  EXPECT_FALSE(steps[1].contains("missing"));
  EXPECT_TRUE(contains(run_dcache({"keys"}, folder.path()).out, "a does not exist        COPY a there /\n"));
}

TEST(Context, TellsWhatNoStepReads) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY a /\n");
  folder.write("a", "1");
  folder.write("deep/big", std::string(5000, 'x'));
  folder.write("logs/1", "12");
  folder.write("logs/2", "123");
  folder.write(".dockerignore", "Dockerfile\nlogs\n");
  const json context = json::parse(run_dcache({"context", "--format", "json"}, folder.path()).out);
  EXPECT_EQ(context["read"]["files"], 1);
  EXPECT_EQ(context["unread"][0]["path"], "deep/big");
  EXPECT_EQ(context["ignored_entries"], 2);
  EXPECT_EQ(context["ignored"][1], (json{{"pattern", "logs"}, {"line", 2}, {"files", 2}, {"bytes", 5}}));
  EXPECT_EQ(context["steps"][0]["line"], 2);
  EXPECT_EQ(context["steps"][0]["files"], 1);
  EXPECT_EQ(context["tree"][0],
            (json{{"path", "deep"}, {"files", 1}, {"bytes", 5000}, {"unread_bytes", 5000}}));
  EXPECT_EQ(context["tree"][1]["path"], "deep/big");
  const std::string text = run_dcache({"context"}, folder.path()).out;
  EXPECT_TRUE(contains(text, "5.0 kB    big                             not read by any step")) << text;
  EXPECT_TRUE(contains(text, "logs                  2 files         5 B  line 2")) << text;
}

// Each layer is known by the one below it: a LABEL rebuilds what follows.
TEST(Builders, OthersThanBuildkitMakeALayerOfEveryInstruction) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nLABEL a=1\nCOPY a /\n");
  folder.write("a", "1");
  const auto verdicts_with = [&](const std::string& builder) {
    folder.write("Dockerfile", "FROM a\nLABEL a=1\nCOPY a /\n");
    run_dcache({"snapshot", "-o", "s", "--builder", builder}, folder.path());
    folder.write("Dockerfile", "FROM a\nLABEL a=2\nCOPY a /\n");
    const Outcome outcome =
        run_dcache({"explain", "--since", "s", "--builder", builder, "--format", "json"}, folder.path());
    const json explanation = json::parse(outcome.out);
    std::string verdicts;
    for (const json& step : explanation["steps"])
      verdicts += step["verdict"].get<std::string>() + " ";
    return verdicts;
  };
  EXPECT_EQ(verdicts_with("buildkit"), "unknown hit ");
  EXPECT_EQ(verdicts_with("classic"), "unknown miss miss ");
  EXPECT_EQ(verdicts_with("buildah"), "unknown miss miss ");
  folder.write("Dockerfile", "FROM a\nCOPY --link a /\n");
  const Outcome refused = run_dcache({"explain", "--changed", "a", "--builder", "classic"}, folder.path());
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(contains(refused.err, "Dockerfile:2:6: the classic builder does not know --link"))
      << refused.err;
}

// The classic builder looks at what a link leads to, also when that is only said to change.
TEST(Builders, TheClassicOneFollowsLinksToChangedFiles) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY links /x\n");
  folder.write("files/a", "1");
  folder.write("links/plain", "1");
  test::make_link("../files/a", folder / "links/a");
  const auto verdict_with = [&](const std::string& builder) {
    const Outcome outcome = run_dcache(
        {"explain", "--changed", "files/a", "--builder", builder, "--format", "json"}, folder.path());
    return json::parse(outcome.out)["steps"][0]["verdict"].get<std::string>();
  };
  EXPECT_EQ(verdict_with("classic"), "miss");
  EXPECT_EQ(verdict_with("buildah"), "hit");
  EXPECT_EQ(verdict_with("buildkit"), "hit");
}

TEST(AnyInput, GetsAClearAnswer) {
  const TemporaryFolder folder;
  folder.write("empty", "");
  folder.write("zeros", std::string(1000, '\0'));
  folder.write("bytes",
               "\xFF\xFE"
               "F\0R\0");
  folder.write("long", "FROM a\nRUN " + std::string(3'000'000, 'x') + "\n");
  folder.write(
      "deep", "FROM a\nENV x=" + [] {
        std::string s;
        for (int i = 0; i < 20000; ++i)
          s += "${a:-";
        return s;
      }() + "\n");
  for (const char* name : {"empty", "zeros", "bytes", "long", "deep"}) {
    for (const char* command : {"lint", "parse"}) {
      const Outcome outcome = run_dcache({command, name}, folder.path());
      EXPECT_TRUE(outcome.status == 2 || std::string(name) == "deep")
          << name << " " << command << " " << outcome.status;
      EXPECT_LT(outcome.err.size(), 2000u) << name;
    }
    EXPECT_EQ(run_dcache({"explain", "-f", name, "--changed", "x"}, folder.path()).status, 2) << name;
  }
}

TEST(Cli, SaysWhatWasPerhapsMeant) {
  const TemporaryFolder folder;
  for (const auto& [arguments, answer] :
       {std::pair{std::vector<std::string>{"lnt"}, "did you mean 'lint'?"},
        {{"lint", "--fromat", "json"}, "did you mean '--format'?"},
        {{"explain", "--chnged=x"}, "did you mean '--changed'?"},
        {{"--colour", "always", "lint"}, "did you mean '--color'?"},
        {{"lint", "--nonsensical"}, "unknown option '--nonsensical'"},
        {{"something"}, "unknown command 'something'"},
        {{"lint", "--profile", "hadolnt"}, "--profile hadolnt: did you mean 'hadolint'?"},
        {{"explain", "--only", "mis"}, "did you mean 'miss'?"},
        {{"explain", "--builder", "docker"}, "expected buildkit, classic or buildah"},
        {{"explain", "--why", "x"}, "--why x: expected a number greater than 0"},
        {{"explain", "--target"}, "--target needs a value: --target STAGE"},
        {{"keys", "--target", "a", "--target", "b"}, "--target is given more than once"},
        {{"lint", "--fix=3"}, "--fix takes no value"},
        {{"lint", "--fixx", "--foo"}, "unknown option '--fixx'"},
        {{"keys", "-f", std::string(DCACHE_SOURCE_DIR) + "/fixtures/node-app/Dockerfile", "--files", "99"},
         "--files 99: no step starts in this line"},
        {{"rules", "DC100x"}, "unknown rule 'DC100x'; did you mean"},
        {{"keys", "main.go"}, "dcache keys takes no argument 'main.go'"},
        {{"completion", "tcsh"}, "tcsh: expected bash, zsh or fish"},
        {{"completion"}, "dcache completion needs SHELL"},
        {{"lint", "--level", "DC1001=warn"}, "expected RULE=LEVEL"},
        {{"help", "lnt"}, "unknown command 'lnt'"},
        {{}, "Usage: dcache COMMAND"}}) {
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(answer), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace dcache
