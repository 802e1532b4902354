#include "dcache/dcache_c.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/version.h"

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
  const json findings = json::parse(taken(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", &error)));
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(findings.at(0).at("rule"), "DC1009");
  EXPECT_EQ(findings.at(0).at("path"), "/app/Dockerfile");
  dcache_workspace_drop_text(workspace.get(), "/app/Dockerfile");
  EXPECT_EQ(dcache_workspace_lint(workspace.get(), "/app/Dockerfile", &error), nullptr);
  EXPECT_EQ(taken(error), "can't read /app/Dockerfile: there is no such file");
}

TEST(CInterface, Fixes) {
  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\ncopy a b\n");
  const json fixed = json::parse(taken(dcache_workspace_fix(workspace.get(), "/app/Dockerfile", 0, nullptr)));
  EXPECT_EQ(fixed.at("text"), "FROM scratch\nCOPY a b\n");
  EXPECT_EQ(fixed.at("fixed"), 1);
  EXPECT_EQ(fixed.at("new_files"), json::array());
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

TEST(CInterface, SaysWhatIsWrong) {
  const auto error_of = [](const char* options) {
    char* error = nullptr;
    EXPECT_EQ(dcache_workspace_new(options, &error), nullptr);
    return taken(error);
  };
  EXPECT_EQ(error_of("{"), "the options are not a JSON object");
  EXPECT_EQ(error_of("[]"), "the options are not a JSON object");
  EXPECT_EQ(error_of(R"({"target":1})"), "the option \"target\" has a value that it can't have");
  EXPECT_EQ(error_of(R"({"builder":"make"})"), "the option \"builder\" has a value that it can't have");
  EXPECT_EQ(error_of(R"({"files":"tape"})"), "the option \"files\" is \"disk\" or \"memory\"");
  EXPECT_EQ(dcache_workspace_new("{", nullptr), nullptr);

  const Handle workspace = in_memory();
  set_text(workspace, "/app/Dockerfile", "FROM scratch\nCOPY\n");
  char* error = nullptr;
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":["a"]})", &error),
            nullptr);
  EXPECT_EQ(taken(error).substr(0, 20), "/app/Dockerfile:2:1:");
  EXPECT_EQ(dcache_workspace_explain(workspace.get(), "/app/Dockerfile", R"({"changed":1})", &error),
            nullptr);
  EXPECT_EQ(taken(error), "\"changed\" has a value that it can't have");
  EXPECT_EQ(dcache_workspace_mark(workspace.get(), "/app/Dockerfile", &error), 1);
  EXPECT_EQ(taken(error).substr(0, 20), "/app/Dockerfile:2:1:");
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

}  // namespace
}  // namespace dcache
