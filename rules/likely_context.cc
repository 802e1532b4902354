#include "rules/likely_context.h"

#include <algorithm>

#include "dcache/context/git.h"
#include "dcache/lint/related_file.h"
#include "dcache/project/discover.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/broad_copy.h"

namespace dcache::rules {
namespace {

using context::Record;
using plan::Step;

// Whether a path is of what a build before this one makes: that it is not there today says nothing.
bool is_product(std::string_view path) {
  constexpr std::string_view kFolders[] = {"dist",    "build",  "target",       "out",     "output",
                                           "bin",     "obj",    "publish",      "release", "artifacts",
                                           "_output", "_build", "node_modules", "vendor",  "packages",
                                           "deploy",  ".next",  "public",       "lib",     "coverage"};
  constexpr std::string_view kEndings[] = {".jar", ".war", ".whl", ".tar", ".gz",  ".tgz", ".xz",  ".zip",
                                           ".deb", ".rpm", ".apk", ".so",  ".exe", ".pem", ".crt", ".key"};
  if (std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); }))
    return true;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (std::ranges::find(kFolders, part) != std::end(kFolders)) return true;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return false;
}

// A name that says that the folder contains what is for the image, and not what is in it.
bool is_called_for_images(std::string_view folder) {
  constexpr std::string_view kNames[] = {"docker", ".docker",    "dockerfiles", ".devcontainer",
                                         "ci",     "dockerfile", "containers",  "container",
                                         ".ci",    "images"};
  return std::ranges::find(kNames, text::to_lower(text::base_name(folder))) != std::end(kNames);
}

// Whether a file is there for images or readers alone.
bool is_beside_the_point(std::string_view name) {
  return project::is_dockerfile_name(name) || name.starts_with(".git") || name.ends_with("dockerignore") ||
         name.starts_with("README") || name.starts_with("LICENSE") || name.starts_with("docker-compose") ||
         name.starts_with("compose.") || name.ends_with(".md");
}

// For and against a folder as the context.
class Evidence {
 public:
  Evidence(lint::Dockerfile& dockerfile, const lint::BuildContext& context)
      : dockerfile_(dockerfile), around_(context) {
    for (const Step& step : dockerfile.graph().steps)
      add_sources(step);
    for (const plan::Stage& stage : dockerfile.graph().stages)
      add_stage(stage);
  }

  bool is_for() const { return present_ > missing_; }

  bool is_against() const {
    if (missing_ > 0 || present_ > 0) return missing_ > 0 && missing_ >= present_;
    return is_called_for_images(around_.folder) ||
           std::ranges::all_of(around_.files.records(), [](const Record& record) {
             return record.path.find('/') == std::string::npos && is_beside_the_point(record.path);
           });
  }

 private:
  void count(bool there) { ++(there ? present_ : missing_); }

  void add_sources(const Step& step) {
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors) {
        const std::string_view path = std::string_view(selector.path).substr(1);
        if (path.empty() || selector.takes_everything() || path.find('$') != std::string_view::npos) continue;
        const bool there =
            selector.wildcard ? std::ranges::any_of(
                                    around_.files.records(),
                                    [&](const Record& record) { return text::glob_match(path, record.path); })
                              : around_.file_system->exists(text::join_path(around_.folder, path));
        if (there || !is_product(path)) count(there);
      }
    }
  }

  // What the steps after a COPY of everything want to find.
  void add_stage(const plan::Stage& stage) {
    if (downloads_sources(dockerfile_, stage)) return;
    bool copied = false;
    for (const size_t index : stage.steps) {
      const Step& step = dockerfile_.graph().steps[index];
      copied = copied || copies_whole_context(step);
      if (copied && step.kind == Step::Kind::kRun) add_run(dockerfile_.run_of(index));
    }
  }

  void add_run(const lint::Run& run) {
    for (const Use& use : uses_of(dockerfile_, run)) {
      if (use.installs_dependencies) add_manifests(use);
    }
    const bool makes = std::ranges::any_of(run.commands, [](const shell::Command& command) {
      const auto words = shell::invocation(command);
      return shell::program_of(words) == "make" && !shell::has_word(words, "-f") &&
             !shell::has_word(words, "-C");
    });
    if (makes) count(holds_any(around_, "[Mm]akefile") || holds_any(around_, "GNUmakefile"));
  }

  void add_manifests(const Use& use) {
    if (use.action->installs == Action::Installs::kFiles) {
      for (const std::string& file : use.files) {
        if (file.find('$') == std::string::npos) count(holds_any(around_, text::base_name(file)));
      }
      return;
    }
    const Words names = use.manager->manifests.empty() ? use.manager->optional : use.manager->manifests;
    if (names.empty()) return;
    count(std::ranges::any_of(names, [&](std::string_view name) { return holds_any(around_, name); }));
  }

  lint::Dockerfile& dockerfile_;
  const lint::BuildContext& around_;
  size_t present_ = 0;
  size_t missing_ = 0;
};

}  // namespace

bool holds_any(const lint::BuildContext& context, std::string_view name) {
  if (!text::has_wildcard(name)) return !context.called(text::base_name(name)).empty();
  return std::ranges::any_of(context.files.records(), [&](const Record& record) {
    return text::glob_match(name, text::base_name(record.path));
  });
}

bool is_manifest_of(const PackageManager& manager, std::string_view path) {
  const auto is_named = [&](std::string_view name) {
    if (text::has_wildcard(name)) return text::glob_match(name, text::base_name(path));
    for (size_t at = path.find(name); at != std::string_view::npos; at = path.find(name, at + 1)) {
      const size_t end = at + name.size();
      if ((at == 0 || path[at - 1] == '/') && (end == path.size() || path[end] == '/')) return true;
    }
    return false;
  };
  return std::ranges::any_of(manager.manifests, is_named) || std::ranges::any_of(manager.optional, is_named);
}

bool downloads_sources(lint::Dockerfile& dockerfile, const plan::Stage& stage) {
  return std::ranges::any_of(stage.steps, [&](size_t index) {
    const Step& step = dockerfile.graph().steps[index];
    if (!step.remote.empty()) return true;
    if (step.kind != Step::Kind::kRun) return false;
    return std::ranges::any_of(dockerfile.run_of(index).commands, [](const shell::Command& command) {
      const auto words = shell::invocation(command);
      return shell::program_of(words) == "git" &&
             (shell::has_word(words, "clone") || shell::has_word(words, "fetch"));
    });
  });
}

namespace {

// What the files tell of a context that is a guess.
struct ContextLikelihood {
  bool is_for = false;
  bool is_against = false;
};

const ContextLikelihood& likely(lint::Dockerfile& dockerfile, const lint::BuildContext& context) {
  return dockerfile.shared<ContextLikelihood>([&] {
    const Evidence evidence(dockerfile, context);
    return ContextLikelihood{evidence.is_for(), evidence.is_against()};
  });
}

}  // namespace

const lint::BuildContext* likely_context(lint::Dockerfile& dockerfile) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr || dockerfile.context_is_known()) return context;
  return likely(dockerfile, *context).is_against ? nullptr : context;
}

bool may_write_to_context(lint::Dockerfile& dockerfile) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return false;
  if (dockerfile.context_is_known() || likely(dockerfile, *context).is_for) return true;
  const std::string folder = context->file_system->real_path(context->folder);
  const std::string root = context::repository_root(folder);
  return root.empty() || root == folder;
}

}  // namespace dcache::rules
