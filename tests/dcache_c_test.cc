#include "dcache/dcache_c.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/version.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;

struct Free {
  void operator()(dcache_workspace* workspace) const { dcache_workspace_free(workspace); }
};
using Handle = std::unique_ptr<dcache_workspace, Free>;

// The string, which is freed.
std::string taken(char* text) {
  const std::string copy = text == nullptr ? "" : text;
  dcache_string_free(text);
  return copy;
}

Handle in_memory() {
  return Handle(dcache_workspace_new(R"({"files":"memory"})", nullptr));
}
void set_text(const Handle& workspace, const char* path, const std::string& text) {
  dcache_workspace_set_text(workspace.get(), path, text.data(), text.size());
}

TEST(CInterface, Lints) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM alpine:latest\n");
  char* error = nullptr;
  const json answer = json::parse(taken(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", &error)));
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(answer.at("version"), 1);
  EXPECT_EQ(answer.at("path"), "/app/Dockerfile");
  EXPECT_EQ(answer.at("parses"), true);
  const json& finding = answer.at("findings").at(0);
  EXPECT_EQ(finding.at("rule"), "DC1009");
  EXPECT_EQ(finding.at("id"), "DC1009@5");
  EXPECT_EQ(finding.at("line"), 1);
  EXPECT_EQ(finding.at("column"), 6);
  EXPECT_EQ(finding.at("range").at("begin"), (json{{"offset", 5}, {"line", 0}, {"byte", 5}, {"utf16", 5}}));
  dcache_workspace_drop_text(workspace.get(), "/app/Dockerfile");
  EXPECT_EQ(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", &error), nullptr);
  EXPECT_EQ(taken(error), "can't read /app/Dockerfile: there is no such file");
}

TEST(CInterface, NamesWhatRulesCanNotRead) {
  const test::TemporaryFolder folder;
  test::make_fifo(folder / ".dockerignore");
  const Handle workspace(dcache_workspace_new(nullptr, nullptr));
  const std::string path = folder / "Dockerfile";
  set_text(workspace, path.c_str(), "FROM scratch\nCOPY a /a\n");
  const json answer = json::parse(taken(dcache_workspace_lint(workspace.get(), path.c_str(), nullptr)));
  EXPECT_EQ(answer.at("findings"), json::array());
  EXPECT_EQ(answer.at("failures"),
            json::array({"can't read " + folder / ".dockerignore" + ": it is not a regular file"}));
}

TEST(CInterface, Fixes) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\ncopy a b\n");
  const json fixed = json::parse(taken(dcache_workspace_fix(workspace.get(), "/app/Dockerfile", 0, nullptr)));
  EXPECT_EQ(fixed.at("text"), "FROM scratch\nCOPY a b\n");
  EXPECT_EQ(fixed.at("fixed"), 1);
  EXPECT_EQ(fixed.at("new_files"), json::array());
}

TEST(CInterface, FixesOneFinding) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\ncopy a b\nMAINTAINER me\ncopy c d\n");
  const json answer = json::parse(taken(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", nullptr)));
  const json& findings = answer.at("findings");
  const auto casing = std::ranges::find_if(
      findings, [](const json& one) { return one.at("rule") == "ConsistentInstructionCasing"; });
  ASSERT_NE(casing, findings.end());
  char* error = nullptr;
  const json fixed = json::parse(taken(dcache_workspace_fix_finding(
      workspace.get(), "/app/Dockerfile", casing->at("id").get<std::string>().c_str(), &error)));
  EXPECT_EQ(error, nullptr);
  EXPECT_TRUE(fixed.at("text").get<std::string>().find("MAINTAINER me") != std::string::npos);
  EXPECT_EQ(dcache_workspace_fix_finding(workspace.get(), "/app/Dockerfile", "DC1001@0", &error), nullptr);
  EXPECT_EQ(taken(error), "the text has no finding 'DC1001@0'; call lint() again: the text has changed");
}

TEST(CInterface, TakesEditsInUtf16) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nLABEL a=\"\xF0\x9F\x90\xB3\" b=c\n");
  // The whale takes two units.
  EXPECT_EQ(dcache_workspace_edit_text(workspace.get(), "/app/Dockerfile", 1, 15, 1, 16, "xy", 2, nullptr),
            0);
  const json fixed = json::parse(taken(dcache_workspace_fix(workspace.get(), "/app/Dockerfile", 0, nullptr)));
  EXPECT_EQ(fixed.at("text"), "FROM scratch\nLABEL a=\"\xF0\x9F\x90\xB3\" b=xy\n");
  char* error = nullptr;
  EXPECT_EQ(dcache_workspace_edit_text(workspace.get(), "/gone", 0, 0, 0, 0, "", 0, &error), 1);
  EXPECT_NE(taken(error), "");
}

TEST(CInterface, TellsWhatIsStale) {
  const Handle workspace = in_memory();
  const auto stale = [&] { return json::parse(taken(dcache_workspace_stale(workspace.get()))); };
  const auto lint = [&](const char* path) {
    dcache_string_free(dcache_workspace_lint(workspace.get(), path, nullptr));
  };
  set_text(workspace, "/a/Dockerfile", "FROM a\n");
  set_text(workspace, "/b/Dockerfile", "FROM b\n");
  lint("/a/Dockerfile");
  lint("/b/Dockerfile");
  EXPECT_EQ(stale(), json::array());
  set_text(workspace, "/a/Dockerfile", "FROM c\n");
  EXPECT_EQ(stale(), json({"/a/Dockerfile"}));
  set_text(workspace, "/a/.dockerignore", "x\n");
  EXPECT_EQ(stale(), json({"/a/.dockerignore", "/a/Dockerfile", "/b/Dockerfile"}));
  lint("/a/Dockerfile");
  EXPECT_EQ(stale(), json({"/a/.dockerignore", "/b/Dockerfile"}));
}

TEST(CInterface, TakesRulesWithoutAFile) {
  const auto codes = [](const char* options) {
    const Handle workspace(dcache_workspace_new(options, nullptr));
    set_text(workspace, "/Dockerfile", "FROM alpine:latest\nMAINTAINER me\n");
    json found = json::array();
    const json answer = json::parse(taken(dcache_workspace_lint(workspace.get(), "/Dockerfile", nullptr)));
    for (const json& finding : answer.at("findings"))
      found.push_back(finding.at("rule").get<std::string>() + " " + finding.at("level").get<std::string>());
    return found;
  };
  EXPECT_EQ(codes(R"({"files":"memory","select":["DC1009"],"levels":{"DC1009":"error"}})"),
            json({"DC1009 error"}));
  EXPECT_EQ(codes(R"({"files":"memory","profile":"hadolint","ignore":["DL3007"]})"), json({"DL4000 error"}));
}

TEST(CInterface, KnowsRulesAndDockerfiles) {
  const json rules = json::parse(taken(dcache_rules()));
  EXPECT_TRUE(std::ranges::any_of(rules, [](const json& rule) { return rule.at("code") == "DC1001"; }));
  EXPECT_EQ(dcache_is_dockerfile("/x/api.dockerfile"), 1);
  EXPECT_EQ(dcache_is_dockerfile("/x/README.md"), 0);
  const std::string folder = std::string(DCACHE_SOURCE_DIR) + "/fixtures/go-monorepo";
  const json found = json::parse(taken(dcache_find_dockerfiles(folder.c_str(), nullptr)));
  EXPECT_TRUE(std::find(found.begin(), found.end(), folder + "/Dockerfile") != found.end()) << found;
}

TEST(CInterface, CancelsOneCall) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY a /\n");
  set_text(workspace, "/app/a", "1");
  dcache_workspace_cancel_call(workspace.get(), "first");  // not running: nothing happens
  char* error = nullptr;
  const std::string answer = taken(dcache_workspace_explain(workspace.get(), "/app/Dockerfile",
                                                            R"({"changed":["a"],"call":"first"})", &error));
  EXPECT_EQ(error, nullptr);
  EXPECT_NE(answer, "");
}

TEST(CInterface, Explains) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY a /\n");
  set_text(workspace, "/app/a", "1");
  const auto verdict = [&](const char* question) {
    const json answer =
        json::parse(taken(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", question, nullptr)));
    return answer.at("steps").at(0).at("verdict").get<std::string>();
  };
  EXPECT_EQ(verdict(R"({"changed":["a"]})"), "miss");
  EXPECT_EQ(verdict(R"({"changed":["b"]})"), "hit");
  EXPECT_EQ(dcache_workspace_mark(workspace.get(), "/app/Dockerfile", nullptr), 0);
  EXPECT_EQ(verdict("{}"), "hit");
  set_text(workspace, "/app/a", "2");
  EXPECT_EQ(verdict(nullptr), "miss");
}

TEST(CInterface, ExplainsForAWorkerThatImportsACache) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile",
           "FROM scratch AS build\nCOPY a /\nCOPY b /\nFROM scratch\nCOPY --from=build /a /\n");
  set_text(workspace, "/app/a", "1");
  set_text(workspace, "/app/b", "1");
  const auto verdicts = [&](const char* question) {
    char* error = nullptr;
    char* const answer = dcache_workspace_explain(workspace.get(), "/app/Dockerfile", question, &error);
    if (answer == nullptr) return taken(error);
    std::string words;
    const json said = json::parse(taken(answer));
    for (const json& step : said.at("steps"))
      words += step.at("verdict").get<std::string>() + " ";
    return words;
  };
  EXPECT_EQ(verdicts(R"({"changed":["b"],"cacheFrom":["min"]})"), "miss miss hit ");
  EXPECT_EQ(verdicts(R"({"changed":["b"],"cacheFrom":["max"]})"), "hit miss hit ");
  EXPECT_EQ(verdicts(R"({"changed":["b"],"cacheFrom":["type=gha,mode=max"]})"), "hit miss hit ");
  EXPECT_EQ(verdicts(R"({"cacheFrom":["max"]})"), "hit hit hit ");
  EXPECT_EQ(verdicts(R"({"cacheFrom":["maxx"]})"), "'maxx' is not a kind of cache; did you mean 'max'?");
  EXPECT_EQ(verdicts(R"({"cacheFrom":["max:x"]})"),
            "/app/Dockerfile has no stage 'x'; its stages are build and 1");
  EXPECT_EQ(verdicts(R"({"cacheFrom":["defined"]})"),
            "'defined' is only known to dcache explain; write none, inline, min or max");
}

TEST(CInterface, SaysWhatIsWrong) {
  const auto error_of = [](const char* options) {
    char* error = nullptr;
    EXPECT_EQ(dcache_workspace_new(options, &error), nullptr);
    return taken(error);
  };
  EXPECT_EQ(error_of("{"), "the options are not a JSON object");
  EXPECT_EQ(error_of("[]"), "the options are not a JSON object");
  EXPECT_EQ(error_of(R"({"target":1})"), "options: \"target\" must be a string");
  EXPECT_EQ(error_of(R"({"select":"DC"})"), "options: \"select\" must be a list of strings");
  EXPECT_EQ(error_of(R"({"platform":"foo"})"),
            "'foo' is not a platform; write OS/ARCHITECTURE, such as linux/amd64 or linux/arm/v7");
  EXPECT_EQ(error_of(R"({"context":"/no/such"})"),
            "there is no folder '/no/such'; give the folder of the build context");
  EXPECT_EQ(error_of(R"({"builder":"make"})"),
            "unknown builder 'make'; expected buildkit, classic or buildah");
  EXPECT_EQ(error_of(R"({"files":"tape"})"), "options: \"files\" is \"disk\" or \"memory\"");
  EXPECT_EQ(error_of(R"({"file":"memory"})"), "options: unknown member \"file\"; did you mean 'files'?");
  EXPECT_EQ(error_of(R"({"profile":"hadolnt"})"), "unknown profile 'hadolnt'; did you mean 'hadolint'?");
  EXPECT_EQ(error_of(R"({"levels":{"DC1009":"warn"}})").substr(0, 20), "unknown level 'warn'");
  EXPECT_EQ(dcache_workspace_new("{", nullptr), nullptr);

  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY\n");
  char* error = nullptr;
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":["a"]})", &error),
            nullptr);
  EXPECT_EQ(taken(error).substr(0, 20), "/app/Dockerfile:2:1:");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":1})", &error),
            nullptr);
  EXPECT_EQ(taken(error), "question: \"changed\" must be a list of strings");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"sinse":"HEAD"})", &error),
            nullptr);
  EXPECT_EQ(taken(error), "question: unknown member \"sinse\"; did you mean 'since'?");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":[]})", &error),
            nullptr);
  EXPECT_EQ(taken(error), "question: \"changed\" is empty; name the files that change");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":["a",""]})", &error),
            nullptr);
  EXPECT_EQ(taken(error), "a path is empty");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"since":""})", &error), nullptr);
  EXPECT_EQ(taken(error), "question: \"since\" is empty; name a revision");
  EXPECT_EQ(dcache_workspace_mark(workspace.get(), "/app/Dockerfile", &error), 1);
  EXPECT_EQ(taken(error).substr(0, 20), "/app/Dockerfile:2:1:");
}

TEST(CInterface, TakesNoTextForAPathThatNoFileCanHave) {
  const Handle workspace = in_memory();
  for (const std::string& path : {std::string(), '/' + std::string(5'000, 'a')}) {
    set_text(workspace, path.c_str(), "FROM scratch\n");
    EXPECT_EQ(taken(dcache_workspace_stale(workspace.get())), "[]") << path.size();
    EXPECT_EQ(dcache_workspace_lint(workspace.get(), path.c_str(), nullptr), nullptr);
  }
}

// A cancel ends what is under way, and nothing that comes later.
TEST(CInterface, GoesOnAfterACancel) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY a /\n");
  set_text(workspace, "/app/a", "1");
  dcache_workspace_cancel(workspace.get());
  dcache_workspace_files_changed(workspace.get());
  EXPECT_EQ(dcache_workspace_mark(workspace.get(), "/app/Dockerfile", nullptr), 0);
}

TEST(CInterface, HasAVersion) {
  EXPECT_STREQ(dcache_version(), DCACHE_VERSION);
  dcache_string_free(nullptr);
  dcache_workspace_free(nullptr);
}

TEST(CInterface, FindsDockerfilesInFoldersOnly) {
  const test::TemporaryFolder folder;
  folder.write("file\x1b", "");
  const auto error_of = [](const char* path) {
    char* error = nullptr;
    EXPECT_EQ(taken(dcache_find_dockerfiles(path, &error)), "");
    return taken(error);
  };
  EXPECT_EQ(error_of((folder / "gone").c_str()),
            "can't read the folder '" + folder / "gone" + "': No such file or directory");
  EXPECT_EQ(error_of((folder / "file\x1b").c_str()), "'" + folder / "file\uFFFD" + "' is not a folder");
  EXPECT_EQ(error_of("/dev/null"), "'/dev/null' is not a folder");
  EXPECT_EQ(error_of(""), "can't read the folder '': No such file or directory");
  EXPECT_EQ(error_of(nullptr), "the folder is NULL");
}

TEST(CInterface, SaysWhichArgumentIsNull) {
  const Handle workspace = in_memory();
  char* error = nullptr;
  const auto said = [&] { return taken(error); };
  EXPECT_EQ(dcache_is_dockerfile(nullptr), 0);
  EXPECT_EQ(dcache_workspace_lint(workspace.get(), nullptr, &error), nullptr);
  EXPECT_EQ(said(), "the path is NULL");
  EXPECT_EQ(dcache_workspace_lint(nullptr, "/app/Dockerfile", &error), nullptr);
  EXPECT_EQ(said(), "the workspace is NULL");
  EXPECT_EQ(dcache_workspace_fix(nullptr, "/app/Dockerfile", 0, &error), nullptr);
  EXPECT_EQ(said(), "the workspace is NULL");
  EXPECT_EQ(dcache_workspace_fix(workspace.get(), nullptr, 0, &error), nullptr);
  EXPECT_EQ(said(), "the path is NULL");
  EXPECT_EQ(dcache_workspace_fix_finding(workspace.get(), "/app/Dockerfile", nullptr, &error), nullptr);
  EXPECT_EQ(said(), "the id is NULL");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), nullptr, nullptr, &error), nullptr);
  EXPECT_EQ(said(), "the path is NULL");
  EXPECT_EQ(dcache_workspace_explain(nullptr, "/app/Dockerfile", nullptr, &error), nullptr);
  EXPECT_EQ(said(), "the workspace is NULL");
  EXPECT_EQ(dcache_workspace_mark(nullptr, "/app/Dockerfile", &error), 1);
  EXPECT_EQ(said(), "the workspace is NULL");
  EXPECT_EQ(dcache_workspace_edit_text(workspace.get(), nullptr, 0, 0, 0, 0, "", 0, &error), 1);
  EXPECT_EQ(said(), "the path is NULL");
  EXPECT_EQ(dcache_workspace_edit_text(workspace.get(), "/app/Dockerfile", 0, 0, 0, 0, nullptr, 1, &error),
            1);
  EXPECT_EQ(said(), "the text is NULL");
  EXPECT_EQ(dcache_workspace_stale(nullptr), nullptr);
  dcache_workspace_set_text(nullptr, "/app/Dockerfile", "", 0);
  dcache_workspace_set_text(workspace.get(), nullptr, "", 0);
  dcache_workspace_set_text(workspace.get(), "/app/Dockerfile", nullptr, 5);
  dcache_workspace_set_text(workspace.get(), "/app/Dockerfile", nullptr, 0);  // an empty text
  EXPECT_NE(taken(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", nullptr)), "");
  dcache_workspace_drop_text(workspace.get(), nullptr);
  dcache_workspace_drop_text(nullptr, "/app/Dockerfile");
  dcache_workspace_files_changed(nullptr);
  dcache_workspace_cancel_call(workspace.get(), nullptr);
  dcache_workspace_cancel_call(nullptr, "x");
  dcache_workspace_cancel(nullptr);
}

TEST(CInterface, RefusesZeroBytesInTexts) {
  char* error = nullptr;
  for (const char* options : {R"({"files":"memory","target":"a\u0000b"})", R"({"buildArgs":{"A\u0000":"1"}})",
                              R"({"select":["DC1009\u0000"]})"}) {
    EXPECT_EQ(dcache_workspace_new(options, &error), nullptr) << options;
    EXPECT_EQ(taken(error), "the options contain a text with a zero byte");
  }
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\n");
  EXPECT_EQ(
      dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":["a\u0000b"]})", &error),
      nullptr);
  EXPECT_EQ(taken(error), "the members of the question contain a text with a zero byte");
}

TEST(CInterface, SaysErrorsWithoutControlCharacters) {
  const Handle workspace = in_memory();
  char* error = nullptr;
  EXPECT_EQ(dcache_workspace_lint(workspace.get(), "/a\x1b[31m\n\xE2\x80\xAE/Dockerfile", &error), nullptr);
  EXPECT_EQ(taken(error), "can't read /a\uFFFD[31m \\u202e/Dockerfile: there is no such file");
  EXPECT_EQ(dcache_workspace_new("{\"a\\u001b\":1}", &error), nullptr);
  EXPECT_EQ(taken(error).substr(0, 30), "options: unknown member \"a\uFFFD\"");
}

TEST(CInterface, TakesOneQuestionAtATime) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY a /\n");
  set_text(workspace, "/app/a", "1");
  char* error = nullptr;
  const auto asked = [&](const char* question) {
    return taken(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", question, &error));
  };
  EXPECT_EQ(asked(R"({"since":"HEAD","changed":["a"]})"), "");
  EXPECT_EQ(taken(error), "give either 'since' or 'changed'");
  EXPECT_EQ(dcache_workspace_mark(workspace.get(), "/app/Dockerfile", nullptr), 0);
  EXPECT_EQ(asked(R"({"since":null,"changed":null,"cacheFrom":null,"call":null})"), asked("{}"));
  EXPECT_EQ(error, nullptr);
}

}  // namespace
}  // namespace dcache
