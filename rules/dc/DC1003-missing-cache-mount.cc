#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/package_managers.h"

namespace dcache::rules {
namespace {

using lint::Run;
using lint::Subject;
using plan::Step;

// The numeric user and group of a step, as options of a mount; nothing for root.
std::string owner_options(const Step& step) {
  const Owner owner = owner_of(step);
  return owner.is_root() ? "" : fmt::format(",uid={},gid={}", owner.user, owner.group);
}

bool has_nameless_user(const Step& step) {
  const std::string options = owner_options(step);
  return options.empty() || options.find_first_not_of("0123456789,=uidg") == std::string::npos;
}

std::string mount_flag(const Cache& cache, const Step& step) {
  return fmt::format("--mount=type=cache,target={}{}{}", cache_path(cache, step),
                     cache.sharing.empty() ? "" : fmt::format(",sharing={}", cache.sharing),
                     owner_options(step));
}

bool opts_out_by_variable(const PackageManager& manager, const Step& step) {
  return std::any_of(manager.opt_out_env.begin(), manager.opt_out_env.end(), [&](std::string_view name) {
    return step.environment && step.environment->get(name).has_value();
  });
}

bool opts_out(const Use& use) {
  return std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
    return std::ranges::find(use.manager->opt_out, word.text) != use.manager->opt_out.end();
  });
}

// `--no-cache-dir` and its like make the mount useless: they go, with the blank in front of them.
void remove_opt_out(const Run& run, const Use& use, std::vector<text::Edit>& edits) {
  for (const shell::Word& word : use.command->words) {
    const Words options = use.manager->opt_out;
    if (std::find(options.begin(), options.end(), word.text) == options.end()) continue;
    remove_word(run, word, edits);
  }
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

class Check {
 public:
  Check(Subject& subject, lint::Reporter& reporter) : subject_(subject), reporter_(reporter) {
    for (const Step& step : subject.graph().steps) {
      for (const plan::Read& read : step.reads) {
        if (read.origin == plan::Read::Origin::kStage) stage_reads_.push_back(&read);
      }
    }
  }

  void run(const Run& run) {
    if (!run.step) return;
    const Step& step = subject_.graph().steps[*run.step];
    std::vector<Lack> lacks;
    for (const Use& use : uses_of(subject_, run)) {
      if (opts_out_by_variable(*use.manager, step)) continue;
      for (const std::string_view name : use.action->caches) {
        const Cache& cache = use.manager->cache(name);
        if (!is_mounted(cache, step, run.mounts) && !is_taken(cache_path(cache, step), step))
          add(use, cache, lacks);
      }
    }
    for (const Lack& lack : lacks)
      report(run, step, lack);
  }

 private:
  // Whether somebody copies out of the cache's folder: then it has to be in a layer.
  bool is_taken(std::string_view path, const Step& maker) const {
    for (const plan::Read* read : stage_reads_) {
      if (!subject_.graph().starts_from(read->stage, maker.stage)) continue;
      for (const plan::Selector& selector : read->selectors) {
        if (text::is_within(selector.path, path) ||
            (selector.path != "/" && text::is_within(path, selector.path)))
          return true;
      }
    }
    return false;
  }

  // A package manager in one RUN, the first use of it that lacks something, and all the caches that it lacks
  // there.
  struct Lack {
    Use use;
    std::vector<const Cache*> caches;
    std::vector<Use> all;
  };

  static void add(const Use& use, const Cache& cache, std::vector<Lack>& lacks) {
    const auto same =
        std::find_if(lacks.begin(), lacks.end(), [&](const Lack& l) { return l.use.manager == use.manager; });
    Lack& lack = same == lacks.end() ? lacks.emplace_back(Lack{use, {}, {}}) : *same;
    if (std::find(lack.caches.begin(), lack.caches.end(), &cache) == lack.caches.end())
      lack.caches.push_back(&cache);
    if (lack.all.empty() || lack.all.back().command != use.command) lack.all.push_back(use);
  }

  void report(const Run& run, const Step& step, const Lack& lack) {
    std::vector<std::string> folders, flags;
    for (const Cache* cache : lack.caches) {
      folders.push_back(cache_path(*cache, step));
      flags.push_back(mount_flag(*cache, step));
    }
    const bool keeps_nothing = std::ranges::all_of(lack.all, opts_out);
    const std::string what =
        keeps_nothing
            ? fmt::format(
                  "{} is told to keep nothing, so that it downloads all of it when this step rebuilds",
                  lack.use.manager->name)
            : fmt::format("what {} keeps in {} for the next time is lost when this step rebuilds",
                          lack.use.manager->name, fmt::join(folders, " and "));
    const std::string edited = rebuilding_file(subject_, step, lack.use.manager->manifests);
    const std::string when = edited.empty() ? "" : fmt::format(", as by an edit of {}", edited);
    lint::Diagnostic& diagnostic = reporter_.report(run.span_of(lack.use.command->spelling), what + when,
                                                    fmt::format("write RUN {}", fmt::join(flags, " ")));
    // Whoever chose to keep the layer small this way has no fault to mend.
    if (keeps_nothing) diagnostic.level = lint::Level::kInfo;
    diagnostic.aliases.assign(lack.use.manager->cleaning_rules.begin(),
                              lack.use.manager->cleaning_rules.end());
    if (!has_nameless_user(step) || run.onbuild) return;
    lint::Fix fix;
    fix.description = flags.size() == 1 ? "add the cache mount" : "add the cache mounts";
    fix.safe = !lack.use.manager->unsafe_fix;
    fix.edits.push_back(insert_flags(run, subject_.file(), flags));
    for (const Use& use : lack.all) {
      if (run.shell_form) remove_opt_out(run, use, fix.edits);
    }
    if (!remove_clean_ups(run, *lack.use.manager, step, fix.edits)) return;
    if (lack.use.manager->name == "apt") {
      if (!run.shell_form || run.in_heredoc || !all_in_one_list(run)) return;
      remove_apt_hook(run, fix.edits);
    }
    diagnostic.fix = std::move(fix);
  }

  Subject& subject_;
  lint::Reporter& reporter_;
  std::vector<const plan::Read*> stage_reads_;  // of all steps
};

void check(Subject& subject, lint::Reporter& reporter) {
  Check check(subject, reporter);
  for (const Run& run : subject.runs())
    check.run(run);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/cache/optimize/#use-cache-mounts",
    "https://docs.docker.com/reference/dockerfile/#run---mounttypecache"};

}  // namespace

lint::Rule DC1003() {
  return {
      .code = "DC1003",
      .name = "missing-cache-mount",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kSafe,
      .summary = "A package manager or compiler runs without a cache mount for what it keeps between runs",
      .rationale =
          "When a step rebuilds it starts from the layers below, so whatever the package manager downloaded "
          "last time "
          "is gone and one changed line in a lock file downloads everything again. A mount of type `cache` "
          "is kept "
          "by the builder between builds, is no part of any layer and of no cache key: with it only what "
          "changed is "
          "downloaded or compiled, and the image does not grow. A package manager that is told to keep "
          "nothing "
          "(`--no-cache-dir`, `--no-cache`) keeps the layer as small; for it this is an info.",
      .fix_note =
          "Adds the mounts, with the numeric owner where the stage runs as another user than root, and drops "
          "options "
          "such as `--no-cache-dir` that would bypass them. For apt, which Debian's images tell to empty its "
          "cache, "
          "it also removes that hook and the clean-up of the lists, and is unsafe for that reason; so it is "
          "for "
          "other system package managers.",
      .bad = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\n"},
      .good = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\n"
               "RUN --mount=type=cache,target=/go/pkg/mod go mod download\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules
