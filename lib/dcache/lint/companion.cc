#include "dcache/lint/companion.h"

#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::lint {

std::optional<CompanionKind> companion_kind(std::string_view path) {
  const std::string_view name = text::base_name(path);
  if (name.ends_with(".dockerignore") || name.ends_with(".containerignore"))
    return CompanionKind::kIgnoreFile;
  if (name == ".gitlab-ci.yml") return CompanionKind::kGitlabCi;
  const std::string_view folder = text::parent_path(path);
  const bool workflow = text::base_name(folder) == "workflows" &&
                        text::base_name(text::parent_path(folder)) == ".github" &&
                        (name.ends_with(".yml") || name.ends_with(".yaml"));
  return workflow ? std::optional(CompanionKind::kWorkflow) : std::nullopt;
}

bool is_dockerfile_name(std::string_view name) {
  if (name.ends_with(".dockerignore") || name.ends_with(".containerignore")) return false;
  for (const std::string_view other : {".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".gotmpl", ".template",
                                       ".erb", ".mustache", ".hbs", ".ejs", ".liquid", ".mako", ".md"}) {
    if (name.ends_with(other)) return false;
  }
  for (const std::string_view pattern :
       {"Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*",
        "*.Containerfile", "*.containerfile"}) {
    if (text::glob_match(pattern, name)) return true;
  }
  return false;
}

Companion::Companion(CompanionKind kind, std::string path, std::string source, LoadSurroundings load,
                     const context::FileSystem& files)
    : kind_(kind),
      path_(std::move(path)),
      source_(std::move(source)),
      lines_(source_),
      load_(std::move(load)),
      files_(&files) {}

const Surroundings* Companion::surroundings() {
  if (!asked_) {
    asked_ = true;
    if (load_) surroundings_ = load_();
  }
  return surroundings_.get();
}

}  // namespace dcache::lint
