#include "dcache/editor/workspace.h"

#include <gtest/gtest.h>

#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using cache::Verdict;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

std::shared_ptr<context::MemoryFiles> app() {
  auto files = std::make_shared<context::MemoryFiles>();
  files->write("/app/Dockerfile", "FROM scratch\nCOPY src /src\nCOPY docs /docs\n");
  files->write("/app/src/main.c", "int main;");
  files->write("/app/docs/guide.md", "text");
  return files;
}

Texts codes(const editor::Workspace& workspace, const std::string& path) {
  const auto linted = workspace.lint(path);
  if (!linted) return {linted.error().message};
  Texts all;
  for (const lint::Diagnostic& diagnostic : (*linted)->findings.diagnostics)
    all.emplace_back(diagnostic.rule);
  return all;
}

// "2 miss src/main.c" for each step.
Texts verdicts(const editor::Workspace::ImageVerdicts& explained) {
  Texts all;
  for (const cache::StepReport& step : explained.report.steps) {
    const plan::Step& of = explained.build->graph().steps[step.step];
    all.push_back(std::to_string(of.instruction->start_line) + " " + std::string(name_of(step.verdict)));
    if (!step.cause.path.empty()) all.back() += " " + step.cause.path;
  }
  return all;
}

Texts since_mark(const editor::Workspace& workspace, const std::string& path) {
  const auto explained = workspace.explain(path, {});
  return explained ? verdicts(**explained) : Texts{explained.error().front().message};
}

TEST(Workspace, LintsTheTextsThatAreSet) {
  editor::Workspace workspace({.files = app()});
  EXPECT_EQ(codes(workspace, "/app/Dockerfile"), (Texts{}));
  workspace.set_text("/app/Dockerfile", "FROM alpine:latest\n");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile"), (Texts{"DC1009"}));
  workspace.set_text("/app/.dcache.toml", "ignore = [\"DC1009\"]\n");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile"), (Texts{}));
  workspace.set_text("/app/.dcache.toml", "ignore = 1\n");
  EXPECT_NE(codes(workspace, "/app/Dockerfile"), (Texts{}));
  workspace.drop_text("/app/.dcache.toml");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile"), (Texts{"DC1009"}));
  workspace.drop_text("/app/Dockerfile");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile"), (Texts{}));
  EXPECT_EQ(codes(workspace, "/app/none"), (Texts{"can't read /app/none: there is no such file"}));
}

TEST(Workspace, LintsFilesNextToDockerfiles) {
  editor::Workspace workspace({.files = app()});
  workspace.set_text("/app/.dockerignore", "docs[\n");
  EXPECT_EQ(codes(workspace, "/app/.dockerignore"), (Texts{"DC0001"}));
}

// DC3001 looks at the Dockerfiles of a folder: one that comes or goes changes what is found in the others.
TEST(Workspace, LintsAgainForADockerfileThatIsNew) {
  const auto files = std::make_shared<context::MemoryFiles>();
  files->write("/app/.dcache.toml", "select = [\"DC3001\"]\n");
  files->write("/app/package.json", "{}");
  const std::string start = "FROM node:22\nCOPY package.json ./\nRUN npm install\n";
  files->write("/app/Dockerfile.web", start + "COPY web ./web\n");
  editor::Workspace workspace({.files = files});
  EXPECT_EQ(codes(workspace, "/app/Dockerfile.web"), (Texts{}));
  workspace.set_text("/app/Dockerfile", start + "COPY api ./api\n");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile.web"), (Texts{"DC3001"}));
  workspace.drop_text("/app/Dockerfile");
  EXPECT_EQ(codes(workspace, "/app/Dockerfile.web"), (Texts{}));
}

TEST(Workspace, ExplainsSinceTheStateThatWasNoted) {
  const std::string path = "/app/Dockerfile";
  editor::Workspace workspace({.files = app()});
  EXPECT_EQ(since_mark(workspace, path),
            (Texts{"there is nothing to compare with: call mark() first, or give 'since' or 'changed'"}));
  EXPECT_TRUE(workspace.mark(path));
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 hit", "3 hit"}));
  workspace.set_text("/app/docs/guide.md", "other text");
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 hit", "3 miss docs/guide.md"}));
  workspace.set_text("/app/docs/guide.md", "text");
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 hit", "3 hit"}));
  workspace.set_text("/app/src/new.c", "");
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 miss src/new.c", "3 miss src/new.c"}));
  workspace.set_text("/app/.dockerignore", "src/new.c\n");
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 hit", "3 hit"}));
  workspace.set_text(path, "FROM scratch\nCOPY --chmod=644 src /src\nCOPY docs /docs\n");
  EXPECT_EQ(since_mark(workspace, path), (Texts{"2 miss", "3 miss"}));
}

TEST(Workspace, SeesFilesChangeWhenItIsTold) {
  const auto files = app();
  editor::Workspace workspace({.files = files});
  workspace.mark("/app/Dockerfile");
  files->write("/app/src/main.c", "int other;");
  EXPECT_EQ(since_mark(workspace, "/app/Dockerfile"), (Texts{"2 hit", "3 hit"}));
  workspace.files_changed();
  EXPECT_EQ(since_mark(workspace, "/app/Dockerfile"), (Texts{"2 miss src/main.c", "3 miss src/main.c"}));
}

TEST(Workspace, ExplainsSinceARevision) {
  const test::GitFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY src /src\nCOPY docs /docs\n");
  folder.write("src/a", "1");
  folder.write("docs/b", "1");
  folder.git("init -q -b main");
  folder.commit("first");
  editor::Workspace workspace;
  const std::string path = folder / "Dockerfile";
  const auto since_head = [&] {
    const auto explained = workspace.explain(path, {.since = "HEAD"});
    return explained ? verdicts(**explained) : Texts{explained.error().front().message};
  };
  EXPECT_EQ(since_head(), (Texts{"2 hit", "3 hit"}));
  workspace.set_text(folder / "docs/b", "2");
  EXPECT_EQ(since_head(), (Texts{"2 hit", "3 miss docs/b"}));
  workspace.drop_text(folder / "docs/b");
  folder.write("src/a", "2");
  workspace.files_changed();
  EXPECT_EQ(since_head(), (Texts{"2 miss src/a", "3 miss src/a"}));
  workspace.set_text(folder / "src/a", "1");
  EXPECT_EQ(since_head(), (Texts{"2 hit", "3 hit"}));
}

TEST(Workspace, ExplainsWhatFilesWouldChange) {
  const editor::Workspace workspace({.files = app()});
  const auto explained = workspace.explain("/app/Dockerfile", {.changed = {"docs/guide.md", "other"}});
  ASSERT_TRUE(explained);
  EXPECT_EQ(verdicts(**explained), (Texts{"2 hit", "3 miss docs/guide.md"}));
  EXPECT_EQ((*explained)->paths.at(1).fate, cache::ChangedPath::Fate::kNotRead);
}

TEST(Workspace, SaysWhatIsWrongWithABuild) {
  editor::Workspace workspace({.files = app()});
  workspace.set_text("/app/Dockerfile", "FROM scratch\nCOPY\n");
  const auto explained = workspace.explain("/app/Dockerfile", {.changed = {"docs"}});
  ASSERT_FALSE(explained);
  EXPECT_EQ(explained.error().front().line, 2u);
  EXPECT_EQ(explained.error().front().path, "/app/Dockerfile");
}

TEST(Workspace, StopsWhenItIsAskedTo) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY . /\n");
  const editor::Workspace workspace;
  std::stop_source stop;
  stop.request_stop();
  const auto explained =
      workspace.explain(folder / "Dockerfile", {.changed = {"Dockerfile"}, .stop = stop.get_token()});
  ASSERT_FALSE(explained);
  EXPECT_EQ(explained.error().front().message, context::kCancelled);
}

TEST(Workspace, FixesTexts) {
  editor::Workspace workspace({.files = app()});
  workspace.set_text("/app/Dockerfile", "FROM scratch\nMAINTAINER me\n");
  const auto fixed = workspace.fix("/app/Dockerfile", true);
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->text.find("MAINTAINER"), std::string::npos);
  EXPECT_EQ(*workspace.text("/app/Dockerfile"), "FROM scratch\nMAINTAINER me\n");
}

TEST(Workspace, AnswersOutliveIt) {
  std::shared_ptr<const editor::Workspace::ImageVerdicts> explained;
  std::shared_ptr<const editor::Workspace::LintAnswer> linted;
  {
    editor::Workspace workspace({.files = app()});
    workspace.mark("/app/Dockerfile");
    explained = *workspace.explain("/app/Dockerfile", {});
    workspace.set_text("/app/Dockerfile", "FROM alpine:latest\n");
    linted = *workspace.lint("/app/Dockerfile");
  }
  EXPECT_EQ(verdicts(*explained), (Texts{"2 hit", "3 hit"}));
  EXPECT_EQ(linted->text().source().substr(linted->findings.diagnostics.front().span.begin, 4), "alpi");
  EXPECT_TRUE(explained->build->options().files->exists("/app/src"));
}

TEST(Workspace, ReadsNoFileOutsideOfTheRepository) {
  const test::GitFolder folder;
  folder.write("outside.yaml", "services: {s: {build: {context: sub, dockerfile: ../Dockerfile}}}\n");
  folder.write("r/compose.yaml", "services: {a: {extends: {file: ../outside.yaml, service: s}}}\n");
  folder.write("r/Dockerfile", "FROM scratch\nCOPY f /\n");
  folder.write("r/f", "");
  folder.write("sub/f", "");
  folder.write("Dockerfile", "FROM scratch\n");
  folder.shell("git init -q r");
  editor::Workspace workspace;
  EXPECT_EQ(workspace.context_of(folder / "r/Dockerfile"), folder / "r");
  EXPECT_EQ(workspace.context_of(folder / "Dockerfile"), folder.path());
  // What is read there is what was asked about.
  folder.write("r/compose.yaml", "services: {a: {extends: {file: inner.yaml, service: s}}}\n");
  folder.write("r/inner.yaml", "services: {s: {build: {context: sub, dockerfile: ../Dockerfile}}}\n");
  folder.write("r/sub/f", "");
  workspace.files_changed();
  EXPECT_EQ(workspace.context_of(folder / "r/Dockerfile"), folder / "r/sub");
}

TEST(Workspace, WalksNoFolderOutsideOfTheRepository) {
  const test::GitFolder folder;
  folder.write("r/compose.yaml", "services: {a: {build: {context: .., dockerfile: r/Dockerfile}}}\n");
  folder.write("r/Dockerfile", "FROM scratch\nCOPY secret /\n");
  folder.write("secret", "");
  folder.shell("git init -q r");
  editor::Workspace workspace;
  const auto explained = workspace.explain(folder / "r/Dockerfile", {});
  ASSERT_FALSE(explained);
  EXPECT_NE(explained.error().front().message.find("only the command line can name such a file"),
            std::string::npos)
      << explained.error().front().message;
  // A context that the program itself names is not a stranger's.
  editor::Workspace given({.context = folder.path()});
  folder.write("r/compose.yaml", "services: {}\n");
  EXPECT_EQ(given.context_of(folder / "r/Dockerfile"), folder.path());
  const auto answer = given.explain(folder / "r/Dockerfile", {});
  EXPECT_EQ(answer.error().front().message,
            "there is nothing to compare with: call mark() first, or give 'since' or 'changed'");
}

TEST(Workspace, RefusesPathsThatNoFileCanHave) {
  editor::Workspace workspace({.files = app()});
  const std::string longest = "/" + std::string(4095, 'a');
  const std::string good_name = "/app/Dockerfile";
  for (const std::string& path : {longest + "a", std::string("/a\0b", 4)}) {
    workspace.set_text(path, "FROM scratch\n");
    EXPECT_FALSE(workspace.text(path));
    const auto linted = workspace.lint(path);
    ASSERT_FALSE(linted);
    EXPECT_TRUE(linted.error().message.starts_with("a path ")) << linted.error().message;
    EXPECT_FALSE(workspace.fix(path, false));
    EXPECT_FALSE(workspace.mark(path));
    EXPECT_FALSE(workspace.explain(path, {.changed = {"a"}}));
    const auto explained = workspace.explain(good_name, {.changed = {"src", path}});
    ASSERT_FALSE(explained);
    EXPECT_TRUE(explained.error().front().message.starts_with("a path "))
        << explained.error().front().message;
  }
  EXPECT_TRUE(workspace.explain(good_name, {.changed = {"src"}}));
  workspace.set_text(longest, "FROM scratch\n");
  EXPECT_TRUE(workspace.text(longest));
}

// As the command says: git has no version of its own files, or of those that it ignores.
TEST(Workspace, CallsReusedOnlyWhatGitKnows) {
  const test::GitFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY . /all\nCOPY a /a\n");
  folder.write(".dockerignore", ".git\n");
  folder.write(".gitignore", "b\n");
  folder.write("a", "1");
  folder.git("init -q");
  folder.commit("x");
  const auto since_head = [&] {
    const editor::Workspace workspace;
    const auto explained = workspace.explain(folder / "Dockerfile", {.since = "HEAD"});
    return explained ? verdicts(**explained) : Texts{explained.error().front().message};
  };
  EXPECT_EQ(since_head(), (Texts{"2 hit", "3 hit"}));
  folder.write("b", "1");
  EXPECT_EQ(since_head(), (Texts{"2 depends b", "3 depends b"}));
}

TEST(Workspace, RefusesQuestionsThatExcludeEachOther) {
  const editor::Workspace workspace({.files = app()});
  const auto explained = workspace.explain("/app/Dockerfile", {.since = "HEAD", .changed = {"src"}});
  ASSERT_FALSE(explained);
  EXPECT_EQ(explained.error().front().message, "give either 'since' or 'changed'");
}

}  // namespace
}  // namespace dcache
