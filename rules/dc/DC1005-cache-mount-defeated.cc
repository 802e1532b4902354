#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/invocations.h"
#include "rules/package_managers.h"

namespace dcache::rules::DC1005 {
namespace {

using lint::Dockerfile;
using lint::Run;

// The mount that a path of `rm` is in; null for none.
const dockerfile::Mount* mount_around(const Run& run, std::string_view path) {
  const size_t star = path.find_first_of("*?[");
  if (star != std::string_view::npos) path = path.substr(0, path.rfind('/', star));
  if (!path.starts_with('/')) return nullptr;
  const std::string clean = text::clean_path(path);
  for (const dockerfile::Mount& mount : run.mounts) {
    if (mount.type != dockerfile::Mount::Type::kCache || !mount.target.starts_with('/')) continue;
    const std::string target = text::clean_path(mount.target);
    const bool lists = target == "/var/lib/apt" && clean == "/var/lib/apt/lists";
    if (clean == target || lists) return &mount;
  }
  return nullptr;
}

class Check {
 public:
  Check(Dockerfile& dockerfile, lint::Reporter& reporter) : dockerfile_(dockerfile), reporter_(reporter) {}

  void run(const Run& run) {
    const bool caches = std::ranges::any_of(run.mounts, [](const dockerfile::Mount& mount) {
      return mount.type == dockerfile::Mount::Type::kCache;
    });
    if (!run.step || !caches) return;
    for (const Use& use : uses_of(dockerfile_, run)) {
      if (has_its_mount(run, *use.manager, use.command)) opt_outs(run, use);
    }
    for (size_t i = 0; i < run.commands.size(); ++i)
      clean_ups(run, i);
  }

 private:
  void opt_outs(const Run& run, const Use& use) {
    for (const shell::Word& word : use.command->words) {
      if (std::ranges::find(use.manager->opt_out, word.text) == use.manager->opt_out.end()) continue;
      lint::Diagnostic& diagnostic =
          reporter_.report(run.span_of(word.spelling),
                           fmt::format("{} keeps {} from using the cache that is mounted for it", word.text,
                                       use.manager->name),
                           fmt::format("remove {}", word.text));
      if (!run.shell_form || run.onbuild) continue;
      Removal removal(run, dockerfile_.file());
      removal.word(word);
      offer(removal, fmt::format("remove {}", word.text), diagnostic);
      if (diagnostic.fix && use.manager->unsafe_fix)
        diagnostic.fix->unsafe_because = reason_to_keep_nothing(*use.manager);
    }
  }

  void clean_ups(const Run& run, size_t index) {
    const shell::Command& command = run.commands[index];
    for (const PackageManager& manager : package_managers()) {
      // A cache that is not mounted would stay in the layer without the clean-up.
      if (empties_caches(manager, command) && is_used(run, manager) && has_its_mount(run, manager, nullptr))
        return report(run, index, fmt::format("the cache that is mounted for {}", manager.name),
                      manager.unsafe_fix ? reason_to_keep_nothing(manager)
                      : are_all_mounted(run, manager)
                          ? std::string()
                          : fmt::format("'{}' may empty folders too that are not in a mount, and they would "
                                        "stay in the image",
                                        short_form(command)));
    }
    if (command.program() != "rm") return;
    for (const shell::Word& word : command.words) {
      const dockerfile::Mount* mount = mount_around(run, word.text);
      if (mount != nullptr)
        return report(run, index, fmt::format("the cache mount {}", mount->target),
                      is_known(run, *mount)
                          ? std::string()
                          : fmt::format("another command may expect {} to be empty", mount->target),
                      &word);
    }
  }

  // Why a package manager of the system may be told not to use the mount.
  static std::string reason_to_keep_nothing(const PackageManager& manager) {
    return fmt::format("the package lists of {} in the mount may be old, or those of another platform",
                       manager.name);
  }

  // Where the RUN does not call it, a mount is hardly its own.
  bool is_used(const Run& run, const PackageManager& manager) const {
    return std::ranges::any_of(uses_of(dockerfile_, run),
                               [&](const Use& use) { return use.manager == &manager; });
  }

  // A mount whose folder tells nothing is that of the package manager only if the RUN calls no other.
  bool has_its_mount(const Run& run, const PackageManager& manager, const shell::Command* command) const {
    const bool alone = std::ranges::all_of(uses_of(dockerfile_, run),
                                           [&](const Use& use) { return use.manager == &manager; });
    if (alone) return is_any_mounted(dockerfile_, run, manager, command);
    return std::ranges::any_of(manager.caches, [&](const Cache& cache) {
      return is_mounted_for_sure(dockerfile_, run, manager, cache, command);
    });
  }

  bool are_all_mounted(const Run& run, const PackageManager& manager) const {
    return std::ranges::all_of(manager.caches, [&](const Cache& cache) {
      return is_mounted_for_sure(dockerfile_, run, manager, cache, nullptr);
    });
  }

  // Whether a package manager that the RUN calls has its cache there, and none of the system. Others may
  // count on finding it empty.
  bool is_known(const Run& run, const dockerfile::Mount& mount) const {
    const std::string target = text::clean_path(mount.target);
    const auto is_there = [&](const Use& use) {
      return std::ranges::any_of(use.manager->caches, [&](const Cache& cache) {
        const auto path = cache_path(dockerfile_, run, *use.manager, cache, use.command);
        return path && (text::is_within(*path, target) || text::is_within(target, *path));
      });
    };
    const auto uses = uses_of(dockerfile_, run);
    return std::ranges::any_of(uses, is_there) && std::ranges::none_of(uses, [&](const Use& use) {
             return use.manager->unsafe_fix && is_there(use);
           });
  }

  // `word` is the one of `rm` that does it, null where the whole command does.
  void report(const Run& run, size_t index, const std::string& what, std::string unsafe_because,
              const shell::Word* word = nullptr) {
    const shell::Command& command = run.commands[index];
    lint::Diagnostic& diagnostic =
        reporter_.report(run.span_of(command.spelling),
                         fmt::format("this empties {}, so the next build finds nothing in it", what),
                         "remove this command: a mount is not part of the layer");
    const auto is_operand = [](const shell::Word& one) { return !one.text.starts_with('-'); };
    const bool several = word != nullptr && std::ranges::count_if(command.words, is_operand) > 2;
    if (run.onbuild || !run.shell_form) return;
    Removal removal(run, dockerfile_.file());
    if (several) removal.word(*word);
    if (several || removal.command(index)) offer(removal, "remove the command", diagnostic);
    if (diagnostic.fix) diagnostic.fix->unsafe_because = std::move(unsafe_because);
  }

  static void offer(const Removal& removal, std::string description, lint::Diagnostic& diagnostic) {
    auto edits = removal.edits();
    if (!edits) return;
    diagnostic.fix = lint::Fix{};
    diagnostic.fix->description = std::move(description);
    diagnostic.fix->edits = std::move(*edits);
  }

  Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
};

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check check(dockerfile, reporter);
  for (const Run& run : dockerfile.runs())
    check.run(run);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#run---mounttypecache"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1005",
          .name = "cache-mount-defeated",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kSafe,
          .summary = "A cache mount is emptied or bypassed by the RUN that has it",
          .rationale =
              "A cache mount keeps what a package manager downloaded for the next build. If an option "
              "tells the package manager not to use its cache, or if the RUN deletes the cache at its "
              "end, the mount is empty every time and saves nothing. Deleting is not needed either: a "
              "mount is not part of the layer.",
          .fix_note =
              "Removes the option, or the command that deletes, if it comes after `&&` and only `&&` or the "
              "end of the RUN comes after it. The fix is unsafe for system package managers, if not all "
              "caches of the package "
              "manager are mounted, and for a mount that is not a package manager's: later commands may "
              "expect an empty folder.",
          .bad = {"FROM python:3.12\n"
                  "RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir flask==3.0.3\n"},
          .good = {"FROM python:3.12\n"
                   "RUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.0.3\n"},
          .references = kReferences,
          .needs_buildkit = true,
          .check = check};
}

}  // namespace dcache::rules::DC1005
