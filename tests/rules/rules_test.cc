// What holds for every rule, and cases of each.
#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/dockerfile/flags.h"
#include "dcache/lint/engine.h"
#include "dcache/report/rule_page.h"
#include "rules/known_facts.h"
#include "tests/git_folder.h"
#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using test::config_selecting;
using test::findings;
using test::fixed;
using Texts = std::vector<std::string>;

void write_files(const lint::Example& example, const test::TemporaryFolder& folder) {
  for (const lint::ExampleFile& file : example.files) {
    folder.write(std::string(file.path), std::string(file.content));
    if (file.size > 0) folder.resize(std::string(file.path), file.size);
  }
}

std::vector<std::string> findings_of_example(const lint::Rule& rule, const lint::Example& example) {
  const test::TemporaryFolder folder;
  write_files(example, folder);
  lint::Config config = *lint::read_config(std::string(example.config), lint::known_names(lint::catalogue()));
  config.select = {std::string(rule.code)};
  if (!rule.about.empty())
    return test::findings_beside(rule.about.front(), std::string(example.dockerfile), config, folder);
  const bool needs_files = !example.files.empty();
  return findings(std::string(example.dockerfile), config,
                  needs_files ? test::facts_of(folder) : lint::BuildFacts());
}

// flags.json says since when there is a flag, the parser which instructions take it.
TEST(FlagVersions, AreOfFlagsThatTheParserKnows) {
  for (const rules::FlagVersion& version : rules::flag_versions()) {
    const auto takes_it = [&](dockerfile::Keyword keyword) {
      return std::ranges::any_of(dockerfile::flags_of(keyword), [&](const dockerfile::KnownFlag& flag) {
        return flag.name == version.flag;
      });
    };
    EXPECT_TRUE(takes_it(dockerfile::Keyword::kRun) || takes_it(dockerfile::Keyword::kCopy) ||
                takes_it(dockerfile::Keyword::kAdd))
        << version.flag;
  }
}

TEST(EveryRule, IsDocumentedAndItsExamplesHold) {
  std::set<std::string_view> codes;
  for (const lint::Rule& rule : lint::catalogue()) {
    EXPECT_TRUE(codes.insert(rule.code).second) << rule.code;
    EXPECT_FALSE(rule.summary.empty() || rule.summary.ends_with('.')) << rule.code;
    EXPECT_GT(rule.rationale.size(), 80u) << rule.code;
    EXPECT_FALSE(lint::references_of(rule).empty()) << rule.code;
    EXPECT_EQ(rule.fix != lint::FixKind::kNone, !rule.fix_note.empty()) << rule.code;
    EXPECT_FALSE(findings_of_example(rule, rule.bad).empty()) << rule.code;
    EXPECT_EQ(findings_of_example(rule, rule.good), Texts{}) << rule.code;
  }
}

TEST(EveryRule, HasItsPage) {
  for (const lint::Rule& rule : lint::catalogue()) {
    std::ifstream file(std::string(DCACHE_SOURCE_DIR) + "/docs/rules/" + std::string(rule.code) + ".md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(page, report::rule_page(rule)) << "scripts/make-docs writes the pages again";
  }
}

TEST(EveryCode, HasAPageAtItsAddress) {
  std::vector<std::string_view> codes = {lint::kNotBuildable, lint::kUnusedSuppression};
  for (const lint::Rule& rule : lint::catalogue())
    codes.push_back(rule.code);
  for (const std::string_view code : codes) {
    const std::string address = report::page_address(code);
    const std::string path = address.substr(address.find("/docs/"));
    EXPECT_TRUE(std::ifstream(DCACHE_SOURCE_DIR + path).is_open()) << address;
  }
  EXPECT_EQ(report::page_address("SC2086"), "https://www.shellcheck.net/wiki/SC2086");
}

// The fix of the bad example, where there is one, ends the finding and leaves a file that parses.
TEST(EveryRule, FixesItsBadExampleIfItSaysSo) {
  for (const lint::Rule& rule : lint::catalogue()) {
    if (rule.fix == lint::FixKind::kNone) continue;
    const test::TemporaryFolder folder;
    write_files(rule.bad, folder);
    const lint::Config config = config_selecting({std::string(rule.code)});
    const lint::Linter linter(lint::catalogue(), config);
    const auto facts = test::facts_of(folder);
    if (!rule.about.empty()) {
      const std::string text(rule.bad.dockerfile);
      const lint::RelatedFileKind kind = rule.about.front();
      if (kind == lint::RelatedFileKind::kIgnoreFile) folder.write(".dockerignore", text);
      const lint::FixedText related =
          lint::apply_fixes(linter, kind, test::related_path(kind, folder), text, facts, true);
      EXPECT_GT(related.fixed, 0u) << rule.code;
      EXPECT_EQ(test::findings_beside(kind, related.text, config, folder), Texts{}) << related.text;
      continue;
    }
    const lint::FixedText fixed_text =
        lint::apply_fixes(linter, std::string(rule.bad.dockerfile), facts, true);
    EXPECT_GT(fixed_text.fixed, 0u) << rule.code;
    for (const lint::Fix& fix : fixed_text.new_files)
      folder.write(fix.new_file.substr(folder.path().size() + 1), fix.new_file_content);
    EXPECT_TRUE(dockerfile::parse(fixed_text.text).errors().empty()) << rule.code;
    EXPECT_EQ(findings(fixed_text.text, config, test::facts_of(folder)), Texts{}) << rule.code << "\n"
                                                                                  << fixed_text.text;
  }
}

// The flags and heredocs of a file, such as "COPY --link".
std::set<std::string> features_of(const dockerfile::File& file) {
  std::set<std::string> features;
  for (const dockerfile::Instruction& instruction : file.instructions()) {
    for (const dockerfile::Flag& flag : instruction.flags)
      features.insert(fmt::format("{} --{}", dockerfile::name_of(instruction.keyword), flag.name));
    if (!instruction.heredocs.empty()) features.insert("a heredoc");
  }
  return features;
}

// A version before all flags of RUN and COPY but --from and --chown.
TEST(EveryRule, WritesNoSyntaxThatTheFileIsTooOldFor) {
  const std::set<std::string> known = {"COPY --from", "COPY --chown", "ADD --chown", "FROM --platform"};
  for (const lint::Rule& rule : lint::catalogue()) {
    if (rule.fix == lint::FixKind::kNone || !rule.about.empty()) continue;
    const test::TemporaryFolder folder;
    write_files(rule.bad, folder);
    const std::string bad = fmt::format("# syntax=docker/dockerfile:1.1\n{}", rule.bad.dockerfile);
    const std::string after =
        fixed(bad, config_selecting({std::string(rule.code)}), test::facts_of(folder), true);
    std::set<std::string> allowed = features_of(dockerfile::parse(bad));
    allowed.insert(known.begin(), known.end());
    for (const std::string& feature : features_of(dockerfile::parse(after)))
      EXPECT_TRUE(allowed.contains(feature)) << rule.code << " writes " << feature;
  }
}

// The good fixtures stay free of findings above info, and the wasteful ones have some.
TEST(Fixtures, AreWhatTheySay) {
  lint::Config config;
  config.ignore = {"DC5003"};  // versions in fixtures grow old
  const lint::Linter linter(lint::catalogue(), config);
  for (const auto& [folder, name, clean] : {std::tuple{"go-monorepo", "Dockerfile", false},
                                            {"go-monorepo", "Dockerfile.narrow", true},
                                            {"go-monorepo", "Dockerfile.base", true},
                                            {"go-monorepo", "Dockerfile.on-base", true},
                                            {"go-services", "Dockerfile", false},
                                            {"go-services", "Dockerfile.parallel", true},
                                            {"node-app", "Dockerfile", false},
                                            {"node-app", "Dockerfile.good", true},
                                            {"python-app", "Dockerfile", false},
                                            {"python-app", "Dockerfile.good", true},
                                            {"cache-mount-copy", "Dockerfile", false},
                                            {"cache-mount-copy", "Dockerfile.good", true}}) {
    const test::TemporaryFolder copy;
    copy.copy_fixture(folder);
    const dockerfile::File file = dockerfile::parse(copy.read(name));
    const lint::Findings found = linter.lint(file, test::facts_of(copy));
    std::string shown;
    for (const lint::Diagnostic& diagnostic : found.diagnostics)
      shown += std::string(diagnostic.rule) + ": " + diagnostic.message + "\n";
    EXPECT_EQ(found.diagnostics.empty(), clean) << folder << "/" << name << "\n" << shown;
  }
}

struct FindingsCase {
  const char* text;
  Texts expected;
};

void check_rule(const std::string& rule, const std::vector<FindingsCase>& cases,
                const lint::BuildFacts& facts = {}) {
  for (const FindingsCase& c : cases)
    EXPECT_EQ(findings(c.text, config_selecting({rule}), facts), c.expected) << c.text;
}

TEST(DC1001, FindsBroadCopiesAboveInstalls) {
  check_rule("DC1001",
             {{"FROM a\nCOPY . .\nRUN npm ci\n", {"DC1001:2"}},
              {"FROM a\nADD . /app\nRUN cd /app && pip install -r requirements.txt\n", {"DC1001:2"}},
              {"FROM a\nCOPY ./ /app\nRUN go mod download\n", {"DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN go build ./...\n", {"DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN bundle install && make\n", {"DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN if [ -f x ]; then yarn install; fi\n", {"DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN poetry install --no-root\nRUN npm ci\n", {"DC1001:2", "DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN [\"npm\", \"ci\"]\n", {"DC1001:2"}},
              {"FROM a\nCOPY . .\nRUN <<EOF\nnpm ci\nEOF\n", {"DC1001:2"}}});
}

TEST(DC1001, LeavesOtherBuildsAlone) {
  check_rule("DC1001",
             {{"FROM a\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm run build\n", {}},
              {"FROM a\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --omit=dev\n", {}},
              {"FROM a\nCOPY . .\nRUN make\n", {}},
              {"FROM a AS b\nCOPY . .\nFROM c\nCOPY --from=b / /\nRUN npm ci\n", {}},
              {"FROM a\nRUN --mount=type=bind,source=package.json,target=package.json npm ci\nCOPY . "
               ".\nRUN npm ci\n",
               {}},
              {"FROM a\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod go build .\n", {}},
              {"FROM a\nCOPY . .\nRUN npm --version\n", {}},
              {"FROM a\nSHELL [\"powershell\"]\nCOPY . .\nRUN npm ci\n", {}}});
}

TEST(DC1001, MovesTheInstallAboveTheCopy) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", "**/node_modules\n");
  folder.write("package.json", "{}");
  folder.write("package-lock.json", "{}");
  folder.write("requirements.txt", "flask\n");
  folder.write("go.mod", "module x\n");
  folder.write("src/main.js", "");
  const auto facts = test::facts_of(folder);
  const lint::Config config = config_selecting({"DC1001"});
  EXPECT_EQ(fixed("FROM a\nCOPY . .\nRUN npm ci\nCMD x\n", config, facts),
            "FROM a\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nCMD x\n");
  EXPECT_EQ(
      fixed("FROM a\nCOPY --chown=1:1 . /app\n# why\nRUN --network=host npm ci && npm run build", config,
            facts),
      "FROM a\nCOPY --chown=1:1 package.json package-lock.json /app/\n# why\nRUN --network=host npm ci\n"
      "COPY --chown=1:1 . /app\nRUN --network=host npm run build");
  EXPECT_EQ(fixed("FROM a\nADD . .\nRUN pip install -r requirements.txt\n", config, facts),
            "FROM a\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nADD . .\n");
  EXPECT_EQ(fixed("FROM a\nCOPY . .\nRUN go build .\n", config, facts, true),
            "FROM a\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nRUN go build .\n");
  // Something runs between the two, or the install is not the first thing that runs: nothing is moved.
  for (const char* text :
       {"FROM a\nCOPY . .\nRUN make\nRUN npm ci\n", "FROM a\nCOPY . .\nRUN make && npm ci\n",
        "FROM a\nCOPY . .\nRUN npm ci || true\n", "FROM a\nCOPY [\".\", \".\"]\nRUN npm ci\n",
        "FROM a\nCOPY . .\nRUN cargo build\n", "FROM a\nCOPY . .\nRUN npm ci; npm test\n"}) {
    EXPECT_EQ(fixed(text, config, facts), text);
  }
}

TEST(DC1001, MovesTheCopyBelowPackagesOfTheDistribution) {
  const lint::Config config = config_selecting({"DC1001"});
  EXPECT_EQ(
      fixed("FROM a\nWORKDIR /app\nCOPY --chown=1:1 . .\nRUN apt-get update && apt-get install -y x\nCMD y\n",
            config),
      "FROM a\nWORKDIR /app\nRUN apt-get update && apt-get install -y x\nCOPY --chown=1:1 . .\nCMD y\n");
  EXPECT_EQ(fixed("FROM a\r\n  COPY . /app\r\nRUN apk add --no-cache \\\r\n x", config),
            "FROM a\r\nRUN apk add --no-cache \\\r\n x\r\nCOPY . /app");
  const std::string web = "FROM a\nCOPY . /var/www/html\nRUN apt-get update && apt-get install -y apache2\n";
  EXPECT_EQ(fixed(web, config), web);
  EXPECT_NE(fixed(web, config, {}, true), web);
  for (const char* text :
       {"FROM a\nCOPY --chown=app . /app\nRUN apk add x\n", "FROM a\nCOPY . /app\nRUN apk add make && make\n",
        "FROM a\nCOPY . /app\nRUN make\nRUN apk add x\n", "FROM a\nARG D=/app\nCOPY . $D\nRUN apk add x\n",
        "FROM a\nCOPY . /app\nRUN pip install x\n"}) {
    EXPECT_EQ(fixed(text, config, {}, true), text);
  }
}

TEST(DC1001, MovesAnInstallAboveSeveralCopies) {
  const test::TemporaryFolder folder;
  for (const char* name : {"src/a.c", "web/a.js", "manage.py", "etc/keys/a.gpg"})
    folder.write(name, "");
  const auto facts = test::facts_of(folder);
  const lint::Config config = config_selecting({"DC1001"});
  const std::string base = "FROM a\nWORKDIR /app\nCOPY manage.py .\n";
  const std::string copies = "# the program\nCOPY src ./src\nCOPY web ./web\nEXPOSE 80\n";
  const std::string install = "# the shell\nRUN apk add bash";
  EXPECT_EQ(fixed(base + copies + install + "\nCMD y\n", config, facts),
            base + install + "\n" + copies + "CMD y\n");
  EXPECT_EQ(fixed(base + copies + install, config, facts), base + install + "\n" + copies);
  // Below an earlier install with a copy of its own.
  const std::string earlier = "COPY src ./src\nRUN apk add gcc\n";
  EXPECT_EQ(fixed(base + earlier + "COPY web ./web\nCOPY manage.py .\nRUN apk add bash\n", config, facts),
            base + "RUN apk add gcc\nRUN apk add bash\nCOPY src ./src\nCOPY web ./web\nCOPY manage.py .\n");
  // What is between may matter for the install, or the user may not be root.
  for (const char* between : {"ENV A=1\n", "USER app\n", "RUN make\n", "COPY etc/keys /etc/apk/keys\n",
                              "SHELL [\"/bin/bash\", \"-c\"]\n"}) {
    const std::string text = base + copies + between + install + "\n";
    EXPECT_EQ(fixed(text, config, facts, true), text);
  }
  // Packages write there too.
  const std::string shared = base + "COPY src /usr/lib/x\nCOPY web ./web\nRUN apk add bash\n";
  EXPECT_EQ(fixed(shared, config, facts, true), shared);
  const std::string optional = base + "COPY src /opt/x\nCOPY web ./web\nRUN apk add bash\n";
  EXPECT_EQ(fixed(optional, config, facts), optional);
  EXPECT_EQ(fixed(optional, config, facts, true),
            base + "RUN apk add bash\nCOPY src /opt/x\nCOPY web ./web\n");
}

TEST(DC1001, LooksForManifestsWhereTheInstallWorks) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", "**/node_modules\n");
  folder.write("package.json", "{}");
  folder.write("web/package.json", "{}");
  folder.write("web/main.js", "");
  const auto facts = test::facts_of(folder);
  const lint::Config config = config_selecting({"DC1001"});
  EXPECT_EQ(fixed("FROM a\nWORKDIR /app/web\nCOPY . /app\nRUN npm i\n", config, facts),
            "FROM a\nWORKDIR /app/web\nCOPY web/package.json /app/web/\nRUN npm i\nCOPY . /app\n");
  // In another folder than that of the COPY, or in one that an option names, nothing is moved.
  for (const char* text : {"FROM a\nWORKDIR /srv\nCOPY . /app\nRUN npm i\n",
                           "FROM a\nWORKDIR /app\nCOPY . .\nRUN npm i --prefix web\n"}) {
    EXPECT_EQ(fixed(text, config, facts), text);
  }
}

TEST(DC1001, CopiesNoManifestTwice) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", "**/node_modules\n");
  for (const char* name : {"go.mod", "go.sum", "main.go", "package.json", ".yarn/releases/yarn.cjs"})
    folder.write(name, "{}");
  const auto facts = test::facts_of(folder);
  const lint::Config config = config_selecting({"DC1001"});
  EXPECT_EQ(fixed("FROM a\nCOPY go.mod go.sum ./\nCOPY . .\nRUN go build .\n", config, facts, true),
            "FROM a\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build .\n");
  EXPECT_EQ(fixed("FROM a\nCOPY go.mod go.mod\nCOPY . .\nRUN go mod download\n", config, facts),
            "FROM a\nCOPY go.mod go.mod\nCOPY go.sum ./\nRUN go mod download\nCOPY . .\n");
  EXPECT_EQ(fixed("FROM a\nCOPY package.json ./\nCOPY . .\nRUN npm i\n", config, facts),
            "FROM a\nCOPY package.json ./\nRUN npm i\nCOPY . .\n");
  // A folder keeps its place.
  EXPECT_EQ(
      fixed("FROM a\nCOPY . .\nRUN yarn install\n", config, facts),
      "FROM a\nCOPY package.json ./\nCOPY .yarn/releases ./.yarn/releases\nRUN yarn install\nCOPY . .\n");
}

TEST(DC1001, SaysWhatIsMissingAboveTheInstall) {
  const test::TemporaryFolder folder;
  folder.write("go.mod", "module x\nreplace x/api => ./api\n");
  folder.write("api/go.mod", "module x/api\n");
  folder.write("main.go", "package main\n");
  const lint::Config config = config_selecting({"DC1001"});
  const auto remedy = [&](const char* text, const lint::BuildFacts& facts) {
    const lint::Linter linter(lint::catalogue(), config);
    const dockerfile::File file = dockerfile::parse(text);
    const lint::Findings found = linter.lint(file, facts);
    return found.diagnostics.empty() ? "" : found.diagnostics.front().remedy;
  };
  EXPECT_EQ(remedy("FROM a\nCOPY go.mod ./\nCOPY . .\nRUN go build .\n", {}),
            "line 2 already copies go.mod: run 'go mod download' right after it, then copy the rest");
  EXPECT_EQ(remedy("FROM a\nCOPY go.mod ./\nCOPY . .\nRUN go mod download\n", test::facts_of(folder)),
            "copy api/go.mod first, install, then copy the rest");
  EXPECT_EQ(remedy("FROM a\nCOPY . .\nRUN go mod download\n", test::facts_of(folder)),
            "copy go.mod and api/go.mod first, install, then copy the rest");
  EXPECT_EQ(remedy("FROM a\nCOPY . /app\nRUN apk add x\n", {}),
            "move it below line 3: the packages do not need the files");
  EXPECT_EQ(remedy("FROM a\nCOPY . /app\nRUN make -C /app\nRUN npm install -g x\n", {}),
            "move the RUN in line 4 above it: the packages do not need the files");
  EXPECT_EQ(remedy("FROM a\nCOPY . /app\nRUN pip install -r /app/requirements.txt\n", {}),
            "copy requirements.txt first, install, then copy the rest");
}

TEST(DC1001, NamesAllThatTheInstallReads) {
  const lint::Linter linter(lint::catalogue(), config_selecting({"DC1001"}));
  struct ContextFile {
    const char* path;
    const char* text;
  };
  using Files = std::vector<ContextFile>;
  const auto remedy = [&](const char* text, const Files& files) {
    const test::TemporaryFolder folder;
    for (const ContextFile& one : files)
      folder.write(one.path, one.text);
    const dockerfile::File file = dockerfile::parse(text);
    const lint::Findings found =
        linter.lint(file, files.empty() ? lint::BuildFacts() : test::facts_of(folder));
    const std::string all = found.diagnostics.empty() ? "" : found.diagnostics.front().remedy;
    return all.substr(0, all.find(" first, "));
  };
  struct Project {
    const char* text;
    Files files;
    const char* expected;
  };
  const Project cases[] = {
      {"FROM a\nCOPY . .\nRUN npm ci\n", {}, "copy package.json and package-lock.json"},
      {"FROM a\nCOPY . .\nRUN npm install\n", {}, "copy package.json"},
      {"FROM a\nCOPY . .\nRUN pnpm install --frozen-lockfile\n", {}, "copy package.json and pnpm-lock.yaml"},
      {"FROM a\nCOPY . .\nRUN yarn --immutable\n", {}, "copy package.json and yarn.lock"},
      {"FROM a\nCOPY . .\nRUN yarn install --frozen-lockfile\n", {}, "copy package.json and yarn.lock"},
      {"FROM a\nCOPY package.json ./\nCOPY . .\nRUN npm ci\n", {}, "copy package-lock.json"},
      {"FROM a\nCOPY package*.json ./\nCOPY . .\nRUN npm ci\n",
       {},
       "line 2 already copies package.json and package-lock.json: install right after it, then copy the "
       "rest"},
      {"FROM a\nCOPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./\nCOPY . .\nRUN pnpm install\n",
       {},
       "copy the package.json of each workspace member"},
      {"FROM a\nCOPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./\nCOPY web ./web\nRUN pnpm install\n",
       {{"package.json", "{}"},
        {"pnpm-lock.yaml", ""},
        {"pnpm-workspace.yaml", "packages:\n  - web\n  - docs\n"},
        {"web/package.json", "{}"},
        {"web/main.js", ""},
        {"docs/package.json", "{}"}},
       "copy web/package.json"},
      {"FROM a\nCOPY . .\nRUN yarn install\n",
       {{"package.json", "{\"workspaces\": {\"packages\": [\"packages/*\", \"!packages/old\"]}}"},
        {"yarn.lock", ""},
        {"packages/a/package.json", "{}"},
        {"packages/a/deep/package.json", "{}"},
        {"packages/old/package.json", "{}"}},
       "copy package.json, yarn.lock and packages/a/package.json"},
      {"FROM a\nCOPY . .\nRUN npm install\n",
       {{"package.json", "{\"workspaces\": [\"./libs/**\"]}"},
        {"libs/a/package.json", "{}"},
        {"libs/b/package.json", "{}"},
        {"libs/x/c/package.json", "{}"},
        {"libs/x/d/package.json", "{}"}},
       "copy package.json and the package.json of each workspace member"},
      {"FROM a\nCOPY . .\nRUN cargo build\n",
       {{"Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"},
        {"crates/a/Cargo.toml", ""},
        {"crates/a/src/lib.rs", ""}},
       "copy Cargo.toml and crates/a/Cargo.toml"},
      {"FROM a\nCOPY . .\nRUN go mod download\n",
       {{"go.mod", "module x\n"},
        {"go.work", "go 1.22\n\nuse (\n\t.\n\t./api // here\n)\n"},
        {"api/go.mod", "module x/api\n"}},
       "copy go.mod, go.work and api/go.mod"},
      {"FROM a\nCOPY . .\nRUN npm install\n",
       {{"package.json", "{\"dependencies\": {\"a\": \"file:a.tgz\"}}"}},
       "copy package.json and the local files that they refer to"},
      {"FROM a\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements/dev.txt\n",
       {{"requirements/dev.txt", "-r base.txt\n--constraint=../pins.txt\nflask\n"},
        {"requirements/base.txt", "-r dev.txt\ndjango\n"},
        {"pins.txt", ""}},
       "copy requirements/dev.txt, requirements/base.txt and pins.txt"},
  };
  for (const Project& c : cases)
    EXPECT_EQ(remedy(c.text, c.files), c.expected) << c.text;
}

TEST(DC1001, SaysWhatTheChangeIsWorth) {
  const test::TemporaryFolder folder;
  folder.copy_fixture("node-app");
  const lint::Config config = config_selecting({"DC1001"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(folder.read("Dockerfile"));
  const lint::Findings found = linter.lint(file, test::facts_of(folder));
  ASSERT_EQ(found.diagnostics.size(), 1u);
  EXPECT_TRUE(found.diagnostics[0].complaint().ends_with(
      "editing src/greeting.js rebuilds 2 of 3 steps now, and 1 of 4 with this change"))
      << found.diagnostics[0].complaint();
}

TEST(DC1001, KeepsManifestsThatReferToSourcesWithThem) {
  const test::TemporaryFolder folder;
  folder.write("package.json", "{\"workspaces\": [\"a\"]}");
  const std::string text = "FROM a\nCOPY . .\nRUN npm i\n";
  EXPECT_EQ(fixed(text, config_selecting({"DC1001"}), test::facts_of(folder), true), text);
  folder.write("package.json", "{\"scripts\": {\"postinstall\": \"patch-package\"}}");
  EXPECT_EQ(fixed(text, config_selecting({"DC1001"}), test::facts_of(folder)), text);
  EXPECT_NE(fixed(text, config_selecting({"DC1001"}), test::facts_of(folder), true), text);
}

TEST(DC1001, SeesFoldersOfSourcesWhereItKnowsTheContext) {
  const test::TemporaryFolder folder;
  folder.write("package.json", "{}");
  folder.write("src/main.js", "");
  folder.write("manifests/package.json", "{}");
  const auto facts = test::facts_of(folder);
  check_rule("DC1001",
             {{"FROM a\nCOPY package.json .\nCOPY src src\nRUN npm ci\n", {"DC1001:3"}},
              {"FROM a\nCOPY manifests .\nRUN npm ci\n", {}},
              {"FROM base-with-node-modules\nCOPY src src\nRUN npm ci\n", {}}},
             facts);
}

TEST(DC1003, FindsDownloadsThatAreNotKept) {
  check_rule(
      "DC1003",
      {{"FROM a\nRUN npm ci\n", {"DC1003:2"}},
       {"FROM a\nRUN apt-get update && apt-get install -y x\n", {"DC1003:2"}},
       {"FROM a\nRUN pip install --no-cache-dir x\n", {"DC1003:2"}},
       {"FROM a\nRUN python3 -m pip install x\n", {"DC1003:2"}},
       {"FROM golang\nRUN --mount=type=cache,target=/go/pkg/mod go build .\n", {"DC1003:2"}},
       {"FROM a\nRUN sudo -E env X=1 pip install x\n", {"DC1003:2"}},
       {"FROM a\nENV PIP_CACHE_DIR=/c\nRUN --mount=type=cache,target=/root/.cache/pip true && apk add x\n",
        {"DC1003:3"}},
       {"FROM a\nRUN cargo build && npm i\n", {"DC1003:2", "DC1003:2"}},
       {"FROM a\nRUN pacman -Sy x\n", {"DC1003:2"}}});
}

TEST(DC1003, AcceptsMountsWhereTheCacheReallyIs) {
  check_rule("DC1003",
             {{"FROM a\nRUN --mount=type=cache,target=/root/.npm npm ci\n", {}},
              {"FROM a\nRUN --mount=type=cache,target=/root/.cache pip install x\n", {}},
              {"FROM a\nENV PIP_CACHE_DIR=/c\nRUN --mount=type=cache,target=/c pip install x\n", {}},
              {"FROM a\nUSER node\nRUN --mount=type=cache,target=/home/node/.npm,uid=1000 npm ci\n", {}},
              {"FROM a\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n", {}},
              {"FROM a\nRUN npm run build && pip --version && apt-get update\n", {}},
              {"FROM a\nRUN --mount=type=cache,target=/var/cache/apt "
               "--mount=type=cache,target=/var/lib/apt apt-get install x\n",
               {}},
              {"FROM a AS b\nRUN mvn package\nFROM c\nCOPY --from=b /root/.m2 /root/.m2\n", {}},
              {"FROM a\nRUN echo npm ci\n", {}}});
}

TEST(DC1003, IsAnInfoForWhoChoseToKeepNothing) {
  const lint::Config config = config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const auto level = [&](const std::string& text) {
    return linter.lint(dockerfile::parse(text), {}).diagnostics.at(0).level;
  };
  EXPECT_EQ(level("FROM a\nRUN pip install --no-cache-dir x\n"), lint::Level::kInfo);
  EXPECT_EQ(level("FROM a\nRUN apk add --no-cache x && apk --no-cache add y\n"), lint::Level::kInfo);
  EXPECT_EQ(level("FROM a\nRUN pip install x && pip install --no-cache-dir y\n"), lint::Level::kWarning);
}

TEST(DC1003, ReportsFewPackagesThatAreNotKeptOnlyIfAskedForAll) {
  lint::Config all;
  all.profile = lint::Profile::kAll;
  const auto is_found = [](const std::string& text, const lint::Config& config) {
    const Texts found = findings(text, config);
    return std::ranges::find(found, "DC1003:2") != found.end();
  };
  const char* kFew[] = {"FROM a\nRUN apk add --no-cache x\n",
                        "FROM a\nRUN pip install --no-cache-dir x y z\n"};
  for (const char* text : kFew) {
    EXPECT_FALSE(is_found(text, {})) << text;
    EXPECT_TRUE(is_found(text, all)) << text;
    EXPECT_TRUE(is_found(text, config_selecting({"DC1003"}))) << text;
  }
  const char* kMany[] = {"FROM a\nRUN apk add --no-cache a b c d e f g h i j\n",
                         "FROM a\nRUN pip install --no-cache-dir -r requirements.txt\n",
                         "FROM a\nRUN pip install x && pip install --no-cache-dir y\n"};
  for (const char* text : kMany)
    EXPECT_TRUE(is_found(text, {})) << text;
}

TEST(DC1003, KnowsNoHomeOfAUserThatOnlyTheBaseImageKnows) {
  const lint::Config config = config_selecting({"DC1003"});
  const char* kUnknown[] = {"FROM a\nUSER $NB_UID\nRUN pip install x\n",
                            "FROM a\nARG U\nUSER ${U}\nRUN pip install x\n",
                            "FROM a AS b\nUSER $NB_UID\nFROM b\nRUN pip install x\n"};
  for (const char* text : kUnknown)
    EXPECT_EQ(fixed(text, config, {}, true), text);
  EXPECT_EQ(fixed("FROM a\nARG U=root\nUSER $U\nRUN npm ci\n", config, {}, true),
            "FROM a\nARG U=root\nUSER $U\nRUN --mount=type=cache,target=/root/.npm \\\n    npm ci\n");
  check_rule("DC1003",
             {{"FROM a\nUSER $U\nRUN --mount=type=cache,target=/home/x/.npm,uid=1000 npm ci\n", {}},
              {"FROM a\nUSER $U\nUSER root\nRUN --mount=type=cache,target=/root/.npm npm ci\n", {}}});
}

TEST(Rules, GoOnAfterABaseThatAnArgumentNames) {
  const std::string text = "ARG V\nFROM a:$V\nENV A b\nWORKDIR y\n";
  lint::Config config = config_selecting({"LegacyKeyValueFormat", "WorkdirRelativePath"});
  EXPECT_EQ(findings(text, config),
            (std::vector<std::string>{"LegacyKeyValueFormat:3", "WorkdirRelativePath:4"}));
  config.profile = lint::Profile::kBuildkit;
  EXPECT_EQ(findings(text, config), std::vector<std::string>{});
}

TEST(DC1003, AddsMounts) {
  const lint::Config config = config_selecting({"DC1003"});
  EXPECT_EQ(fixed("FROM a\nENV HOME=/h\nUSER 1000:1001\nRUN npm ci\n", config, {}, true),
            "FROM a\nENV HOME=/h\nUSER 1000:1001\n"
            "RUN --mount=type=cache,target=/h/.npm,uid=1000,gid=1001 \\\n    npm ci\n");
  EXPECT_EQ(fixed("FROM node\nRUN <<EOF\nnpm ci\nEOF\n", config),
            "FROM node\nRUN --mount=type=cache,target=/root/.npm <<EOF\nnpm ci\nEOF\n");
  EXPECT_EQ(fixed("# escape=`\nFROM node\nRUN npm ci\n", config),
            "# escape=`\nFROM node\nRUN --mount=type=cache,target=/root/.npm `\n    npm ci\n");
  EXPECT_EQ(
      fixed("FROM python\nRUN pip install --no-cache-dir x && pip install --no-cache-dir y\n", config),
      "FROM python\nRUN --mount=type=cache,target=/root/.cache/pip \\\n    pip install x && pip install y\n");
  const std::string apt =
      "FROM a\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n";
  EXPECT_EQ(fixed(apt, config), apt);
  EXPECT_EQ(fixed(apt, config, {}, true),
            "FROM a\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n"
            "    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n"
            "    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y x\n");
  const std::string named_user = "FROM a\nUSER node\nRUN npm ci\n";
  EXPECT_EQ(fixed(named_user, config, {}, true), named_user);
}

TEST(DC1006, FindsCopiesOutOfCacheMounts) {
  const std::string build = "FROM a AS b\nWORKDIR /s\nRUN --mount=type=cache,target=/s/t make\n";
  check_rule("DC1006", {{(build + "FROM c\nCOPY --from=b /s/t/x /x\n").c_str(), {"DC1006:5"}},
                        {(build + "FROM c\nCOPY --from=b /s/t /x\n").c_str(), {"DC1006:5"}},
                        {(build + "FROM b AS d\nFROM c\nCOPY --from=d /s/t/x /x\n").c_str(), {"DC1006:6"}},
                        {(build + "FROM c\nRUN --mount=from=b,source=/s/t,target=/m cp /m/x /\n").c_str(),
                         {"DC1006:5"}},
                        {(build + "FROM c\nCOPY --from=0 /s/t/x /x\n").c_str(), {"DC1006:5"}},
                        {(build + "FROM c\nADD x /\nCOPY --from=b /s/t/. /x\n").c_str(), {"DC1006:6"}}});
}

TEST(DC1006, AcceptsWhatIsInALayer) {
  const std::string build = "FROM a AS b\nRUN --mount=type=cache,target=/s/t make\n";
  check_rule("DC1006",
             {{(build + "FROM c\nCOPY --from=b /s/x /x\n").c_str(), {}},
              {(build + "FROM c\nCOPY --from=b /s/target /x\n").c_str(), {}},
              {(build + "RUN cp -r /other /s/t/x\nFROM c\nCOPY --from=b /s/t/x /x\n").c_str(), {}},
              {(build + "COPY x /s/t/x\nFROM c\nCOPY --from=b /s/t/x /x\n").c_str(), {}},
              {"FROM a AS b\nRUN --mount=type=tmpfs,target=/s/t make\nFROM c\nCOPY --from=b /s/t/x /x\n", {}},
              {"FROM a AS b\nRUN --mount=type=cache,target=/s/t make\nFROM c\nCOPY s/t/x /x\n", {}}});
}

TEST(InvalidDefinitionDescription, TakesDirectivesBelowAShebangForComments) {
  lint::Config config;
  config.ignore = {"DC1009", "DC4010"};
  EXPECT_EQ(findings("# check=experimental=all\nARG V\nFROM a:1\n", config), Texts{});
  EXPECT_EQ(findings("#!/bin/sh\n# check=experimental=all\nARG V\nFROM a:1\n", config),
            Texts{"InvalidDefinitionDescription:3"});
}

TEST(DC1008, AsksForTheDirectiveOnce) {
  check_rule(
      "DC1008",
      {{"FROM a\nRUN --mount=type=tmpfs,target=/x y\nCOPY --exclude=x a b\nCOPY --parents a b\n",
        {"DC1008:3"}},
       {"FROM a\nCOPY --parents a b\n", {"DC1008:2"}},
       {"FROM a\nCOPY --exclude=x a b\n", {"DC1008:2"}},
       {"FROM a\nADD --checksum=sha256:1111111111111111111111111111111111111111111111111111111111111111 "
        "http://x/y /z\n",
        {"DC1008:2"}},
       {"FROM a\nONBUILD COPY --exclude=x a b\n", {"DC1008:2"}}});
  check_rule("DC1008", {{"# syntax=docker/dockerfile:1\nFROM a\nCOPY --link a b\n", {}},
                        {"#syntax=x\nFROM a\nCOPY --exclude=x a b\n", {}},
                        {"FROM a\nRUN --mount=type=tmpfs,target=/x y\nCOPY --link a b\n", {}},
                        {"FROM a\nRUN <<EOF\nx\nEOF\n", {}},
                        {"FROM a\nCOPY --chown=1 a b\n", {}},
                        {"FROM a\nRUN cat <<< x\n", {}},
                        {"FROM --platform=linux/amd64 a\n", {}},
                        {"FROM a\nHEALTHCHECK --interval=1s CMD x\n", {}}});
}

TEST(DC1008, TrustsTheMinimumEngine) {
  lint::Config config = config_selecting({"DC1008"});
  config.minimum_engine = "23.0";
  EXPECT_EQ(findings("FROM a\nCOPY --link a b\n", config), Texts{});
  EXPECT_EQ(findings("FROM a\nCOPY --parents a b\n", config), Texts{"DC1008:2"});
  config.minimum_engine = "29.1";
  EXPECT_EQ(findings("FROM a\nCOPY --parents a b\n", config), Texts{});
  config.minimum_engine = "20.10";
  EXPECT_EQ(findings("FROM a\nCOPY --link a b\n", config), Texts{"DC1008:2"});
}

TEST(DC1008, PutsTheDirectiveAtTheTop) {
  const lint::Config config = config_selecting({"DC1008"});
  EXPECT_EQ(fixed("\xEF\xBB\xBF# escape=`\nFROM a\nCOPY --parents a b\n", config, {}, true),
            "\xEF\xBB\xBF# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nCOPY --parents a b\n");
  EXPECT_EQ(
      fixed("#!/usr/bin/env docker build\n# check=skip=none\nFROM a\nCOPY --parents a b\n", config, {}, true),
      "#!/usr/bin/env docker build\n# syntax=docker/dockerfile:1\n# check=skip=none\nFROM a\nCOPY --parents "
      "a b\n");
}

TEST(DC1009, FindsImagesWithoutDigest) {
  check_rule("DC1009",
             {{"FROM a\n", {"DC1009:1"}},
              {"FROM a:1\n", {"DC1009:1"}},
              {"FROM reg.io:5000/a:latest\n", {"DC1009:1"}},
              {"ARG V=1\nFROM a:$V\n", {"DC1009:2"}},
              {"FROM a:1@sha256:1111111111111111111111111111111111111111111111111111111111111111\nFROM "
               "a:1@sha256:2\n",
               {"DC0001:2", "DC1009:2"}},
              {"FROM --platform=linux/arm64 a:1 AS b\n", {"DC1009:1"}}});
  // Images with a tag make one finding for the file.
  check_rule("DC1009",
             {{"FROM a:1 AS x\nFROM b:2\nFROM a:1\n", {"DC1009:1"}},
              {"FROM a:latest\nFROM b:2\nFROM c\nFROM d:4\n", {"DC1009:1", "DC1009:2", "DC1009:3"}}});
  check_rule(
      "DC1009",
      {{"FROM scratch\n", {}},
       {"FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111 AS b\nFROM b\n", {}},
       {"FROM a:1@sha256:1111111111111111111111111111111111111111111111111111111111111111\n", {}},
       {"ARG D=sha256:1111111111111111111111111111111111111111111111111111111111111111\nFROM a@$D\n", {}},
       {"FROM a:1@sha256:1111111111111111111111111111111111111111111111111111111111111111\nFROM "
        "a:1@sha256:1111111111111111111111111111111111111111111111111111111111111111\n",
        {}},
       {"ARG IMAGE\nFROM $IMAGE\n", {}},
       {"ARG NS\nARG NAME\nFROM ${NS}/${NAME}\n", {}},
       {"ARG PREFIX\nFROM ${PREFIX}node\n", {}},
       {"ARG V\nFROM node:${V}\n", {}}});
  check_rule("DC1009", {{"ARG PREFIX=\nFROM ${PREFIX}node\n", {"DC1009:2"}},
                        {"ARG V\nFROM node:${V:-22}\n", {"DC1009:2"}},
                        {"FROM node:22-$TARGETARCH\n", {"DC1009:1"}}});
}

TEST(DC1019, LeavesStagesAloneWhoseFromCannotBeRead) {
  check_rule("DC1019", {{"FROM {{image}} AS build{{if x:\nARG TOKEN}}\nFROM b:1\nCOPY --from=build /a /a\n",
                         {"DC0001:1"}}});
}

TEST(DC2001, AsksForAnIgnoreFileWhereAllIsCopied) {
  const test::TemporaryFolder folder;
  folder.write("main.py", "");
  folder.write("node_modules/x.js", "");
  const auto facts = test::facts_of(folder);
  check_rule("DC2001",
             {{"FROM a\nCOPY . .\n", {"DC2001:2"}},
              {"FROM a\nADD ./ /x\n", {"DC2001:2"}},
              {"FROM a\nCOPY * /x/\n", {"DC2001:2"}},
              {"FROM a\nCOPY main.py .\nCOPY . .\n", {"DC2001:3"}},
              {"FROM a\nCOPY --chown=1 / /x\n", {"DC2001:2"}},
              {"FROM a\nCOPY main.py .\nFROM b\nCOPY . /\n", {"DC2001:4"}}},
             facts);
  check_rule("DC2001",
             {{"FROM a\nCOPY main.py .\n", {}},
              {"FROM a AS b\nFROM c\nCOPY --from=b / /\n", {}},
              {"FROM a\nCOPY src/ .\n", {}},
              {"FROM a\nCOPY *.py .\n", {}},
              {"FROM a\nCOPY --parents ./src/a .\n", {}}},
             facts);
  EXPECT_EQ(findings("FROM a\nCOPY . .\n", config_selecting({"DC2001"})),
            Texts{});  // nothing is known of the context
  const lint::Config config = config_selecting({"DC2001"});
  const lint::Linter linter(lint::catalogue(), config);
  EXPECT_TRUE(lint::apply_fixes(linter, "FROM a\nCOPY . .\n", facts, false).new_files.empty());
  const lint::FixedText fixed_text = lint::apply_fixes(linter, "FROM a\nCOPY . .\n", facts, true);
  ASSERT_EQ(fixed_text.new_files.size(), 1u);
  EXPECT_NE(fixed_text.new_files[0].new_file_content.find("**/node_modules\n"), std::string::npos);
  folder.write(".dockerignore", ".git\n");
  EXPECT_EQ(findings("FROM a\nCOPY . .\n", config, facts), Texts{});
}

TEST(DC2001, WritesNothingWhereTheContextMayBeElsewhere) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  folder.write("entrypoint.sh", "");
  folder.write("a.log", "");
  const auto facts = test::facts_of(folder);
  check_rule("DC2001",
             {{"FROM a\nCOPY . .\nRUN npm ci\n", {}},
              {"FROM a\nCOPY . .\nRUN make\n", {}},
              {"FROM a\nCOPY docker/entrypoint.sh /\nCOPY . .\n", {}},
              {"FROM a\nCOPY requirements.txt pyproject.toml ./\nCOPY entrypoint.sh /\nCOPY . .\n", {}},
              {"FROM a\nCOPY dist/app.js ./\nCOPY . .\n", {"DC2001:3"}}},
             facts);
  const test::TemporaryFolder bare;
  bare.write("Dockerfile", "FROM a\nCOPY . .\n");
  check_rule("DC2001", {{"FROM a\nCOPY . .\n", {}}}, test::facts_of(bare));
}

TEST(DC2001, WritesOnlyIfAskedForUnsafeFixes) {
  const test::TemporaryFolder folder;
  folder.write("main.py", "");
  const lint::Config config = config_selecting({"DC2001"});
  const lint::Linter linter(lint::catalogue(), config);
  const auto written = [&](bool unsafe, const std::string& text) {
    const lint::FixedText fixed_text = lint::apply_fixes(linter, text, test::facts_of(folder), unsafe);
    return fixed_text.new_files.empty() ? "" : fixed_text.new_files.front().new_file_content;
  };
  const std::string text = "FROM a\nCOPY . .\n";
  folder.write("Dockerfile", text);
  check_rule("DC2001", {{text.c_str(), {}}}, test::facts_of(folder));  // there is nothing to ignore
  folder.write(".git/HEAD", "ref");
  folder.write("README.md", "x");
  EXPECT_EQ(written(false, text), "");
  EXPECT_EQ(written(true, text),
            "# What no step of the build needs.\n.git\n.dockerignore\nDockerfile*\nREADME.md\n");
}

// A tracked file that is not there counts as deleted, and `git describe --dirty` says so.
TEST(DC2001, ListsNoTrackedFileWhereAStepReadsGit) {
  const test::GitFolder folder;
  const std::string text = "FROM a\nCOPY . .\nRUN git describe --dirty > version\n";
  folder.write("Dockerfile", text);
  folder.write("README.md", "x");
  folder.write(".idea/a.xml", "x");
  folder.git("init -q");
  folder.commit("x");
  check_rule("DC2001", {{text.c_str(), {}}}, test::facts_of(folder));
  folder.write("node_modules/z.js", "");
  folder.write("sub/.idea/a.xml", "x");
  const lint::Config config = config_selecting({"DC2001"});
  const lint::FixedText fixed_text =
      lint::apply_fixes(lint::Linter(lint::catalogue(), config), text, test::facts_of(folder), true);
  ASSERT_EQ(fixed_text.new_files.size(), 1u);
  EXPECT_EQ(fixed_text.new_files.front().new_file_content,
            "# What no step of the build needs.\n**/node_modules\nsub/.idea\n");
}

// What the fix of DC2001 writes below its first three lines, which are always the same.
std::string ignored(const test::TemporaryFolder& folder, const std::string& text) {
  const lint::Config config = config_selecting({"DC2001"});
  const lint::Linter linter(lint::catalogue(), config);
  const lint::FixedText fixed = lint::apply_fixes(linter, text, test::facts_of(folder), true);
  if (fixed.new_files.empty()) return "";
  const std::string& content = fixed.new_files.front().new_file_content;
  for (const std::string_view last : {"Dockerfile*\n", ".dockerignore\n"}) {
    if (const size_t at = content.find(last); at != std::string::npos)
      return content.substr(at + last.size());
  }
  return content;
}

TEST(DC2001, ListsOutputOnlyNextToAManifest) {
  const test::TemporaryFolder folder;
  folder.write("a.pyc", "");
  folder.write("wwwroot/lib/bootstrap/dist/x.css", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "**/*.pyc\n");
  folder.write("web/package.json", "{}");
  folder.write("web/dist/x.js", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "**/*.pyc\nweb/dist\n");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\nCMD [\"node\", \"web/dist/x.js\"]\n"), "**/*.pyc\n");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY web/dist/x.js /\nCOPY . .\n"), "**/*.pyc\n");
}

TEST(DC2001, ListsNoKeyThatRailsReads) {
  const test::TemporaryFolder folder;
  folder.write("a.pyc", "");
  folder.write("config/master.key", "k");
  folder.write("config/credentials/production.key", "k");
  folder.write("config/credentials/production.yml.enc", "k");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "**/*.pyc\n");
  folder.write("tls/server.key", "-----BEGIN PRIVATE KEY-----");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "**/*.pyc\ntls/server.key\n");
}

TEST(DC2001, ListsNothingThatGitTracks) {
  const test::GitFolder folder;
  folder.write("package.json", "{}");
  folder.write("dist/x.js", "");
  folder.write(".gitignore", "build\n");
  folder.git("init -q");
  folder.commit("x");
  folder.write("build/y.js", "");
  folder.write("node_modules/z.js", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "**/node_modules\n**/build\n");
}

TEST(DC2001, ListsDockerfilesByTheirNames) {
  const test::TemporaryFolder folder;
  folder.write("a.pyc", "");
  folder.write("app.dockerfile", "");
  folder.write("db.dockerfile", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "*.dockerfile\n**/*.pyc\n");
  folder.write("Dockerfile", "");
  folder.write("Dockerfiles/run.sh", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . .\n"), "Dockerfile\n*.dockerfile\n**/*.pyc\n");
}

TEST(DC2001, ListsNoDockerfileThatAnInstructionMentions) {
  const test::TemporaryFolder folder;
  folder.write("a.pyc", "");
  folder.write("Dockerfile", "");
  folder.write("Dockerfile.dev", "");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . /app\nRUN test -f /app/Dockerfile.dev\n"), "**/*.pyc\n");
  EXPECT_EQ(ignored(folder, "FROM a\nCOPY . /app\nCMD cat Dockerfile\n"), "**/*.pyc\n");
  EXPECT_EQ(ignored(folder, "FROM a\n# see Dockerfile.dev\nCOPY . /app\n"), "**/*.pyc\n");
}

TEST(DL3006, FindsImagesWithoutTag) {
  check_rule("DL3006", {{"FROM a\n", {"DL3006:1"}},
                        {"FROM a AS b\nFROM b\n", {"DL3006:1"}},
                        {"FROM x:5000/a\n", {"DL3006:1"}}});
  check_rule("DL3006",
             {{"FROM a:1\n", {}},
              {"FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111\n", {}},
              {"FROM scratch\n", {}},
              {"ARG A\nFROM $A\n", {}}});
}

TEST(DL3007, FindsTheTagLatest) {
  check_rule("DL3007", {{"FROM a:latest\n", {"DL3007:1"}}, {"FROM x:5000/a:latest AS b\n", {"DL3007:1"}}});
  check_rule(
      "DL3007",
      {{"FROM a:1\n", {}},
       {"FROM a\n", {}},
       {"FROM a:latest@sha256:1111111111111111111111111111111111111111111111111111111111111111\n", {}}});
}

}  // namespace
}  // namespace dcache
