// What a whole run of `dcache lint` says and does, over several files.
#include <array>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using test::contains;
using test::count_of;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

TEST(LintFix, LeavesNoConnectorAfterRemovedCommands) {
  const TemporaryFolder folder;
  folder.write(
      "Dockerfile",
      "FROM debian:12\nRUN apt-get update && \\\n    apt-get install -y a && \\\n    apt-get clean && \\\n"
      "    rm -rf /var/lib/apt/lists/*\n");
  const Outcome outcome = run_dcache(
      {"lint", "--no-shellcheck", "--select", "DC1003", "--fix", "--unsafe-fixes", "--diff", "Dockerfile"},
      folder.path());
  EXPECT_NE(outcome.out.find("apt-get install -y a\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("+    apt-get install -y a &&"), std::string::npos) << outcome.out;
}

TEST(MakeBaseline, FailsForAFileThatNoBuilderAccepts) {
  const TemporaryFolder folder;
  folder.write("good/Dockerfile", "FROM a\n");
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "good"}, folder.path()).status, 0);
  folder.write("bad/Dockerfile", "FROM a\nFOO\n");
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "."}, folder.path()).status, 2);
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "good", "none"}, folder.path()).status, 2);
}

TEST(Lint, ReportsAWrongConfigurationOnce) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml", "ignore = 1\n");
  folder.write("a/Dockerfile", "FROM a\n");
  folder.write("b/Dockerfile", "FROM b\n");
  const Outcome outcome = run_dcache({"lint"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(count_of(outcome.err, ".dcache.toml"), 1U) << outcome.err;
}

TEST(Lint, PassesOverWhatIsExcluded) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml", "exclude = [\"old\"]\n");
  for (const char* name : {"old/Dockerfile", "new/Dockerfile", "test/Dockerfile"})
    folder.write(name, "FROM debian:9\n");
  const std::vector<std::string> run = {"lint", "--select", "DC5003", "--format", "concise"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    return count_of(run_dcache(more, folder.path()).out, "DC5003");
  };
  EXPECT_EQ(with({}), 2U);
  EXPECT_EQ(with({"--exclude", "test"}), 1U);
  EXPECT_EQ(with({"old/Dockerfile"}), 1U);
}

TEST(Lint, CountsByRule) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM debian:9\nRUN apt-key add k\n");
  const Outcome outcome = run_dcache({"lint", "--statistics", "--select", "DC5"}, folder.path());
  EXPECT_NE(outcome.out.find("DC5003"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("DC5005"), std::string::npos) << outcome.out;
  const auto counts = nlohmann::json::parse(
      run_dcache({"lint", "--statistics", "--format", "json", "--select", "DC5005"}, folder.path()).out);
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0]["rule"], "DC5005");
  EXPECT_EQ(counts[0]["findings"], 1);
  EXPECT_EQ(counts[0]["fixable"], 0);
}

TEST(Lint, RefusesAConfigurationWithAMalformedPattern) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  for (const char* text : {"exclude = [\"[a\"]\n", "[[overrides]]\npaths = [\"[a\"]\nignore = [\"DC1\"]\n"}) {
    folder.write(".dcache.toml", text);
    const Outcome outcome = run_dcache({"lint", "--no-shellcheck"}, folder.path());
    EXPECT_EQ(outcome.status, 2) << text << outcome.out;
    EXPECT_NE(outcome.err.find("is malformed"), std::string::npos) << outcome.err;
  }
}

TEST(Lint, SaysOnceThatShellCheckIsMissing) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile", "FROM a\n");
  folder.write("b/Dockerfile", "FROM a\n");
  EXPECT_EQ(count_of(run_dcache({"lint"}, folder.path()).out, "ShellCheck is not installed"), 1U);
  EXPECT_EQ(count_of(run_dcache({"lint", "--no-shellcheck"}, folder.path()).out, "ShellCheck"), 0U);
}

TEST(Config, SaysWhereSettingsComeFrom) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml", "fail-on = \"error\"\n");
  folder.write("Dockerfile", "FROM a\n");
  const std::string out = run_dcache({"config", "--ignore", "DC1009", "Dockerfile"}, folder.path()).out;
  EXPECT_NE(out.find("fail-on = 'error'  # from the file"), std::string::npos) << out;
  EXPECT_NE(out.find("ignore = [ 'DC1009' ]  # from --ignore"), std::string::npos) << out;
}

// A variable of the environment, for as long as this exists.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { test::set_variable(name, value); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { test::remove_variable(name_); }

 private:
  const char* name_;
};

TEST(Config, TellsVariablesOptionsAndOverridesApart) {
  const TemporaryFolder folder;
  folder.write(".dcache.toml",
               "exclude = [\"testdata\"]\nignore = [\"DC1008\"]\n[levels]\nDC1001 = \"error\"\n"
               "[[overrides]]\npaths = [\"b\"]\nignore = [\"DC1002\"]\n"
               "[[overrides]]\npaths = [\"a\"]\nignore = [\"DC1003\"]\nlevels = { DC1004 = \"info\" }\n");
  folder.write("a/Dockerfile", "FROM a\n");
  const Variable ignore("DCACHE_IGNORE", "DC1009");
  const Variable unused("HADOLINT_IGNORE", "DL3014");  // not with a file of ours
  const std::string out =
      run_dcache({"config", "--ignore", "DC1010", "--profile", "all", "--no-shellcheck", "a/Dockerfile"},
                 folder.path())
          .out;
  for (const char* line :
       {"exclude = [ 'testdata' ]  # from the file\n",
        "ignore = [ 'DC1008', 'DC1003', 'DC1009', 'DC1010' ]  # from the file, [[overrides]] number 2 of the "
        "file, DCACHE_IGNORE and --ignore\n",
        "profile = 'all'  # from --profile\n", "shellcheck = false  # from --no-shellcheck\n",
        "DC1001 = 'error'  # from the file\n", "DC1004 = 'info'  # from [[overrides]] number 2 of the file\n",
        "fail-on = 'warning'\n"})
    EXPECT_NE(out.find(line), std::string::npos) << line << out;
  EXPECT_EQ(out.find("DL3014"), std::string::npos) << out;
  const std::string replaced =
      run_dcache({"config", "--level", "DC1001=info", "a/Dockerfile"}, folder.path()).out;
  EXPECT_NE(replaced.find("DC1001 = 'info'  # from --level\n"), std::string::npos) << replaced;
}

TEST(Config, NamesTheVariablesOfHadolint) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  const Variable ignore("HADOLINT_IGNORE", "DL3014");
  const Variable level("HADOLINT_OVERRIDE_ERROR", "DL3008");
  const Variable threshold("HADOLINT_FAILURE_THRESHOLD", "info");
  const std::string out = run_dcache({"config"}, folder.path()).out;
  for (const char* line : {"# no configuration file\n", "ignore = [ 'DL3014' ]  # from HADOLINT_IGNORE\n",
                           "DL3008 = 'error'  # from HADOLINT_OVERRIDE_ERROR\n",
                           "fail-on = 'info'  # from HADOLINT_FAILURE_THRESHOLD\n"})
    EXPECT_NE(out.find(line), std::string::npos) << line << out;
}

TEST(Config, SaysWhereTheBuilderComesFrom) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  folder.write(".gitlab-ci.yml", "a:\n  image: quay.io/buildah/stable\n  script:\n    - buildah bud .\n");
  const auto config = [&] { return run_dcache({"config", "Dockerfile"}, folder.path()).out; };
  EXPECT_NE(config().find("builder = 'buildah'  # from .gitlab-ci.yml\n"), std::string::npos) << config();
  folder.write(".dcache.toml", "builder = \"classic\"\n");
  EXPECT_NE(config().find("builder = 'classic'  # from the file\n"), std::string::npos) << config();
}

TEST(Lint, BlamesTheVariableForAWrongValue) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  for (const auto& [name, value, error] : std::initializer_list<std::array<const char*, 3>>{
           {"DCACHE_PROFILE", "al", "dcache: DCACHE_PROFILE: unknown profile 'al'; did you mean 'all'?\n"},
           {"DCACHE_IGNORE", "DL3005", "dcache: note: DCACHE_IGNORE: there is no rule DL3005"},
           {"DCACHE_SELECT", "Q1", "dcache: DCACHE_SELECT: unknown rule 'Q1'"},
           {"DCACHE_FAIL_ON", "errr", "dcache: DCACHE_FAIL_ON: unknown level 'errr'"}}) {
    const Variable variable(name, value);
    EXPECT_EQ(run_dcache({"lint", "Dockerfile"}, folder.path()).err.substr(0, std::string(error).size()),
              error)
        << name;
  }
  const Variable wrong("DCACHE_PROFILE", "al");
  EXPECT_EQ(run_dcache({"config", "--profile", "all"}, folder.path()).err, "") << "the option counts";
}

// The second Dockerfile would keep out README.md, which the first one reads.
TEST(Lint, DoesNotOverwriteAFileThatAFixHasWritten) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY . .\nRUN x README.md\n");
  folder.write("b.Dockerfile", "FROM a\nCOPY . .\nRUN x\n");
  folder.write(".dockerignore", ".git\n");
  folder.write("README.md", "text");
  folder.write("node_modules/a.js", "");
  const Outcome outcome =
      run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2002", "."}, folder.path());
  EXPECT_EQ(count_of(outcome.err, "1 finding"), 2U) << outcome.err;
  EXPECT_EQ(folder.read(".dockerignore"), ".git\n**/node_modules\n");
}

// The codes that whole runs over the folder report, in the profiles that contain the most rules.
std::string codes(const TemporaryFolder& folder, const std::vector<std::string>& more) {
  std::string found;
  for (const char* profile : {"default", "hadolint", "all"}) {
    std::vector<std::string> arguments = {"lint", "--profile", profile, "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_dcache(arguments, folder.path());
    for (const auto& finding : nlohmann::json::parse(outcome.out))
      found += finding.at("rule").get<std::string>() + " ";
  }
  return found;
}

TEST(Lint, ReportsNoNameThatADefinitionDecides) {
  const TemporaryFolder folder;
  folder.write("docker-bake.hcl",
               "target \"base\" {\n  context = \"base\"\n  tags = [\"me/base\", \"me/tools:latest\"]\n}\n"
               "target \"app\" {\n  context = \"app\"\n"
               "  contexts = { mybase = \"target:base\", node = \"./files\", arm64v8 = \"target:base\",\n"
               "    \"alpine:3.20\" = \"docker-image://alpine\", \"arm64v8/x\" = \"target:base\", build = "
               "\"files\" }\n"
               "}\n");
  folder.write("base/Dockerfile", "FROM scratch\n");
  folder.write("files/x", "");
  folder.write("app/Dockerfile",
               "FROM mybase AS build\n"
               "FROM alpine:3.20 AS two\n"
               "FROM me/base AS three\n"
               "FROM me/tools:latest AS four\n"
               "FROM --platform=linux/amd64 arm64v8/x AS five\n"
               "COPY --from=build / /\n"
               "COPY --from=node x /x\n"
               "COPY --from=me/tools x /x\n"
               "RUN --mount=type=bind,from=mybase,target=/m true\n");
  const std::vector<std::string> rules = {
      "--select", "DC1009,DL3006,DL3007,DL3022,DL3026,DL3067,InvalidBaseImagePlatform", "--trusted-registry",
      "example.org"};
  EXPECT_EQ(codes(folder, rules), "");
  folder.write("docker-bake.hcl", "target \"app\" { context = \"app\" }\n");
  const std::string found = codes(folder, rules);
  for (const char* rule :
       {"DC1009", "DL3006", "DL3007", "DL3022", "DL3026", "DL3067", "InvalidBaseImagePlatform"})
    EXPECT_NE(found.find(rule), std::string::npos) << rule;
}

// What the image of another build contains, or a folder, is not told by the name in FROM.
TEST(Lint, KnowsNothingOfAnImageThatADefinitionPutsInItsPlace) {
  const TemporaryFolder folder;
  folder.write("Dockerfile",
               "FROM debian:12\nCOPY --from=build /app /app\nEXPOSE 80\nENTRYPOINT [\"/app\"]\n");
  const std::vector<std::string> rules = {"--select", "DC1022,DC1024"};
  folder.write("docker-bake.json", R"({"target": {"app": {}}})");
  EXPECT_NE(codes(folder, rules), "");
  folder.write("docker-bake.json", R"({"target": {"app": {"contexts": {"debian:12": "target:base"}},
                                                  "base": {"dockerfile": "base"}}})");
  EXPECT_EQ(codes(folder, rules), "");
}

TEST(Lint, LintsTheDockerfileOfAnImage) {
  const TemporaryFolder folder;
  folder.write(
      "docker-bake.hcl",
      "target \"a\" { dockerfile = \"build/Dockerfile\" }\n"
      "target \"b\" {\n  dockerfile = \"build/Dockerfile\"\n  contexts = { base = \"target:a\" }\n}\n"
      "target \"c\" { dockerfile-inline = \"FROM x\" }\n"
      "target \"d\" { context = \"https://example.org/x.git\" }\n");
  folder.write("build/Dockerfile", "FROM base\n");
  folder.write("other/Dockerfile", "FROM other\n");
  const auto lint = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lint", "--format", "gnu", "--select", "DL3006"});
    return run_dcache(more, folder.path());
  };
  EXPECT_EQ(count_of(lint({"--image", "a"}).out, "\n"), 1U);
  EXPECT_EQ(lint({"--image", "b"}).out, "");
  EXPECT_EQ(count_of(lint({"--image", "a,b"}).out, "\n"), 1U) << "a Dockerfile is linted once";
  EXPECT_NE(lint({"--image", "other/Dockerfile"}).out.find("other has no tag"), std::string::npos);
  EXPECT_EQ(lint({"--image", "a", "--set", "a.dockerfile=other/Dockerfile"}).out.find("other/"), 0U);
  for (const auto& [image, error] : std::initializer_list<std::pair<const char*, const char*>>{
           {"aa", "--image aa: there is no such image"}, {"d", "its context is https://example.org/x.git"}}) {
    const Outcome outcome = lint({"--image", image});
    EXPECT_EQ(outcome.status, 2) << image;
    EXPECT_NE(outcome.err.find(error), std::string::npos) << outcome.err;
  }
  EXPECT_NE(lint({"--image", "a", "other"}).err.find("files or images, but not both"), std::string::npos);
}

TEST(Lint, ReadsTextsInDefinitionsAndFilesOfOtherNames) {
  const TemporaryFolder folder;
  folder.write("compose.yaml",
               "services:\n  a: {build: {context: w, dockerfile: D2}}\n  out: {build: {context: ..}}\n"
               "  old: {build: vendor/x}\n  b:\n    build:\n      dockerfile_inline: |\n        FROM one\n"
               "        COPY $$f ${HOME} /\n\n        FROM two\n"
               "  c: {build: {dockerfile_inline: \"FROM a:1\\nFROM three\"}}\n");
  folder.write("docker-bake.hcl", "target \"d\" {\n  dockerfile-inline = <<-EOT\n    FROM four\n  EOT\n}\n");
  folder.write("w/D2", "FROM five\n");
  folder.write("vendor/x/Dockerfile", "FROM six\n");
  const auto lint = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lint", "--format", "gnu", "--select", "DL3006"});
    const std::string out = run_dcache(more, folder.path()).out;
    std::string places;  // "w/D2:1:1 five"
    for (size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
      const size_t end = out.find(": ", at);
      const size_t name = out.find(": ", end + 2) + 2;
      places += out.substr(at, end - at) + " " + out.substr(name, out.find(' ', name) - name) + "\n";
    }
    return places;
  };
  const std::string of_b = "compose.yaml:8:9 one\ncompose.yaml:11:9 two\n";
  EXPECT_EQ(lint({}), "w/D2:1:1 five\n" + of_b + "compose.yaml:12:1 three\ndocker-bake.hcl:3:5 four\n");
  EXPECT_EQ(lint({"w"}), "");
  EXPECT_EQ(lint({"--image", "b"}), of_b);
  EXPECT_EQ(lint({"--fix", "--unsafe-fixes", "--image", "b"}), of_b);
}

TEST(Lint, RefusesANamedCiDefinitionThatIsNotYaml) {
  const TemporaryFolder folder;
  folder.write(".github/workflows/w.yml", "on: push\njobs: [\n");
  const auto named = run_dcache({"lint", ".github/workflows/w.yml"}, folder.path());
  EXPECT_EQ(named.status, 2);
  EXPECT_TRUE(named.err.starts_with("dcache: .github/workflows/w.yml:3:1: ")) << named.err;
  EXPECT_EQ(run_dcache({"lint", "."}, folder.path()).status, 0);
}

TEST(Lint, UsesTheDefinitionThatIsNamed) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM base\n");
  folder.write("defs/one.hcl", "target \"a\" {\n  context = \"..\"\n  contexts = { base = \"x\" }\n}\n");
  folder.write("defs/two.hcl", "target \"a\" { context = \"..\" }\n");
  const auto lint = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lint", "--format", "gnu", "--select", "DL3006"});
    return run_dcache(more, folder.path()).out;
  };
  EXPECT_NE(lint({"Dockerfile"}), "");
  EXPECT_EQ(lint({"--definition", "defs/one.hcl"}), "");
  EXPECT_NE(lint({"--definition", "defs/two.hcl", "--definition-profile", "p"}), "");
  EXPECT_EQ(lint({"--definition", "defs/two.hcl", "--set", "a.contexts.base=x"}), "");
  for (const auto& [option, name] : {std::pair("--definition", "none.hcl"), {"--context", "none"}}) {
    const Outcome outcome = run_dcache({"lint", option, name, "Dockerfile"}, folder.path());
    EXPECT_EQ(outcome.status, 2) << option;
    EXPECT_NE(outcome.err.find(name), std::string::npos) << outcome.err;
  }
}

TEST(Lint, SaysWhatASearchLeavesOut) {
  const TemporaryFolder folder;
  for (const char* path : {"Dockerfile", "a/Dockerfile.j2", "a/vendor/x/Dockerfile", "a/Dockerfile.orig"})
    folder.write(path, "FROM scratch\n");
  folder.write("b/Dockerfile", "{{ if .x }}\nFROM a\n{{ end }}\n");
  // Lines of a template, and parts without a tag that are next to one.
  folder.write("c/Dockerfile.linux", "FROM a\nENV A=1{{if x:\n^else:RUN y}}\n");
  folder.write("c/Dockerfile.part", "# Some words.\n");
  folder.write("c/sub/Dockerfile.envs", "ENV A=1\n");
  folder.write("Dockerfile.dockerignore", "");
  const std::string said = run_dcache({"lint", "-v", "."}, folder.path()).err;
  for (const char* part :
       {"a/Dockerfile.j2 is left out: its name is not", "a/vendor/ is left out: it contains vendored",
        "a/Dockerfile.orig is left out", "b/Dockerfile is left out: it is a template",
        "c/Dockerfile.linux is left out: it is a template", "c/Dockerfile.part is left out: it is a template",
        "c/sub/Dockerfile.envs is left out: it is a template"})
    EXPECT_EQ(count_of(said, part), 1U) << part << said;
  EXPECT_EQ(count_of(said, "left out"), 7U) << said;
  const Outcome quiet = run_dcache({"lint", "."}, folder.path());
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(quiet.out.find("DC0001"), std::string::npos) << quiet.out;
  EXPECT_EQ(run_dcache({"lint", "c/Dockerfile.part"}, folder.path()).status, 2);
}

TEST(Lint, KnowsTheShellOfImagesOfTheRepository) {
  const TemporaryFolder folder;
  folder.write("compose.yaml",
               "services:\n  base:\n    image: corp/base\n    build: base\n  app:\n    image: corp/app\n"
               "    build: app\n");
  folder.write("app/Dockerfile", "FROM corp/base\nRUN <<EOF\nmake\nmake install\nEOF\n");
  const auto lint = [&](const std::string& base) {
    folder.write("base/Dockerfile", base);
    return count_of(run_dcache({"lint", "--select", "DC4006", "."}, folder.path()).out, "DC4006");
  };
  EXPECT_EQ(lint("FROM debian:12\n"), 1U);
  EXPECT_EQ(lint("FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\n"), 1U);
  EXPECT_EQ(lint("FROM debian:12\nSHELL [\"/bin/bash\", \"-e\", \"-c\"]\n"), 0U);
  EXPECT_EQ(lint("FROM other/base\n"), 0U);
}

// Below the root of a repository a Dockerfile that copies everything may be built with a folder above it.
TEST(Lint, WritesNoIgnoreFileWhereTheContextIsAGuess) {
  const auto written = [](const char* definition, const char* more) {
    const TemporaryFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write("apps/web/Dockerfile", std::string("FROM node:22\nCOPY . .\n") + more);
    folder.write("apps/web/package.json", "{}\n");
    folder.write("apps/web/a.pyc", "");
    if (*definition != 0) folder.write("compose.yaml", definition);
    run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2001", "."}, folder.path());
    std::string found;
    for (const char* path : {".dockerignore", "apps/web/.dockerignore"}) {
      if (std::filesystem::exists(folder / path)) found += path;
    }
    return found;
  };
  EXPECT_EQ(written("", "CMD x\n"), "");
  EXPECT_EQ(written("", "RUN npm install\n"), "apps/web/.dockerignore");
  EXPECT_EQ(written("services: {web: {build: apps/web}}\n", "CMD x\n"), "apps/web/.dockerignore");
  EXPECT_EQ(written("services: {web: {build: {context: ., dockerfile: apps/web/Dockerfile}}}\n", "CMD x\n"),
            ".dockerignore");
}

// Patterns count from the root of the context, wherever the file is.
TEST(Lint, ReadsAnIgnoreFileOfOneDockerfileFromItsContext) {
  const TemporaryFolder folder;
  folder.write("compose.yaml", "services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}\n");
  folder.write("docker/Dockerfile", "FROM scratch\nCOPY . .\n");
  folder.write("docker/Dockerfile.dockerignore", "node_modules\n");
  folder.write("web/node_modules/a.js", "");
  const Outcome outcome = run_dcache({"lint", "--format", "gnu", "--select", "DC2003", "."}, folder.path());
  EXPECT_NE(outcome.out.find("this matches only at the root of the context, not web/node_modules"),
            std::string::npos)
      << outcome.out;
}

// In a repository, with all builds that its definitions give.
TEST(Lint, ReportsIgnoreFilesThatNoBuildReads) {
  const TemporaryFolder folder;
  folder.write(".git/HEAD", "ref: refs/heads/main\n");
  folder.write("compose.yaml",
               "services:\n"
               "  app: {build: {context: ., dockerfile: app/Dockerfile}}\n"
               "  own: {build: own}\n");
  folder.write("app/Dockerfile", "FROM scratch\nCOPY lib /lib\n");
  folder.write("own/Dockerfile", "FROM scratch\nCOPY . /\n");
  folder.write("lib/a", "");
  for (const char* path : {".dockerignore", "app/.dockerignore", "own/.dockerignore", "lib/.dockerignore"})
    folder.write(path, "*.log\n");
  const auto found = [&](const std::vector<std::string>& paths) {
    std::vector<std::string> arguments = {"lint", "--format", "gnu", "--select", "DC2006"};
    arguments.insert(arguments.end(), paths.begin(), paths.end());
    return run_dcache(arguments, folder.path()).out;
  };
  const std::string all = found({"."});
  EXPECT_EQ(count_of(all, "DC2006"), 2U) << all;
  EXPECT_NE(
      all.find("app/.dockerignore:1:1: info: no build reads this file: it is not at the root of the build "
               "context . (compose.yaml:2)"),
      std::string::npos)
      << all;
  EXPECT_NE(all.find("lib/.dockerignore"), std::string::npos) << all;
  EXPECT_EQ(count_of(found({"app/.dockerignore", "own"}), "DC2006"), 1U) << "of a part of the repository";
}

// BuildKit loads the .dockerignore of a named context as well.
TEST(Lint, KnowsThatNamedContextsHaveIgnoreFiles) {
  const auto found = [](const std::string& definition, const std::string& text) {
    const TemporaryFolder folder;
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write(definition, text);
    folder.write("Dockerfile", "FROM busybox:1\nCOPY --from=lib . /l\n");
    for (const char* path : {"sub/.dockerignore", "sub/k/.dockerignore"})
      folder.write(path, "y\n");
    return run_dcache({"lint", "--format", "gnu", "--select", "DC2006", "."}, folder.path()).out;
  };
  const std::pair<const char*, const char*> known[] = {
      {"compose.yaml", "services: {api: {build: {context: ., additional_contexts: {lib: ./sub}}}}\n"},
      {"docker-bake.hcl", "target \"api\" {\n  contexts = { lib = \"sub\" }\n}\n"}};
  for (const auto& [definition, text] : known) {
    const std::string out = found(definition, text);
    EXPECT_FALSE(contains(out, "sub/.dockerignore")) << out;
    EXPECT_TRUE(contains(out, "sub/k/.dockerignore:1:1: info: no build reads this file")) << out;
  }
  const std::string open =
      found(".github/workflows/w.yml",
            "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n    - uses: docker/build-push-action@v6\n"
            "      with:\n        context: .\n        build-contexts: lib=${{ inputs.lib }}\n");
  EXPECT_EQ(open, "") << "any folder may be the named context";
}

TEST(Lint, SortsByWhatFindingsCost) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile", "FROM node:latest\n");
  folder.write("b/Dockerfile", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n");
  folder.write("b/package.json", "{}\n");
  folder.write("b/package-lock.json", "{}\n");
  folder.write("b/index.js", "\n");
  const auto rules = [&](const std::string& order) {
    const std::string out =
        run_dcache({"lint", "--format", "json", "--select", "DC1001,DC1009", "--sort", order}, folder.path())
            .out;
    std::vector<std::string> all;
    for (const auto& finding : nlohmann::json::parse(out))
      all.push_back(finding.at("path").get<std::string>() + " " + finding.at("rule").get<std::string>());
    return all;
  };
  EXPECT_EQ(rules("file"),
            (std::vector<std::string>{"a/Dockerfile DC1009", "b/Dockerfile DC1009", "b/Dockerfile DC1001"}));
  EXPECT_EQ(rules("impact"),
            (std::vector<std::string>{"b/Dockerfile DC1001", "b/Dockerfile DC1009", "a/Dockerfile DC1009"}));
}

// Other programs have variables that start in the same way.
TEST(Lint, DoubtsVariablesThatAreNearlyItsOwn) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\n");
  test::set_variable("DCACHE_PROFLE", "all");
  test::set_variable("DCACHE_HOME", "/srv/dcache");
  const Outcome outcome = run_dcache({"lint", "Dockerfile"}, folder.path());
  test::remove_variable("DCACHE_PROFLE");
  test::remove_variable("DCACHE_HOME");
  EXPECT_EQ(
      outcome.err,
      "dcache: warning: the environment variable DCACHE_PROFLE is not known; did you mean DCACHE_PROFILE?\n");
}

}  // namespace
}  // namespace dcache
