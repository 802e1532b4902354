#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/cache_needs.h"
#include "rules/ci.h"
#include "rules/command_user.h"
#include "rules/download_access.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/invocations.h"
#include "rules/local_sources.h"
#include "rules/mount_risks.h"
#include "rules/moving_versions.h"
#include "rules/old_builders.h"
#include "rules/other_bases.h"
#include "rules/package_lists.h"
#include "rules/package_managers.h"
#include "rules/stages.h"
#include "rules/syntax_version.h"

namespace dcache::rules::DC1003 {
namespace {

using lint::Dockerfile;
using lint::Run;
using plan::Step;

constexpr int kSyntaxOfMounts = 2;

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether a mount can be given to the user.
bool is_numbered(const Owner& user) {
  return user.is_root() || (is_number(user.user) && is_number(user.group));
}

// The numeric user and group as options of a mount; nothing for root.
std::string owner_options(const Owner& owner) {
  if (owner.is_root()) return "";
  return is_numbered(owner) ? fmt::format(",uid={},gid={}", owner.user, owner.group) : ",uid=UID,gid=GID";
}

std::string mount_flag(const Cache& cache, std::string_view id, std::string_view path, const Owner& owner) {
  return fmt::format("--mount=type=cache,{}{}target={}{}{}", id, id.empty() ? "" : ",", path,
                     cache.sharing.empty() ? "" : fmt::format(",sharing={}", cache.sharing),
                     owner_options(owner));
}

// `--no-cache-dir` and its like make the mount useless.
void remove_opt_out(const Use& use, Removal& removal) {
  for (const shell::Word& word : use.command->words) {
    const Words options = use.manager->opt_out;
    if (std::find(options.begin(), options.end(), word.text) == options.end()) continue;
    removal.word(word);
  }
}

// How many packages a use names.
size_t named_packages(const Use& use) {
  return static_cast<size_t>(std::ranges::count_if(
      use.arguments, [](const shell::Word& word) { return !word.text.starts_with('-'); }));
}

// What a message calls the caches that are lost, and what a rebuild does without them.
struct Loss {
  std::string caches;
  std::string_view work;
};
Loss loss_of(const PackageManager& manager, std::span<const std::string_view> caches) {
  const bool build = std::ranges::find(caches, "build") != caches.end();
  if (manager.name == "go" && build)
    return caches.size() == 1
               ? Loss{"the Go build cache", "compiles all packages"}
               : Loss{"the Go module and build caches", "downloads all modules and compiles all packages"};
  if (manager.name == "go") return {"the Go module cache", "downloads all modules"};
  // What Haskell's package managers keep is compiled.
  if (manager.name == "cabal" || manager.name == "stack")
    return {manager.name == "cabal" ? "the cabal store" : "the folder of stack",
            "downloads and compiles all packages"};
  if (caches.front() == "objects") return {fmt::format("the {} cache", manager.name), "compiles everything"};
  return {fmt::format("the {} cache", manager.name), "downloads all packages"};
}

// Whether it compiles everything in each run, and takes nothing from the cache of what was compiled: `go
// build -a`.
bool compiles_all(const Use& use, const Cache& cache) {
  return use.manager->name == "go" && cache.name == "build" && shell::has_word(use.command->words, "-a");
}

// A command that stores files in a cache, up to what says so: "npm cache add", "mvn install:install-file".
std::string storing_words(const shell::Command& command) {
  std::string words;
  for (const shell::Word& word : shell::invocation(command)) {
    if (word.text.starts_with('-')) continue;
    words += (words.empty() ? "" : " ") + std::string(word.text);
    if (word.text == "add" || word.text.ends_with(":install-file")) break;
  }
  return words;
}

// The USER instructions of a file, in their order.
struct Users {
  std::optional<std::vector<const dockerfile::Instruction*>> all;
  // For each stage the USER in force at its end, which may be one of a stage that it starts from; null for
  // none.
  std::optional<std::vector<const dockerfile::Instruction*>> at_end = {};
};

const std::vector<const dockerfile::Instruction*>& users_of(Dockerfile& dockerfile) {
  auto& all = dockerfile.memory<Users>().all;
  if (all) return *all;
  all.emplace();
  for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
    if (one.keyword == dockerfile::Keyword::kUser && !one.arguments.empty()) all->push_back(&one);
  }
  return *all;
}

// The last USER of a stage above `end`; null for none. Without `end`, or with one that is not in the file,
// the last of the stage.
const dockerfile::Instruction* last_user(Dockerfile& dockerfile, size_t stage,
                                         const dockerfile::Instruction* end) {
  const auto instructions = dockerfile.file().instructions();
  const auto& stages = dockerfile.graph().stages;
  const dockerfile::Instruction* const first = instructions.data();
  const dockerfile::Instruction* const past = first + instructions.size();
  const dockerfile::Instruction* const from = stages[stage].from;
  if (from == nullptr) return nullptr;
  if (end == nullptr || std::less<>()(end, first) || !std::less<>()(end, past))
    end = stage + 1 < stages.size() && stages[stage + 1].from != nullptr ? stages[stage + 1].from : past;
  const auto& users = users_of(dockerfile);
  const auto after = std::ranges::lower_bound(users, end);
  return after != users.begin() && *(after - 1) > from ? *(after - 1) : nullptr;
}

// The USER in force at the end of a stage; null for none.
const dockerfile::Instruction* user_at_end(Dockerfile& dockerfile, size_t stage) {
  if (auto& known = dockerfile.memory<Users>().at_end) return (*known)[stage];
  std::vector<const dockerfile::Instruction*> at_end;
  for (const plan::Stage& one : dockerfile.graph().stages) {
    const dockerfile::Instruction* user = last_user(dockerfile, at_end.size(), nullptr);
    at_end.push_back(user == nullptr && one.base_stage ? at_end[*one.base_stage] : user);
  }
  return (*(dockerfile.memory<Users>().at_end = std::move(at_end)))[stage];
}

// The user of a step if a variable names it whose value only the base image or the build knows: as USER gives
// it. Empty if the user is known.
std::string_view unknown_user(Dockerfile& dockerfile, const Step& step) {
  const plan::Graph& graph = dockerfile.graph();
  const dockerfile::Instruction* user = last_user(dockerfile, step.stage, step.instruction);
  if (const auto base = graph.stages[step.stage].base_stage; user == nullptr && base)
    user = user_at_end(dockerfile, *base);
  if (user == nullptr) return {};
  const dockerfile::Word& word = user->arguments.front();
  const bool variable = word.text.find('$') != std::string_view::npos;
  const std::string_view value = graph.text_of(word);
  const bool unset = value.empty() || value.starts_with(':') || value.find('$') != std::string_view::npos;
  return variable && unset ? unquoted(word.text) : std::string_view();
}

// The image's own hook empties apt's archives after each install.
void remove_apt_hook(const Run& run, std::vector<text::Edit>& edits) {
  const uint32_t begin = run.span_of(run.commands.front().spelling).begin;
  edits.push_back({{begin, begin}, "rm -f /etc/apt/apt.conf.d/docker-clean && "});
}

bool all_in_one_list(const Run& run) {
  return std::all_of(run.commands.begin(), run.commands.end(), [](const shell::Command& command) {
    return command.depth == 0 && command.redirections.empty();
  });
}

// A cache that a use lacks, and where it is; nothing if that can't be known.
struct MissingCache {
  const Cache* cache = nullptr;
  std::optional<std::string> path;
  std::string shared =
      {};  // the folder, if a mount there would take other files along: there is no path then
};

// A package manager in one RUN, the uses of it that lack something, and all the caches that it lacks there.
struct Lack {
  const Run* run = nullptr;
  std::vector<Use> uses;
  std::vector<MissingCache> caches;
  std::optional<Owner> other_user = {};  // who runs one of the uses in place of the step's user

  const PackageManager& manager() const { return *uses.front().manager; }
  bool is_known() const {
    return std::ranges::all_of(caches, [](const MissingCache& one) { return one.path.has_value(); });
  }
  // The folder of a cache that has other files too; empty for none.
  std::string_view shared() const {
    const auto found =
        std::ranges::find_if(caches, [](const MissingCache& one) { return !one.shared.empty(); });
    return found == caches.end() ? std::string_view() : found->shared;
  }
};

class Check {
 public:
  Check(Dockerfile& dockerfile, lint::Reporter& reporter)
      : dockerfile_(dockerfile),
        reporter_(reporter),
        risks_(dockerfile, [this](const Run& run, const PackageManager& manager) {
          const auto lack = lack_at_.find({&run, &manager});
          return lack != lack_at_.end() && has_packages(lacks_[lack->second]);
        }) {
    for (const Step& step : dockerfile.graph().steps) {
      for (const plan::Read& read : step.reads) {
        if (read.origin == plan::Read::Origin::kStage) stage_reads_.push_back(&read);
      }
    }
  }

  void all() {
    for (const Run& run : dockerfile_.runs())
      look_at(run);
    for (size_t i = 0; i < lacks_.size(); ++i)
      lack_at_.emplace(std::pair(lacks_[i].run, &lacks_[i].manager()), i);
    for (const Lack& lack : lacks_)
      fixes_.push_back(make_fix(lack));
    for (size_t i = 0; i < lacks_.size(); ++i) {
      const Lack& lack = lacks_[i];
      const std::string need = needed_by(lack);
      const Obstacle obstacle = find_obstacle_for(lack);
      if (fixes_[i] && fixes_[i]->is_safe())
        fixes_[i]->unsafe_because = risk_for_others(lack, need, obstacle);
      if (!need.empty() && breaks_offline_step(lack)) fixes_[i].reset();
      if (has_packages(lack) && (!fixes_[i] || !fixes_[i]->is_safe())) unmounted_.push_back(&lack);
      report(lack, need, obstacle, fixes_[i]);
    }
  }

 private:
  static bool has_packages(const Lack& lack) {
    return std::ranges::any_of(lack.caches, [](const MissingCache& one) { return one.cache->used_from; });
  }

  // Whether a later step takes what this one downloads from the layer, and downloads nothing: without the
  // layer it fails in every build.
  bool breaks_offline_step(const Lack& lack) {
    const size_t stage = step_of(*lack.run).stage;
    return std::ranges::any_of(dockerfile_.runs(), [&](const Run& run) {
      if (!run.step || *run.step <= *lack.run->step ||
          !dockerfile_.graph().starts_from(step_of(run).stage, stage))
        return false;
      return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
        return calls(lack.manager(), command) && is_offline(dockerfile_, run, lack.manager(), command) &&
               !is_any_mounted(dockerfile_, run, lack.manager(), &command);
      });
    });
  }

  // Whether an earlier RUN leaves packages in its layer that a mount would hide: they would be downloaded
  // again.
  bool hides_downloads(const Lack& lack) const {
    return has_packages(lack) && std::ranges::any_of(unmounted_, [&](const Lack* earlier) {
             return &earlier->manager() == &lack.manager() &&
                    dockerfile_.graph().starts_from(step_of(*lack.run).stage, step_of(*earlier->run).stage);
           });
  }

  // Why another step, or the image, may not work with the mount; empty if all of them do.
  std::string risk_for_others(const Lack& lack, const std::string& need, const Obstacle& obstacle) const {
    if (!need.empty())
      return fmt::format("{} may need what this step downloads, and what is in a mount is not in the image",
                         need);
    if (!obstacle.step.empty())
      return fmt::format("if the mount is empty, {} downloads again, and {}", obstacle.step, obstacle.reason);
    if (hides_downloads(lack))
      return "the mount hides what an earlier step downloaded, and it is downloaded again";
    return {};
  }

  void look_at(const Run& run) {
    if (!run.step || is_without_network(run)) return;
    const Step& step = step_of(run);
    const std::string_view user = unknown_user(dockerfile_, step);
    const size_t first = lacks_.size();
    for (const Use& use : uses_of(dockerfile_, run)) {
      if (opts_out_by_variable(dockerfile_, run, use) || only_stores(use)) continue;
      // It takes what is in the layers, and a mount would hide that.
      if (is_offline(dockerfile_, run, *use.manager, *use.command)) continue;
      // One of apt's two mounts without the other is DC1004's.
      if (use.manager->name == "apt" && is_any_mounted(dockerfile_, run, *use.manager, use.command)) continue;
      const bool vendored = is_vendored(dockerfile_, use, step);
      for (const std::string_view name : use.action->caches) {
        const Cache& cache = use.manager->cache(name);
        if ((vendored && cache.used_from) || compiles_all(use, cache)) continue;
        // The layer is what a CI runner imports; it has no mounts (DC3009).
        if (cache.used_from && has_layers_without_mounts(dockerfile_)) continue;
        // A mount would hide the lists that a layer below has, or keep them from a later RUN.
        if (use.manager->name == "apt" && name == "lists" && needs_apt_lists_in_layer(dockerfile_, run))
          continue;
        if (is_mounted(dockerfile_, run, *use.manager, cache, use.command)) continue;
        auto path = cache_path(dockerfile_, run, *use.manager, cache, use.command);
        // That is how to keep nothing.
        if (path == "/dev/null") continue;
        // Without a known user it is not known whose home that is.
        if (!user.empty() && path && text::is_within(*path, "/root")) path.reset();
        if (!user.empty() && is_mounted_in_home(run, cache)) continue;
        if (path && is_taken(*path, step)) continue;
        add(run, use, apart(run, use, {&cache, std::move(path)}), first);
      }
    }
  }

  bool is_shared(const Run& run, const Cache& cache, const std::string& folder) {
    const auto [known, is_new] = is_shared_.try_emplace({&run, &cache, folder});
    if (is_new) known->second = is_shared_folder(step_of(run), cache, folder);
    return known->second;
  }

  // The cache's own part of a folder that other files are in too; without a path if it has none.
  MissingCache apart(const Run& run, const Use& use, MissingCache lacking) {
    if (!lacking.path) return lacking;
    const Cache& cache = *lacking.cache;
    if (!cache.own_part.empty() && is_shared(run, cache, *lacking.path))
      lacking.path = text::join_path(*lacking.path, cache.own_part);
    if (is_shared(run, cache, *lacking.path) || shares_folder(run, *use.manager, *lacking.path)) {
      lacking.shared = *std::move(lacking.path);
      lacking.path.reset();
    }
    return lacking;
  }

  // has_other_files(), once for all uses of a manager in a RUN.
  bool shares_folder(const Run& run, const PackageManager& manager, const std::string& folder) {
    const auto [known, is_new] = shares_folder_.try_emplace({&run, &manager, folder});
    if (is_new) known->second = has_other_files(dockerfile_, run, manager, folder);
    return known->second;
  }

  // Whether a mount of the RUN is at the cache's folder in some home.
  static bool is_mounted_in_home(const Run& run, const Cache& cache) {
    return cache.path.starts_with("~/") &&
           std::ranges::any_of(run.mounts, [&](const dockerfile::Mount& mount) {
             return mount.target.ends_with(cache.path.substr(1));
           });
  }

  void add(const Run& run, const Use& use, MissingCache lacking, size_t first) {
    const auto same = std::find_if(lacks_.begin() + static_cast<std::ptrdiff_t>(first), lacks_.end(),
                                   [&](const Lack& lack) { return &lack.manager() == use.manager; });
    Lack& lack = same == lacks_.end() ? lacks_.emplace_back(Lack{&run, {use}, {}}) : *same;
    const auto is_same = [&](const MissingCache& one) {
      return one.cache == lacking.cache && one.path == lacking.path;
    };
    if (std::ranges::none_of(lack.caches, is_same)) lack.caches.push_back(std::move(lacking));
    if (lack.uses.back().command != use.command) lack.uses.push_back(use);
    if (const auto user = other_user(step_of(run), run, *use.command))
      lack.other_user = read_owner(user->name);
    if (const std::string_view user = unknown_user(dockerfile_, step_of(run));
        !user.empty() && !lack.other_user)
      lack.other_user = Owner{std::string(user), std::string(user)};
  }

  // Whether somebody copies out of the cache's folder: then it has to be in a layer.
  bool is_taken(std::string_view path, const Step& maker) const {
    for (const plan::Read* read : stage_reads_) {
      if (!dockerfile_.graph().starts_from(read->stage, maker.stage)) continue;
      for (const plan::Selector& selector : read->selectors) {
        if (text::is_within(selector.path, path) ||
            (selector.path != "/" && text::is_within(path, selector.path)))
          return true;
      }
    }
    return false;
  }

  const Step& step_of(const Run& run) const { return dockerfile_.graph().steps[*run.step]; }

  // Whether one mount serves several base images: Go's keys contain the compiler, but not the C libraries.
  bool tells_bases_apart(const Lack& lack) {
    return lack.manager().name == "go" && !risks_.may_compile_c(*lack.run);
  }

  // The option with the mount's own id; empty for none.
  std::string id_of(const Lack& lack, const MissingCache& missing) {
    if (tells_bases_apart(lack)) return {};
    const std::string id =
        mount_id(dockerfile_, step_of(*lack.run), lack.manager(), *missing.cache, missing.path);
    return id.empty() ? id : "id=" + id;
  }

  std::optional<lint::Fix> make_fix(const Lack& lack) {
    const Run& run = *lack.run;
    const Step& step = step_of(run);
    if (!lack.is_known() || lack.other_user || !is_numbered(owner_of(step)) || run.onbuild ||
        !links_of(lack).empty() || risks_.stored_before(run, lack.manager()) != nullptr)
      return std::nullopt;
    // Without `from=` a cache mount starts from the stage of that name, if there is one.
    if (dockerfile_.graph().find_stage("scratch") != nullptr) return std::nullopt;
    if (!run.shell_form && std::ranges::any_of(lack.uses, opts_out)) return std::nullopt;
    if (!std::ranges::all_of(lack.caches, [&](const MissingCache& one) { return is_free(run, *one.path); }) ||
        has_syntax_below(dockerfile_.file(), kSyntaxOfMounts))
      return std::nullopt;
    lint::Fix fix;
    fix.description = lack.caches.size() == 1 ? "add the cache mount" : "add the cache mounts";
    std::vector<std::string> flags;
    for (const MissingCache& one : lack.caches)
      flags.push_back(mount_flag(*one.cache, id_of(lack, one), *one.path, owner_of(step)));
    fix.edits.push_back(insert_flags(run, dockerfile_.file(), flags));
    Removal removal(run, dockerfile_.file());
    for (const Use& use : lack.uses) {
      if (run.shell_form) remove_opt_out(use, removal);
    }
    if (!remove_clean_ups(dockerfile_, run, lack.manager(), removal)) return std::nullopt;
    const auto removed = removal.edits();
    if (!removed || is_in_the_way(lack, removal)) return std::nullopt;
    fix.unsafe_because = risk_of_mount(lack, removal);
    fix.edits.insert(fix.edits.end(), removed->begin(), removed->end());
    if (lack.manager().name == "apt") {
      if (!run.shell_form || run.in_heredoc || !all_in_one_list(run)) return std::nullopt;
      remove_apt_hook(run, fix.edits);
    }
    return fix;
  }

  // What tells one of the uses to install links into the cache; empty for nothing.
  std::string links_of(const Lack& lack) const {
    for (const Use& use : lack.uses) {
      if (std::string links = links_by(dockerfile_, *lack.run, use); !links.empty()) return links;
    }
    return {};
  }

  // Whether a mount can be put there: no other mount is around it or in it, and the path can be written in a
  // flag.
  static bool is_free(const Run& run, std::string_view path) {
    const bool plain = std::ranges::all_of(path, [](char c) {
      const bool letter = text::ascii_lower(c) >= 'a' && text::ascii_lower(c) <= 'z';
      return letter || (c >= '0' && c <= '9') || std::string_view("/._-+@").find(c) != std::string_view::npos;
    });
    return plain && std::ranges::none_of(run.mounts, [&](const dockerfile::Mount& mount) {
             const std::string target = text::clean_path(mount.target);
             return mount.target.starts_with('/') &&
                    (text::is_within(path, target) || text::is_within(target, path));
           });
  }

  // Who may not know mounts without being told what syntax to fetch, as a clause; empty for nobody.
  std::string find_old_builder() const {
    constexpr int kFirst = 23;  // Docker 23.0 builds with BuildKit
    if (std::string builder = refused_by_builder(dockerfile_, BuildkitFeature::kMount); !builder.empty())
      return builder;
    const std::string& minimum = dockerfile_.config().minimum_engine;
    int major = 0;
    std::from_chars(minimum.data(), minimum.data() + minimum.size(), major);
    if (minimum.empty() || dockerfile_.file().directive("syntax") || major >= kFirst) return {};
    return fmt::format("Docker {}, the oldest that the settings allow, may refuse mounts", minimum);
  }

  // Why the mount may change something else than where the package manager keeps its files, as a clause;
  // empty if it can't, whatever user runs the step and whatever other builders have.
  std::string risk_of_mount(const Lack& lack, const Removal& removal) {
    const Run& run = *lack.run;
    const std::string_view name = lack.manager().name;
    if (lack.manager().unsafe_fix)
      return fmt::format(
          "builds of other images and platforms share the mount, and a later step may need what {} "
          "keeps in the layer",
          name);
    for (const MissingCache& one : lack.caches) {
      if (const shell::Command* command = find_command_near(dockerfile_, run, *one.path, removal))
        return fmt::format("'{}' in this RUN may use {}", short_form(*command), *one.path);
    }
    // Another user would find the folders around the mount to be root's.
    if (!has_root_user(dockerfile_, step_of(run)))
      return "the base image may run this step as another user than root, and the mount belongs to root";
    for (const Use& use : lack.uses) {
      if (may_keep_old(use))
        return fmt::format("{} may take a package from the mount although its sources have changed", name);
      if (links_into_store(use))
        return fmt::format("{} may install links into the mount, which is not in the image", name);
      if (std::string risk = risk_of_use(lack, use); !risk.empty()) return risk;
    }
    if (shares_mount_between_bases(lack))
      return "definitions build this stage on several base images, which would share the mount";
    if (name == "go" && risks_.may_compile_c(run))
      return "the Go build cache does not notice new versions of C libraries";
    if (std::string risk = has_packages(lack) ? risk_for_packages(lack) : std::string(); !risk.empty())
      return risk;
    return find_old_builder();
  }

  // Whether several base images would share a mount whose files are for one of them.
  bool shares_mount_between_bases(const Lack& lack) {
    const bool compiled =
        std::ranges::any_of(lack.caches, [](const MissingCache& one) { return one.cache->compiled; });
    return compiled && !tells_bases_apart(lack) && has_unseen_base(dockerfile_, step_of(*lack.run));
  }

  // The same of what one use installs.
  std::string risk_of_use(const Lack& lack, const Use& use) {
    const Run& run = *lack.run;
    if (const std::string source = local_source_of(dockerfile_, run, use); !source.empty())
      return fmt::format(
          "{} names files as a source of packages, and one that was replaced under its version may be "
          "taken from the mount",
          source);
    if (has_downloaded_manifests(dockerfile_, run, use))
      return "the project is downloaded in a step, and nothing is known of what its manifests ask for";
    if (const std::string version = moving_version_of(dockerfile_, use); !version.empty())
      return fmt::format("with a mount, '{}' may give an older version than without one", version);
    const bool keeps_compiled =
        std::ranges::any_of(lack.caches, [](const MissingCache& one) { return one.cache->compiled; });
    if (lack.manager().name != "go" && keeps_compiled && risks_.may_compile(run, use))
      return fmt::format(
          "{} keeps what it compiles here in the mount, and takes it from there when the C libraries of the "
          "image "
          "have changed",
          lack.manager().name);
    return {};
  }

  // The same for a folder that packages are used from.
  std::string risk_for_packages(const Lack& lack) {
    const Run& run = *lack.run;
    const std::string_view name = lack.manager().name;
    if (has_credentials(run))
      return "a later step that has to download again may lack the credentials or the source that this one "
             "has";
    if (risks_.may_be_filled(run, lack.manager()))
      return fmt::format(
          "an earlier step may have put packages of {} into the image, and the mount hides them", name);
    for (const Use& use : lack.uses) {
      if (has_own_settings(use))
        return fmt::format("'{}' names its settings, and a later step that downloads again may not",
                           short_form(*use.command));
      if (keeps_own_packages(use))
        return fmt::format(
            "'{}' also puts the project's own packages into the folder, where builds of other "
            "versions find them",
            short_form(*use.command));
    }
    return {};
  }

  // Whether a mount would hide what is below its target, or keep another command of the RUN from what it does
  // there.
  bool is_in_the_way(const Lack& lack, const Removal& removal) {
    return std::ranges::any_of(lack.caches, [&](const MissingCache& one) {
      return hides_files(dockerfile_, *lack.run, *one.path) ||
             is_touched(step_of(*lack.run), *lack.run, lack.manager(), *one.path, removal);
    });
  }

  void report(const Lack& lack, const std::string& need, const Obstacle& obstacle,
              std::optional<lint::Fix> fix) {
    const Run& run = *lack.run;
    const Step& step = step_of(run);
    const PackageManager& manager = lack.manager();
    const Owner owner = lack.other_user.value_or(owner_of(step));
    std::vector<std::string> folders, flags;
    for (const MissingCache& one : lack.caches) {
      if (one.path) folders.push_back(*one.path);
      flags.push_back(mount_flag(*one.cache, id_of(lack, one), one.path.value_or("FOLDER"), owner));
    }
    const bool keeps_nothing = std::ranges::all_of(lack.uses, opts_out);
    if (keeps_nothing && is_small(lack)) return;
    std::vector<std::string_view> caches;
    for (const MissingCache& one : lack.caches) {
      if (std::ranges::find(caches, one.cache->name) == caches.end()) caches.push_back(one.cache->name);
    }
    const Loss loss = loss_of(manager, caches);
    const std::string where = lack.is_known() ? fmt::format(" ({})", fmt::join(folders, " and ")) : "";
    const std::string what = keeps_nothing ? fmt::format("{} is told not to keep its downloads", manager.name)
                             : manager.name == "apk"  // without the folder it keeps the index alone
                                 ? std::string("apk keeps packages only in a cache folder that exists")
                                 : fmt::format("{}{} {} not kept between builds", loss.caches, where,
                                               loss.caches.ends_with('s') ? "are" : "is");
    const std::string edited = rebuilding_file(dockerfile_, step, manager.manifests);
    const std::string when = edited.empty() ? "" : fmt::format(", for example after editing {},", edited);
    std::string remedy = fmt::format("{}write RUN {}", changes_first(lack), fmt::join(flags, " "));
    if (const std::string_view shared = lack.shared(); !shared.empty()) {
      remedy += fmt::format(
          ", and give {} a cache folder of its own: other files are in {} too, and what is in a mount is not "
          "in the image",
          manager.name, shared);
    } else if (!lack.is_known() && !manager.ask.empty()) {
      remedy += fmt::format(", with the folder that '{}' prints", fmt::join(manager.ask, "' or '"));
    }
    if (!is_numbered(owner))
      remedy += fmt::format(", and the numbers of the user {} as UID and GID", owner.user);
    remedy += steps_beside(lack);
    // A fix says the reason itself.
    if (!need.empty()) {
      remedy += fmt::format(", and make sure that {} gets these files too{}", need,
                            fix ? "" : ": what is in a mount is not in the image");
    } else if (!obstacle.step.empty()) {
      remedy += fmt::format(", and make sure that {} can download too: it has to if the mount is empty{}",
                            obstacle.step, fix ? std::string() : ", and " + obstacle.reason);
    }
    if (const std::string builder = refused_by_builder(dockerfile_, BuildkitFeature::kMount);
        !builder.empty())
      remedy += "; " + builder;
    if (is_built_in_ci_alone(dockerfile_))
      remedy +=
          "; on CI runners that start empty the mount is empty too: store the layer there, with cache-to "
          "and mode=max";
    lint::Diagnostic& diagnostic = reporter_.report(
        run.span_of(lack.uses.front().command->spelling),
        fmt::format("{}: every rebuild of this step{} {} again", what, when, loss.work), std::move(remedy));
    // The layer is as small as with a mount.
    if (keeps_nothing) diagnostic.level = lint::Level::kInfo;
    diagnostic.aliases.assign(manager.cleaning_rules.begin(), manager.cleaning_rules.end());
    diagnostic.fix = std::move(fix);
  }

  // What has to be changed for a mount not to break the build, as the start of a remedy; empty for nothing.
  std::string changes_first(const Lack& lack) {
    if (const std::string links = links_of(lack); !links.empty())
      return fmt::format("remove {}, since links into a mount lead nowhere in the image, and ", links);
    if (const shell::Command* const stored = risks_.stored_before(*lack.run, lack.manager()))
      return fmt::format("move '{}' into this RUN, since a mount hides what it stores in the layer, and ",
                         storing_words(*stored));
    const bool hidden = std::ranges::any_of(lack.caches, [&](const MissingCache& one) {
      return one.path && hides_files(dockerfile_, *lack.run, *one.path);
    });
    return hidden
               ? "find another place for the files that an earlier step puts into this folder, since a mount "
                 "hides them, and "
               : "";
  }

  // Whether it installs so little that a mount hardly saves time: a few packages by name. Who asks for all
  // findings, or for this rule, gets it.
  bool is_small(const Lack& lack) const {
    constexpr size_t kFewPackages = 10;
    const lint::Config& config = dockerfile_.config();
    if (config.profile != lint::Profile::kDefault || !config.select.empty()) return false;
    size_t packages = 0;
    for (const Use& use : lack.uses) {
      if (use.installs_dependencies) return false;
      packages += named_packages(use);
    }
    return packages < kFewPackages;
  }

  // What has to go for the mounts to keep anything, in words: options, and commands that empty the folders.
  std::string steps_beside(const Lack& lack) {
    const PackageManager& manager = lack.manager();
    std::vector<std::string_view> gone;
    for (const Use& use : lack.uses) {
      for (const std::string_view option : manager.opt_out) {
        if (shell::has_word(use.command->words, option) && std::ranges::find(gone, option) == gone.end())
          gone.push_back(option);
      }
    }
    for (const shell::Command& command : lack.run->commands) {
      if (empties_caches(manager, command) || removes_any(lack, command)) gone.push_back(command.spelling);
    }
    std::string words;
    if (manager.name == "apt" && lack.run->script.find("docker-clean") == std::string_view::npos)
      words = ", run rm -f /etc/apt/apt.conf.d/docker-clean first";
    if (!gone.empty()) words += fmt::format(", and remove '{}'", fmt::join(gone, "' and '"));
    return words;
  }

  bool removes_any(const Lack& lack, const shell::Command& command) const {
    const auto words = shell::invocation(command);
    if (shell::program_of(words) != "rm" || lack.run->onbuild) return false;
    return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
      const size_t end = word.text.ends_with("/*") ? word.text.size() - 2 : word.text.size();
      const auto path = path_in(word.text.substr(0, end), step_of(*lack.run));
      return path && std::ranges::any_of(lack.caches, [&](const MissingCache& one) {
               // A folder around the mount can't be removed either.
               return one.path && (text::is_within(*path, *one.path) || text::is_within(*one.path, *path));
             });
    });
  }

  // Who needs what the mount would take out of the layer, in words; empty for nobody.
  std::string needed_by(const Lack& lack) {
    const PackageManager& manager = lack.manager();
    const LaterNeeds needs{.manager = &manager,
                           .used_from = has_packages(lack),
                           .has_mount = [&](const Run& run) { return will_have_mounts(run, manager); }};
    std::string need = needed_later(dockerfile_, *lack.run, needs);
    for (const MissingCache& one : lack.caches) {
      if (need.empty() && one.path) need = taken_later(dockerfile_, *lack.run, *one.path);
      // Where the official image has a link to.
      constexpr std::string_view kLink = "/root/.gradle", kFolder = "/home/gradle/.gradle";
      if (need.empty() && one.path && text::is_within(*one.path, kLink)) {
        need =
            taken_later(dockerfile_, *lack.run, std::string(kFolder).append(one.path->substr(kLink.size())));
      }
    }
    return need;
  }

  // The step that may lack what lets this RUN download. A system package manager's fix is never safe.
  Obstacle find_obstacle_for(const Lack& lack) {
    if (lack.manager().unsafe_fix) return {};
    std::vector<std::string_view> caches;
    for (const MissingCache& one : lack.caches)
      caches.push_back(one.cache->name);
    Obstacle obstacle = find_obstacle(dockerfile_, *lack.run, lack.manager(), caches);
    if (obstacle.step == fmt::format("line {}", lack.run->instruction->start_line))
      obstacle.step = "this step";
    return obstacle;
  }

  // Whether a RUN has the caches mounted that packages are used from, or can get them.
  bool will_have_mounts(const Run& run, const PackageManager& manager) {
    if (const auto lack = lack_at_.find({&run, &manager}); lack != lack_at_.end())
      // Without an unsafe one, what is downloaded here would not be found there.
      return fixes_[lack->second] && fixes_[lack->second]->is_safe();
    return std::ranges::all_of(uses_of(dockerfile_, run), [&](const Use& use) {
      return use.manager != &manager || std::ranges::all_of(use.action->caches, [&](std::string_view name) {
               const Cache& cache = manager.cache(name);
               return !cache.used_from || is_mounted(dockerfile_, run, manager, cache, use.command);
             });
    });
  }

  Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
  MountRisks risks_;
  std::vector<const plan::Read*> stage_reads_;  // of all steps
  std::vector<Lack> lacks_;
  std::map<std::pair<const Run*, const PackageManager*>, size_t> lack_at_;  // its place among them
  std::map<std::tuple<const Run*, const PackageManager*, std::string>, bool> shares_folder_;
  std::map<std::tuple<const Run*, const Cache*, std::string>, bool> is_shared_;
  std::vector<std::optional<lint::Fix>> fixes_;  // of each lack
  std::vector<const Lack*> unmounted_;           // of packages, without a safe fix
};

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check(dockerfile, reporter).all();
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/cache/optimize/#use-cache-mounts",
    "https://docs.docker.com/reference/dockerfile/#run---mounttypecache"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1003",
      .name = "missing-cache-mount",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kSafe,
      .summary = "A package manager or compiler runs without a cache mount for its cache",
      .rationale =
          "A step that rebuilds starts from the layers below it. What the package manager downloaded last "
          "time "
          "is gone, so one changed line in a lock file downloads everything again. The builder keeps a mount "
          "of type `cache` between builds; it is not part of any layer or cache key. With it only what "
          "changed is downloaded or compiled, and the image does not grow.\n\n"
          "A package manager that is told to keep nothing (`--no-cache-dir`, `--no-cache`) makes the layer "
          "as "
          "small as a mount does; then the finding is an info. If it installs fewer than ten packages by "
          "name, the default profile does not report it: a mount would save little.\n\n"
          "A mount is shared by all images that are built on the machine. pip, uv, Poetry, Pipenv and pnpm "
          "keep what they compiled, and do not tell Alpine's C library (musl) from that of other "
          "distributions. So do cabal and stack, and Go with cgo. On an image that is known to be Alpine's "
          "their mount has an `id` of its own. So it has, with the name of the base image, where Dockerfiles "
          "of the repository run them on several base images.\n\n"
          "`RUN --mount` needs BuildKit. Docker's classic builder refuses it (Docker Engine before 23.0, "
          "`DOCKER_BUILDKIT=0`, and `gcr.io/cloud-builders/docker` in Cloud Build unless the step sets "
          "`DOCKER_BUILDKIT=1`), and kaniko does not know it.\n\n"
          "A CI runner that starts empty has empty mounts, and no cache export contains them. If only CI "
          "builds "
          "the image, the finding says so: there, a layer cache helps (`cache-to` with `mode=max`), and a "
          "Dockerfile in "
          "which few edits rebuild this step. If CI imports such a cache, "
          "folders that packages are used from, such as Go's modules, are better in the layer, and there is "
          "no finding about them.",
      .fix_note =
          "Adds the mounts, with the numeric owner if the stage runs as another user than root, and removes "
          "options such as `--no-cache-dir` that would bypass them. The fix is unsafe\n\n"
          "- for system package managers;\n"
          "- if the image may run as another user than root;\n"
          "- if another command of the RUN may use the folder (a program of the project, a path that is not "
          "known);\n"
          "- if a file of the project names a builder that refuses or ignores mounts: kaniko, Docker's "
          "classic "
          "builder (`DOCKER_BUILDKIT=0`, an image of Docker before 23.0, `gcr.io/cloud-builders/docker`, "
          "Skaffold "
          "without `useBuildkit`, Bitbucket Pipelines without `DOCKER_BUILDKIT=1`, plugins of Maven and "
          "Gradle, Terraform's `docker_image` without `builder`), `az acr build`, `gcloud run deploy "
          "--source`, Heroku, App Engine, AWS SAM, CapRover; Railway wants the "
          "id of "
          "a service. A Dockerfile that has mounts, heredocs or a `# syntax=` line is not built by them;\n"
          "- if the project is downloaded in a step (`git clone`), so that nothing is known of its "
          "manifests;\n"
          "- if its manifests ask for versions that move, such as Maven's SNAPSHOT, `1.+` of Gradle or `1.*` "
          "of "
          "NuGet: without a mount each run takes the newest, with one they may be a day old;\n"
          "- if packages come from files of the project, such as `--find-links ./wheels`, a feed of NuGet in "
          "a folder, or `path =` in the sources of uv: one that was replaced under its version may not be "
          "noticed;\n"
          "- if definitions build the stage on several base images, and the stage has no argument that tells "
          "them apart in the `id` of the mount;\n"
          "- if packages are compiled, since a compiler or headers of C libraries are installed in the "
          "stage, and "
          "the package manager keeps them: later base images may have other C libraries;\n"
          "- if a later step, another stage or the command of the image may need what is downloaded: what is "
          "in a mount is not in the image, and a builder that reuses the layer may have an empty mount. That "
          "includes a stage that a definition, a script or a README of the project builds by its name "
          "(`--target`), what such a file starts in the image, and a class path in a file;\n"
          "- if a later step may have to download again and lack the credentials or settings that this one "
          "has: an "
          "earlier "
          "step removes or changes them, or a variable or the user is another one there;\n"
          "- if a mount may hide packages of an earlier step, or keep outdated files, such as objects that "
          "were "
          "compiled with older C libraries.\n\n"
          "There is no fix if something is installed into the folder, or other programs use it too "
          "(`~/.cache`); "
          "if the folder or the user is not known (`USER $NAME` with a variable of the base "
          "image), if the stage has put files below the folder, if another mount is in the way, if `sudo`, "
          "`gosu` or similar run the command as another user, if the RUN does something else with the "
          "folder, if an earlier step stores files in the cache (`npm cache add`), if what is installed are "
          "links into it (`UV_LINK_MODE=symlink`), or if a clean-up of the cache is not between two `&&` or "
          "at "
          "the end of the RUN.",
      .bad = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\n"},
      .good = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\n"
               "RUN --mount=type=cache,target=/go/pkg/mod go mod download\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC1003
