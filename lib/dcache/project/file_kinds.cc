#include "dcache/project/file_kinds.h"

#include <algorithm>
#include <array>

#include "dcache/project/discover.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

// What a Dockerfile is made from, describes one, is about one (a policy of docker buildx), or is left over
// from one.
constexpr std::array<std::string_view, 30> kOtherEndings = {".make",
                                                            ".mk",
                                                            ".rego",
                                                            ".json",
                                                            ".yaml",
                                                            ".yml",
                                                            ".diff",
                                                            ".patch",
                                                            ".swp",
                                                            ".dockerignore",
                                                            ".containerignore",
                                                            ".j2",
                                                            ".jinja",
                                                            ".jinja2",
                                                            ".tmpl",
                                                            ".tpl",
                                                            ".gotmpl",
                                                            ".template",
                                                            ".erb",
                                                            ".mustache",
                                                            ".hbs",
                                                            ".ejs",
                                                            ".liquid",
                                                            ".mako",
                                                            ".md",
                                                            ".in",
                                                            ".orig",
                                                            ".rej",
                                                            ".bak",
                                                            "~"};
// Of programs and of texts for people.
constexpr std::array<std::string_view, 33> kProgramEndings = {
    ".py", ".sh",  ".bash", ".zsh",  ".fish", ".js",  ".mjs", ".cjs",    ".jsx",   ".ts",   ".tsx",
    ".rb", ".go",  ".txt",  ".text", ".pl",   ".pm",  ".php", ".java",   ".kt",    ".rs",   ".c",
    ".cc", ".cpp", ".h",    ".cs",   ".lua",  ".ps1", ".bat", ".groovy", ".scala", ".html", ".rst"};
constexpr std::array<std::string_view, 11> kDockerfiles = {
    "Dockerfile",      "dockerfile",      "Dockerfile.*",   "Dockerfile-*",
    "*.Dockerfile",    "*.dockerfile",    "Containerfile",  "Containerfile.*",
    "Containerfile-*", "*.Containerfile", "*.containerfile"};
// In the names of files that a definition is made from: docker-compose.tmpl.yml.
constexpr std::array<std::string_view, 5> kTemplateParts = {".tmpl.", ".tpl.", ".template.", ".j2.",
                                                            ".jinja."};
constexpr std::array<std::string_view, 6> kVendored = {"vendor",       "third_party", "third-party",
                                                       "node_modules", "thirdparty",  "_vendor"};

struct Pattern {
  std::string_view name;
  DefinitionKind kind;
};
constexpr std::array<Pattern, 11> kDefinitions = {{{"compose*.yaml", DefinitionKind::kCompose},
                                                   {"compose*.yml", DefinitionKind::kCompose},
                                                   {"docker-compose*.yaml", DefinitionKind::kCompose},
                                                   {"docker-compose*.yml", DefinitionKind::kCompose},
                                                   {"*.docker-compose.yml", DefinitionKind::kCompose},
                                                   {"docker-bake*.hcl", DefinitionKind::kBake},
                                                   {"docker-bake*.json", DefinitionKind::kBake},
                                                   {"*.docker-bake.hcl", DefinitionKind::kBake},
                                                   {"skaffold*.yaml", DefinitionKind::kSkaffold},
                                                   {"skaffold*.yml", DefinitionKind::kSkaffold},
                                                   {".gitlab-ci.yml", DefinitionKind::kGitlabCi}}};

bool is_named_like_dockerfile(std::string_view name) {
  // Few names are worth the patterns, and a search looks at all.
  if (name.find("ockerfile") == std::string_view::npos && name.find("ontainerfile") == std::string_view::npos)
    return false;
  return std::ranges::any_of(kDockerfiles,
                             [&](std::string_view pattern) { return text::glob_match(pattern, name); });
}

bool has_other_ending(std::string_view name) {
  return std::ranges::any_of(kOtherEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_ignore_file(std::string_view name) {
  return name.ends_with(".dockerignore") || name.ends_with(".containerignore");
}

}  // namespace

bool is_dockerfile_name(std::string_view path) {
  const std::string_view name = text::base_name(path);
  return !has_other_ending(name) && is_named_like_dockerfile(name);
}

bool is_dockerfile_variant(std::string_view path) {
  const std::string_view name = text::base_name(path);
  return has_other_ending(name) && is_named_like_dockerfile(name) && !is_ignore_file(name);
}

bool may_be_program(std::string_view path) {
  return std::ranges::any_of(kProgramEndings,
                             [&](std::string_view ending) { return path.ends_with(ending); });
}

namespace {

// The next word of a line, which is cut off.
std::string_view take_word(std::string_view& line) {
  line = text::trim_left(line);
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// `FROM image`, and no import of Python: `from os import path`.
bool is_from(std::string_view rest) {
  std::string_view image = take_word(rest);
  while (image.starts_with("--"))
    image = take_word(rest);
  const std::string_view next = take_word(rest);
  return !image.empty() && (next.empty() || next == "\\" || text::to_lower(next) == "as");
}

// In capitals other instructions are too, where a Dockerfile has a mistake.
bool is_instruction(std::string_view line) {
  constexpr std::string_view kNames[] = {"ADD",         "CMD",   "COPY",       "ENTRYPOINT", "ENV", "EXPOSE",
                                         "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",    "RUN", "SHELL",
                                         "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};
  const std::string_view name = take_word(line);
  if (text::to_lower(name) == "from") return is_from(line);
  return text::to_lower(name) == "arg" || text::is_one_of(name, kNames);
}

}  // namespace

bool starts_like_dockerfile(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  // A program; Docker's command line can be one too.
  if (text.starts_with("#!") && text.substr(0, text.find('\n')).find("docker") == std::string_view::npos)
    return false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && !line.starts_with('#')) return is_instruction(line);
  }
  return false;
}

std::optional<RelatedFileKind> related_file_kind(std::string_view path) {
  if (is_ignore_file(text::base_name(path))) return RelatedFileKind::kIgnoreFile;
  const auto kind = definition_kind(path);
  if (kind == DefinitionKind::kGitlabCi) return RelatedFileKind::kGitlabCi;
  if (kind == DefinitionKind::kWorkflow) return RelatedFileKind::kWorkflow;
  return std::nullopt;
}

std::optional<DefinitionKind> definition_kind(std::string_view path) {
  constexpr std::array<std::string_view, 4> kEndings = {".yml", ".yaml", ".hcl", ".json"};
  if (std::ranges::none_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); }))
    return std::nullopt;
  const std::string_view name = text::base_name(path);
  const auto is_template = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (std::ranges::any_of(kTemplateParts, is_template)) return std::nullopt;
  for (const Pattern& pattern : kDefinitions) {
    if (text::glob_match(pattern.name, name)) return pattern.kind;
  }
  const std::string_view folder = text::parent_path(path);
  const bool workflow = text::base_name(folder) == "workflows" &&
                        text::base_name(text::parent_path(folder)) == ".github" &&
                        (name.ends_with(".yml") || name.ends_with(".yaml"));
  return workflow ? std::optional(DefinitionKind::kWorkflow) : std::nullopt;
}

bool is_override(std::string_view path) {
  return text::base_name(path).find(".override.") != std::string_view::npos;
}

bool is_vendored_folder(std::string_view name) {
  return std::ranges::find(kVendored, name) != kVendored.end();
}

std::string_view name_of(DefinitionKind kind) {
  switch (kind) {
    case DefinitionKind::kCompose:
      return "compose";
    case DefinitionKind::kBake:
      return "bake";
    case DefinitionKind::kSkaffold:
      return "skaffold";
    case DefinitionKind::kWorkflow:
      return "github-actions";
    case DefinitionKind::kGitlabCi:
      return "gitlab-ci";
    case DefinitionKind::kSettings:
      return "dcache";
    case DefinitionKind::kDockerfile:
      return "dockerfile";
  }
  return "";
}

}  // namespace dcache::project
