#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/edits.h"
#include "rules/package_lists.h"

namespace dcache::rules::DC1004 {
namespace {

using lint::Dockerfile;
using lint::Run;

constexpr std::string_view kFolders[] = {"/var/cache/apt", "/var/lib/apt"};

// Whether the mount keeps a folder of apt, or a part of it.
bool keeps(const dockerfile::Mount& mount, std::string_view folder) {
  if (mount.type != dockerfile::Mount::Type::kCache) return false;
  const std::string target = text::clean_path(mount.target);
  return text::is_within(target, folder) || text::is_within(folder, target);
}

bool keeps_any(const dockerfile::Mount& mount) {
  return std::ranges::any_of(kFolders, [&](std::string_view folder) { return keeps(mount, folder); });
}

bool runs_apt(const Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    const auto words = shell::invocation(command);
    const std::string_view program = shell::program_of(words);
    return (program == "apt-get" || program == "apt") && shell::has_word(words, "install");
  });
}

bool names_hook(std::string_view text) {
  return text.find("docker-clean") != std::string_view::npos ||
         text.find("Keep-Downloaded-Packages") != std::string_view::npos;
}

// The script that a command starts; empty for none.
std::string_view script_of(const shell::Command& command) {
  const auto words = shell::invocation(command);
  if (words.empty()) return {};
  const std::string_view program = words.front().text;
  const std::string_view started = shell::program_of(words);
  if (shell::is_posix_shell(started) || started == "." || started == "source") {
    const auto script = std::ranges::find_if(
        words.subspan(1), [](const shell::Word& word) { return !word.text.starts_with('-'); });
    return script == words.end() || shell::has_word(words, "-c") ? std::string_view() : script->text;
  }
  const bool of_system = program.starts_with("/bin/") || program.starts_with("/usr/bin/") ||
                         program.starts_with("/sbin/") || program.starts_with("/usr/sbin/");
  return program.find('/') != std::string_view::npos && !of_system ? program : std::string_view();
}

// Whether a script may remove the hook: one of the context that names it, or one that can't be read.
bool may_remove_hook(std::string_view script, const lint::BuildContext* context) {
  constexpr size_t kMostScripts = 16;
  constexpr uint64_t kLargest = 1U << 18U;
  if (context == nullptr) return true;
  const auto records = context->called(text::base_name(script));
  if (records.empty() || records.size() > kMostScripts) return true;
  return std::ranges::any_of(records, [&](const context::Record* record) {
    if (record->type != context::Type::kFile || record->size > kLargest) return true;
    const auto text = context->read(record->path);
    return !text || names_hook(*text);
  });
}

// Whether a step may remove the hook, or says something else of it.
bool may_be_about_hook(Dockerfile& dockerfile, size_t index) {
  const plan::Step& step = dockerfile.graph().steps[index];
  if (step.kind == plan::Step::Kind::kCopy)
    return step.destination == "/etc/apt" || text::is_within(step.destination, "/etc/apt/apt.conf.d");
  if (step.kind != plan::Step::Kind::kRun) return false;
  const Run& run = dockerfile.run_of(index);
  if (names_hook(run.script)) return true;
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const std::string_view script = script_of(command);
    return !script.empty() && may_remove_hook(script, dockerfile.build_context());
  });
}

// For each step whether it, or one that it depends on, may be about the hook.
std::vector<bool> steps_without_hook(Dockerfile& dockerfile) {
  const plan::Graph& graph = dockerfile.graph();
  std::vector<bool> without(graph.steps.size());
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const plan::Step& step = graph.steps[i];
    without[i] = (step.below && without[*step.below]) || may_be_about_hook(dockerfile, i);
  }
  return without;
}

class Check {
 public:
  Check(Dockerfile& dockerfile, lint::Reporter& reporter) : dockerfile_(dockerfile), reporter_(reporter) {}

  void run(const Run& run) {
    if (!run.step || run.mounts.empty() || !runs_apt(run)) return;
    std::set<std::string_view> kept;
    for (const std::string_view folder : kFolders) {
      if (std::ranges::any_of(run.mounts, [&](const auto& mount) { return keeps(mount, folder); }))
        kept.insert(folder);
    }
    if (kept.empty()) return;
    lock(run);
    for (const std::string_view folder : kFolders) {
      // Lists that a layer below has would be hidden, and a later RUN may need those of this one.
      const bool stay = folder == "/var/lib/apt" && needs_apt_lists_in_layer(dockerfile_, run);
      if (!kept.contains(folder) && !stay) add(run, folder);
    }
    if (!kept.contains("/var/cache/apt")) return;  // the hook empties this folder
    if (without_hook_.empty()) without_hook_ = steps_without_hook(dockerfile_);
    if (!without_hook_[*run.step]) remove_hook(run);
  }

 private:
  void lock(const Run& run) {
    for (size_t i = 0; i < run.mounts.size(); ++i) {
      const dockerfile::Mount& mount = run.mounts[i];
      const dockerfile::Flag& flag = *run.mount_flags[i];
      if (!keeps_any(mount) || mount.sharing == "locked" || mount.sharing == "private") continue;
      lint::Diagnostic& diagnostic = reporter_.report(
          flag.span,
          fmt::format("two builds at the same time would both write to {}, and apt fails in one of them",
                      mount.target),
          "add sharing=locked");
      const bool plain = mount.sharing.empty() && flag.span.of(dockerfile_.file().source()) == flag.text;
      if (plain)
        diagnostic.fix = replace({flag.span.end, flag.span.end}, ",sharing=locked", "lock the mount");
    }
  }

  void add(const Run& run, std::string_view folder) {
    // All of /var/lib/apt would share what it knows of installed packages with other images.
    const std::string_view target = folder == "/var/lib/apt" ? "/var/lib/apt/lists" : folder;
    const std::string flag = fmt::format("--mount=type=cache,target={},sharing=locked", target);
    lint::Diagnostic& diagnostic = reporter_.report(
        run.instruction->name_span, fmt::format("apt also needs {}, which is not in a cache mount", target),
        fmt::format("add {}", flag));
    diagnostic.fix = lint::Fix{};
    diagnostic.fix->description = "add the other mount";
    diagnostic.fix->unsafe_because =
        fmt::format("a later RUN may need {} in the layer, and what is in a mount is not there", target);
    diagnostic.fix->edits = {insert_flags(run, dockerfile_.file(), {flag})};
  }

  void remove_hook(const Run& run) {
    reporter_.report(run.instruction->name_span,
                     "the image's docker-clean hook deletes the packages in /var/cache/apt after every "
                     "install",
                     "start the RUN with rm -f /etc/apt/apt.conf.d/docker-clean");
  }

  Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
  std::vector<bool> without_hook_;  // made when it is first asked for
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
  return {
      .code = "DC1004",
      .name = "cache-mount-sharing",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary =
          "A cache mount for apt is not locked, is one of two, or is emptied by the base image's "
          "hook",
      .rationale =
          "apt uses two folders: `/var/lib/apt` for its lists and `/var/cache/apt` for its downloads. It "
          "takes a lock in each. Two builds that share these mounts at the same time fail unless the "
          "mounts are `sharing=locked`. If only one of the two folders is kept, apt downloads again or "
          "finds lists without packages. The images of Debian and Ubuntu contain a hook, `docker-clean`, "
          "that deletes the downloads after every install: remove it, or the mount keeps nothing.",
      .fix_note =
          "Adds `sharing=locked`, and the missing mount. Adding a mount is unsafe, since a later RUN may "
          "need what would be in the layer. The line that removes the hook is left to you: where it goes "
          "depends on the base image.",
      .bad = {"FROM debian:12\n"
              "RUN --mount=type=cache,target=/var/cache/apt \\\n"
              "    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y curl\n"},
      .good = {"FROM debian:12\n"
               "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked "
               "--mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n"
               "    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y curl\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC1004
