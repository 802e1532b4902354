// Run by the build: data as C++ tables, so that a program that starts has nothing to read.
#include <cctype>
#include <cstdio>
#include <exception>
#include <fstream>
#include <initializer_list>
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
  std::string list_of_words(const json& object, const char* key) {
    std::string rows;
    const json lists = object.value(key, json::array());
    for (const json& list : lists)
      rows += words(list) + ", ";
    return rows;
  }
  static std::string text(const json& object, const char* key) { return quoted(object.value(key, "")); }

  // Lists of two texts each.
  std::string pairs(const json& object, const char* key) {
    std::string rows;
    const json list = object.value(key, json::array());
    for (const json& pair : list)
      rows += fmt::format("{{{}, {}}}, ", quoted(pair.at(0)), quoted(pair.at(1)));
    return table("Pair", rows);
  }

  std::string local_sources(const json& manager) {
    std::string rows;
    const json list = manager.value("local_sources", json::array());
    for (const json& one : list)
      rows += fmt::format("{{{}, {}, {}}}, ", quoted(one.at(0)), quoted(one.at(1)),
                          quoted(one.size() > 2 ? one.at(2).get<std::string>() : ""));
    return table("LocalSource", rows);
  }

  std::string image_paths(const json& cache) {
    std::string rows;
    const json list = cache.value("on_images", json::array());
    for (const json& one : list)
      rows += fmt::format("{{{}, {}}}, ", words(one.at(0)), quoted(one.at(1)));
    return table("ImagePath", rows);
  }

  static std::string installs(const std::string& word) {
    if (word == "manifest") return "kManifest";
    if (word == "bare") return "kBare";
    if (word == "files") return "kFiles";
    if (word == "implied") return "kImplied";
    if (word.empty()) return "kNothing";
    throw std::invalid_argument("unknown value of \"installs\": " + word);
  }

  std::string pins(const json& list) {
    std::string rows;
    for (const json& pin : list) {
      rows += fmt::format(
          "\n    {{.programs = {}, .commands = {}, .starts_program = {}, .only_with = {}, .unless = {}, "
          ".ends_at = {}, .options_with_value = {}, .exempt_options = {}, .pinned = {}, .loose = {}, "
          ".example = {}}},",
          words(pin, "programs"), words(pin, "commands"), words(pin, "starts_program"),
          text(pin, "only_with"), words(pin, "unless"), text(pin, "ends_at"),
          words(pin, "options_with_value"), words(pin, "exempt_options"), text(pin, "pinned"),
          text(pin, "loose"), text(pin, "example"));
    }
    return table("Pin", rows);
  }

  std::string confirms(const json& manager) {
    if (!manager.contains("confirms")) return "{}";
    const json& confirms = manager.at("confirms");
    return fmt::format("{{.programs = {}, .commands = {}, .options = {}, .quiet = {}}}",
                       words(confirms, "programs"), words(confirms, "commands"), words(confirms, "options"),
                       words(confirms, "quiet"));
  }

  std::string cleanup(const json& manager) {
    if (!manager.contains("cleanup")) return "{}";
    const json& cleanup = manager.at("cleanup");
    return fmt::format(
        "{{.programs = {}, .commands = {}, .unless = {}, .shipped_only = {}, .cleaners = {}, .folders = {}}}",
        words(cleanup, "programs"), words(cleanup, "commands"), words(cleanup, "unless"),
        cleanup.value("shipped_only", false), table("Words", list_of_words(cleanup, "cleaners")),
        words(cleanup, "folders"));
  }

  std::string manager_row(const json& manager) {
    std::string programs, caches, actions;
    for (const json& program : manager.at("programs"))
      programs += words(program) + ", ";
    for (const auto& [name, cache] : manager.at("caches").items()) {
      caches += fmt::format(
          "\n    {{.name = {}, .path = {}, .of_root = {}, .on_images = {}, .on_distributions = {}, .env = "
          "{}, "
          ".options = {}, .also = {}, .own_part = {}, .sharing = {}, .used_from = {}, .compiled = {}}},",
          quoted(name), text(cache, "path"), text(cache, "of_root"), image_paths(cache),
          text(cache, "on_distributions"), pairs(cache, "env"), pairs(cache, "options"), words(cache, "also"),
          text(cache, "own_part"), text(cache, "sharing"), cache.value("used_from", false),
          cache.value("compiled", false));
    }
    for (const json& action : manager.at("actions")) {
      actions += fmt::format(
          "\n    {{.words = {}, .caches = {}, .installs = Action::Installs::{}, .fetch = {}, "
          ".needs_sources_unless = {}, .without_sources = {}}},",
          words(action, "words"), words(action, "caches"), installs(action.value("installs", "")),
          text(action, "fetch"), words(action, "needs_sources_unless"), words(action, "without_sources"));
    }
    return fmt::format(
        "    {{.name = {}, .programs = {}, .manifests = {}, .optional = {}, .inseparable_if = {},\n"
        "     .inseparable_with = {}, .scripts = {}, .separable = {}, .caches = {}, .file_options = {},\n"
        "     .options_with_value = {}, .opt_out = {}, .opt_out_env = {}, .unsafe_fix = {}, .actions = {},\n"
        "     .pins = {}, .confirms = {}, .cleanup = {}, .empties = {}, .cleaning_rules = {},\n"
        "     .configured_unless = {}, .configured_by = {}, .configured_in = {}, .ask = {}, .local_sources = "
        "{},\n"
        "     .local_options = {}, .local_env = {}, .offline = {}, "
        ".offline_env = {},\n"
        "     .no_fix_env = {}, .settings = {}, .needs_nothing = {}}},\n",
        text(manager, "name"), table("Words", programs), words(manager, "manifests"),
        words(manager, "optional"), words(manager, "inseparable_if"), words(manager, "inseparable_with"),
        words(manager, "scripts"), manager.value("separable", true), table("Cache", caches),
        words(manager, "file_options"), words(manager, "options_with_value"), words(manager, "opt_out"),
        words(manager, "opt_out_env"), manager.value("unsafe_fix", false), table("Action", actions),
        pins(manager.value("pins", json::array())), confirms(manager), cleanup(manager),
        table("Words", list_of_words(manager, "empties")), words(manager, "cleaning_rules"),
        words(manager, "configured_unless"), table("Words", list_of_words(manager, "configured_by")),
        pairs(manager, "configured_in"), words(manager, "ask"), local_sources(manager),
        words(manager, "local_options"), words(manager, "local_env"), words(manager, "offline"),
        words(manager, "offline_env"), words(manager, "no_fix_env"), words(manager, "settings"),
        table("Words", list_of_words(manager, "needs_nothing")));
  }

  std::string tables_;
  int count_ = 0;
};

// A list of texts as a function that gives it, sorted.
std::string name_list(const json& names, std::string_view function) {
  std::string rows;
  for (const std::string name : names)
    rows += fmt::format("    \"{}\",\n", name);
  return fmt::format(
      "#include <span>\n#include <string_view>\n\n#include \"rules/labels.h\"\n\nnamespace dcache::rules "
      "{{\n\n"
      "std::span<const std::string_view> {}() {{\n  static constexpr std::string_view kNames[] = {{\n{}  "
      "}};\n"
      "  return kNames;\n}}\n\n}}  // namespace dcache::rules\n",
      function, rows);
}

std::string literals(const json& list) {
  std::string rows;
  for (const std::string text : list)
    rows += fmt::format("R\"json({})json\", ", text);
  return rows;
}

// Rows that have two lists and some texts each: a table as the function `function` of a header gives it.
std::string rows_of(const json& data, std::string_view header, std::string_view type,
                    std::string_view function, std::initializer_list<const char*> lists,
                    std::initializer_list<const char*> texts) {
  std::string tables, rows;
  size_t count = 0;
  for (const json& one : data) {
    std::string row;
    for (const char* key : texts)
      row += fmt::format(".{} = R\"json({})json\", ", key, one.value(key, ""));
    for (const char* key : lists) {
      const std::string words = literals(one.value(key, json::array()));
      if (words.empty()) continue;
      tables += fmt::format("constexpr std::string_view kWords{}[] = {{{}}};\n", count, words);
      row += fmt::format(".{} = kWords{}, ", key, count++);
    }
    rows += fmt::format("    {{{}}},\n", row);
  }
  return fmt::format(
      "#include \"{0}\"\n\nnamespace dcache::rules {{\nnamespace {{\n\n{1}\nconstexpr {2} kRows[] = "
      "{{\n{3}}};\n\n}}  "
      "// namespace\n\nstd::span<const {2}> {4}() {{\n  return kRows;\n}}\n\n}}  // namespace "
      "dcache::rules\n",
      header, tables, type, rows, function);
}

// `busybox_tools` as `kBusyboxTools`.
std::string enumerator(const std::string& key) {
  std::string name = "k";
  bool begins = true;
  for (const char c : key) {
    if (c != '_') name += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '_';
  }
  return name;
}

// A switch over ImageKind, so that the compiler says which of them has no data.
std::string image_names(const json& kinds) {
  constexpr const char* kLists[] = {"names", "base_names", "prefixes", "base_prefixes", "parts", "tag_parts"};
  std::string tables, cases;
  for (const auto& [key, kind] : kinds.items()) {
    std::string row;
    for (const char* list : kLists) {
      if (!kind.contains(list)) continue;
      tables += fmt::format("constexpr std::string_view {}_{}[] = {{{}}};\n", enumerator(key), list,
                            literals(kind.at(list)));
      row += fmt::format(".{0} = {1}_{0}, ", list, enumerator(key));
    }
    tables += fmt::format("constexpr ImageNames {} = {{{}}};\n", enumerator(key), row);
    cases += fmt::format("    case ImageKind::{0}:\n      return {0};\n", enumerator(key));
  }
  return fmt::format(
      "#include \"dcache/lint/images.h\"\n\nnamespace dcache::lint {{\nnamespace {{\n\n{}\n}}"
      "  // namespace\n\nconst ImageNames& names_of(ImageKind kind) {{\n  switch (kind) {{\n{}  }}\n"
      "  static constexpr ImageNames kNone;\n  return kNone;\n}}\n\n}}  // namespace dcache::lint\n",
      tables, cases);
}

// Lists of words, each as the function of known_facts.h that has its name.
std::string word_lists(const json& lists) {
  std::string functions;
  for (const auto& [name, words] : lists.items()) {
    functions += fmt::format(
        "std::span<const std::string_view> {}() {{\n  static constexpr std::string_view kWords[] = {{{}}};\n"
        "  return kWords;\n}}\n\n",
        name, literals(words));
  }
  return fmt::format(
      "#include \"rules/known_facts.h\"\n\nnamespace dcache::rules {{\n\n{}}}  // namespace dcache::rules\n",
      functions);
}

// Values of CI services, which definitions of builds are read with.
std::string ci_values(const json& values) {
  return fmt::format(
      "#include \"dcache/project/ci_text.h\"\n\nnamespace dcache::project {{\n\n"
      "std::span<const std::string_view> values_of_each_run() {{\n"
      "  static constexpr std::string_view kValues[] = {{{}}};\n  return kValues;\n}}\n\n"
      "}}  // namespace dcache::project\n",
      literals(values));
}

std::string flag_versions(const json& flags) {
  std::string rows;
  for (const json& flag : flags) {
    rows += fmt::format("    {{\"{}\", {}, {}}},\n", flag.at("flag").get<std::string>(),
                        flag.at("engine").at(0).get<int>(), flag.at("engine").at(1).get<int>());
  }
  return fmt::format(
      "#include \"rules/known_facts.h\"\n\nnamespace dcache::rules {{\n\n"
      "std::span<const FlagVersion> flag_versions() {{\n  static constexpr FlagVersion kFlags[] = {{\n{}  "
      "}};\n"
      "  return kFlags;\n}}\n\n}}  // namespace dcache::rules\n",
      rows);
}

std::string generated(std::string_view what, const json& data) {
  if (what == "managers") return Writer().run(data);
  if (what == "images") return image_names(data);
  if (what == "words") return word_lists(data);
  if (what == "flags") return flag_versions(data);
  if (what == "values_of_each_run") return ci_values(data);
  if (what == "end_of_life")
    return rows_of(data, "rules/known_facts.h", "EndOfLife", what, {"tags", "parts"},
                   {"product", "image", "end", "instead"});
  if (what == "deprecated_commands")
    return rows_of(data, "rules/known_facts.h", "DeprecatedCommand", what, {"words"}, {"program", "instead"});
  if (what == "compilers")
    return rows_of(data, "rules/known_facts.h", "Compiler", what, {"programs", "commands"}, {"what"});
  if (what == "builder_commands")
    return rows_of(data, "rules/known_facts.h", "BuilderCommand", what,
                   {"words", "only_with", "flags", "file_options", "context_options"}, {"name", "part"});
  if (what == "builder_files")
    return rows_of(data, "rules/known_facts.h", "BuilderFile", what, {"files", "has"},
                   {"name", "builder", "scope", "line", "pattern", "unless"});
  return name_list(data, what);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "embed managers|FUNCTION JSON CC\n");
    return 2;
  }
  try {
    std::ifstream in(argv[2]);
    std::ofstream out(argv[3]);
    const json data = json::parse(in);
    out << generated(argv[1], data);
    return out.flush() ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[2], error.what());
    return 2;
  }
}
