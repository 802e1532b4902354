// Run by the build: package-managers.json as C++ tables, so that a program that starts has nothing to read.
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

// A row of tables, each with a name of its own that later ones refer to.
class Writer {
 public:
  std::string run(const json& managers) {
    std::string rows;
    for (const json& manager : managers)
      rows += manager_row(manager);
    return fmt::format(
        "// Generated from package-managers.json.\n"
        "#include \"rules/package_managers.h\"\n\n"
        "namespace dcache::rules {{\nnamespace {{\n\nusing Word = std::string_view;\n\n{}\n"
        "constexpr PackageManager kManagers[] = {{\n{}}};\n\n}}  // namespace\n\n"
        "std::span<const PackageManager> package_managers() {{\n  return kManagers;\n}}\n\n"
        "}}  // namespace dcache::rules\n",
        tables_, rows);
  }

 private:
  static std::string quoted(const std::string& text) { return fmt::format("R\"json({})json\"", text); }

  std::string table(std::string_view type, const std::string& rows) {
    if (rows.empty()) return "{}";
    const std::string name = fmt::format("kTable{}", count_++);
    tables_ += fmt::format("constexpr {} {}[] = {{{}}};\n", type, name, rows);
    return name;
  }

  std::string words(const json& list) {
    std::string rows;
    for (const std::string word : list)
      rows += quoted(word) + ", ";
    return table("Word", rows);
  }
  std::string words(const json& object, const char* key) {
    return object.contains(key) ? words(object.at(key)) : "{}";
  }
  static std::string text(const json& object, const char* key) { return quoted(object.value(key, "")); }

  static std::string installs(const std::string& word) {
    if (word == "manifest") return "kManifest";
    if (word == "bare") return "kBare";
    if (word == "files") return "kFiles";
    if (word == "implied") return "kImplied";
    if (word.empty()) return "kNothing";
    throw std::invalid_argument("unknown value of \"installs\": " + word);
  }

  std::string manager_row(const json& manager) {
    std::string programs, caches, actions;
    for (const json& program : manager.at("programs"))
      programs += words(program) + ", ";
    for (const auto& [name, cache] : manager.at("caches").items()) {
      caches +=
          fmt::format("\n    {{.name = {}, .path = {}, .env = {}, .also = {}, .sharing = {}}},", quoted(name),
                      text(cache, "path"), words(cache, "env"), words(cache, "also"), text(cache, "sharing"));
    }
    for (const json& action : manager.at("actions")) {
      actions += fmt::format(
          "\n    {{.words = {}, .caches = {}, .installs = Action::Installs::{}, .fetch = {}, "
          ".needs_sources_unless = {}}},",
          words(action, "words"), words(action, "caches"), installs(action.value("installs", "")),
          text(action, "fetch"), words(action, "needs_sources_unless"));
    }
    return fmt::format(
        "    {{.name = {}, .programs = {}, .manifests = {}, .optional = {}, .inseparable_if = {},\n"
        "     .inseparable_with = {}, .scripts = {}, .separable = {}, .caches = {}, .file_options = {},\n"
        "     .options_with_value = {}, .opt_out = {}, .opt_out_env = {}, .unsafe_fix = {}, .actions = "
        "{}}},\n",
        text(manager, "name"), table("std::span<const Word>", programs), words(manager, "manifests"),
        words(manager, "optional"), words(manager, "inseparable_if"), words(manager, "inseparable_with"),
        words(manager, "scripts"), manager.value("separable", true), table("Cache", caches),
        words(manager, "file_options"), words(manager, "options_with_value"), words(manager, "opt_out"),
        words(manager, "opt_out_env"), manager.value("unsafe_fix", false), table("Action", actions));
  }

  std::string tables_;
  int count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "embed JSON CC\n");
    return 2;
  }
  try {
    std::ifstream in(argv[1]);
    std::ofstream out(argv[2]);
    out << Writer().run(json::parse(in));
    return out.flush() ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[1], error.what());
    return 2;
  }
}
