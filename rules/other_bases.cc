#include "rules/other_bases.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/images.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/base_system.h"
#include "rules/known_facts.h"
#include "rules/project_files.h"

namespace dcache::rules {
namespace {

using Bases = std::map<const PackageManager*, std::set<std::string, std::less<>>>;

bool has_compiled_cache(const PackageManager& manager) {
  return std::ranges::any_of(manager.caches, [](const Cache& cache) { return cache.compiled; });
}

// Whether the text of a RUN has one of the manager's programs, or the module of Python that is one.
bool may_run(std::string_view run, const PackageManager& manager) {
  return std::ranges::any_of(
      manager.programs, [&](const Words& words) { return run.find(words.back()) != std::string_view::npos; });
}

// Whether a name tells which image it is, and that of glibc.
bool is_known_base(std::string_view reference) {
  return !reference.empty() && reference != "scratch" && reference.find('$') == std::string_view::npos &&
         !lint::is_image(lint::ImageKind::kMusl, reference);
}

// Adds those of a Dockerfile; the stages are told by its lines alone.
void add_bases(const dockerfile::File& file, Bases& bases) {
  std::map<std::string, std::string, std::less<>> stages;
  std::string base;
  for (const dockerfile::Instruction& one : file.instructions()) {
    if (one.keyword == dockerfile::Keyword::kFrom && !one.arguments.empty()) {
      base = std::string(one.arguments.front().text);
      if (const auto stage = stages.find(text::to_lower(base)); stage != stages.end()) base = stage->second;
      if (one.arguments.size() > 2) stages[text::to_lower(one.arguments[2].text)] = base;
    } else if (one.keyword == dockerfile::Keyword::kRun && is_known_base(base)) {
      for (const PackageManager& manager : package_managers()) {
        if (has_compiled_cache(manager) && may_run(one.joined, manager))
          bases[&manager].insert(plan::normal_reference(base));
      }
    }
  }
}

// Of one Dockerfile.
struct OwnBases {
  Bases all;
};

// Of the Dockerfiles of a run, each read once.
class KnownBases {
 public:
  const Bases& of(const std::string& path, const context::FileSystem& files) const {
    const std::scoped_lock lock(mutex_);
    const auto [known, is_new] = known_.try_emplace(path);
    if (!is_new) return known->second;
    constexpr size_t kLargest = size_t{1} << 18U;
    const auto text = files.read(path);
    if (text && text->size() <= kLargest) add_bases(dockerfile::parse(*text), known->second);
    return known->second;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, Bases> known_;
};
// Values of a run are made by a call: a mutex can't be moved.
struct SharedBases {
  std::shared_ptr<const KnownBases> bases;
};

// Of the Dockerfiles around a context.
struct ProjectBases {
  Bases all;
};

ProjectBases bases_around(const lint::BuildContext& context, const ProjectFiles& project) {
  ProjectBases made;
  const SharedBases& known =
      context.of_run->get<SharedBases>([] { return SharedBases{std::make_shared<const KnownBases>()}; });
  for (const std::string& path : project.dockerfiles) {
    for (const auto& [user, bases] : known.bases->of(path, *context.file_system))
      made.all[user].insert(bases.begin(), bases.end());
  }
  return made;
}

// The last part of an image's name with its tag, as a part of an id: "python-3.12-slim". Empty if it is not
// known.
std::string base_word(std::string_view image) {
  std::string word(text::base_name(image));
  word.resize(std::min(word.find('@'), word.size()));
  std::ranges::replace(word, ':', '-');
  const bool plain = std::ranges::all_of(word, [](char c) {
    const char lower = text::ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._-").find(c) != std::string_view::npos;
  });
  return plain ? word : std::string();
}

// The stage whose FROM names the image that a stage starts from.
const plan::Stage& first_stage_of(const plan::Graph& graph, size_t stage) {
  const plan::Stage* at = &graph.stages[stage];
  while (at->base_stage)
    at = &graph.stages[*at->base_stage];
  return *at;
}

// For each stage that was asked for, whether it has several bases.
struct ChosenBases {
  std::map<size_t, bool> several;
};

bool find_chosen_base(lint::Dockerfile& dockerfile, size_t stage) {
  constexpr size_t kMostBuilds = 64;
  std::set<std::string, std::less<>> bases;
  size_t builds = 0;
  for (const project::Image& image : dockerfile.images()) {
    if (++builds > kMostBuilds) break;
    const plan::Graph graph = plan::build_graph(dockerfile.file(), image.build.plan);
    if (stage < graph.stages.size()) bases.emplace(base_image_in(graph, stage));
  }
  return bases.size() > 1;
}

// Whether definitions build the stage on several base images, by build arguments.
bool has_chosen_base(lint::Dockerfile& dockerfile, size_t stage) {
  const plan::Stage& first = first_stage_of(dockerfile.graph(), stage);
  if (!first.open_base || first.from == nullptr || first.from->arguments.empty()) return false;
  auto& known = dockerfile.memory<ChosenBases>().several;
  const auto [at, is_new] = known.try_emplace(stage);
  if (is_new) at->second = find_chosen_base(dockerfile, stage);
  return at->second;
}

// The arguments that choose the base image of a stage, as a part of an id; empty if one of them is not known
// where the step runs.
std::string chosen_word(const plan::Graph& graph, const plan::Step& step) {
  static const RE2 kVariable(R"(\$\{?(\w+))");
  const plan::Stage& first = first_stage_of(graph, step.stage);
  re2::StringPiece rest = text::piece(first.from->arguments.front().text);
  std::string word, name;
  while (RE2::FindAndConsume(&rest, kVariable, &name)) {
    const auto& seen = step.environment;
    if (!seen || !seen->lookup()(name)) return {};
    word += fmt::format("{}${{{}}}", word.empty() ? "" : "-", name);
  }
  return word;
}

bool has_other_than(const Bases& bases, const PackageManager& manager, std::string_view own) {
  const auto found = bases.find(&manager);
  return found != bases.end() &&
         std::ranges::any_of(found->second, [&](const std::string& base) { return base != own; });
}

}  // namespace

bool has_other_base(lint::Dockerfile& dockerfile, size_t stage, const PackageManager& manager) {
  const std::string_view image = base_image_in(dockerfile.graph(), stage);
  if (!is_known_base(image)) return false;
  const std::string own = plan::normal_reference(image);
  const auto own_bases = [&] {
    OwnBases made;
    add_bases(dockerfile.file(), made.all);
    return made;
  };
  if (has_other_than(dockerfile.shared<OwnBases>(own_bases).all, manager, own)) return true;
  const lint::BuildContext* const context = dockerfile.build_context();
  if (context == nullptr) return false;
  const ProjectFiles& files = project_files(*context);
  const auto project_bases = [&] { return bases_around(*context, files); };
  return has_other_than(context->shared<ProjectBases>(project_bases).all, manager, own);
}

bool has_unseen_base(lint::Dockerfile& dockerfile, const plan::Step& step) {
  return has_chosen_base(dockerfile, step.stage) && chosen_word(dockerfile.graph(), step).empty();
}

std::string mount_id(lint::Dockerfile& dockerfile, const plan::Step& step, const PackageManager& manager,
                     const Cache& cache, const std::optional<std::string>& path) {
  const bool is_of_base = text::is_one_of(manager.programs.front().front(), system_package_managers());
  if (!cache.compiled && !is_of_base) return {};
  const plan::Graph& graph = dockerfile.graph();
  std::string base;
  if (has_chosen_base(dockerfile, step.stage)) base = chosen_word(graph, step);
  if (base.empty() && !is_of_base) {
    if (has_musl(graph, step.stage)) {
      base = "alpine";
    } else if (has_other_base(dockerfile, step.stage, manager)) {
      base = base_word(base_image_in(graph, step.stage));
    }
  }
  if (base.empty()) return {};
  std::string id = fmt::format("{}-{}", manager.name, base);
  const bool is_usual = cache.path.starts_with('~') && path == "/root" + std::string(cache.path.substr(1));
  if (!path || is_usual) return id;
  id += *path;
  std::ranges::replace(id, '/', '-');
  return id;
}

}  // namespace dcache::rules
