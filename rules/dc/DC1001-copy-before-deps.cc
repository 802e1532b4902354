#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/cache/selection.h"
#include "dcache/lint/rule.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/broad_copy.h"
#include "rules/earlier_install.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/install_manifests.h"
#include "rules/install_reads.h"
#include "rules/known_facts.h"
#include "rules/likely_context.h"
#include "rules/lock_files.h"
#include "rules/moving_results.h"
#include "rules/named_installs.h"
#include "rules/package_managers.h"
#include "rules/rest_of_run.h"

namespace dcache::rules::DC1001 {
namespace {

using dockerfile::Instruction;
using lint::Diagnostic;
using lint::Dockerfile;
using lint::Run;
using plan::Step;

// Whether a folder contains more than what the package manager itself reads.
bool holds_sources(const lint::BuildContext& build_context, std::string_view folder, const Use& use) {
  const auto below = build_context.files.below(folder);
  const bool lists = use.action->installs == Action::Installs::kFiles;
  return std::any_of(below.begin(), below.end(), [&](const context::Record& record) {
    if (record.type != context::Type::kFile || is_manifest_of(*use.manager, record.path)) return false;
    // A list of packages may include others of its folder.
    if (lists && (record.path.ends_with(".txt") || record.path.ends_with(".in"))) return false;
    return std::none_of(use.files.begin(), use.files.end(), [&](const std::string& file) {
      return text::base_name(file) == text::base_name(record.path);
    });
  });
}

// Whether a source of COPY is a manifest, or a pattern for one (`package*.json`).
bool names_manifest(const plan::Selector& selector, const Use& use) {
  const std::string_view source = text::base_name(selector.path);
  const auto is_named = [&](std::string_view name) {
    return selector.wildcard ? text::glob_match(source, text::base_name(name))
                             : source == text::base_name(name);
  };
  return std::ranges::any_of(needed_files(use), is_named) ||
         std::ranges::any_of(use.manager->optional, [&](std::string_view name) {
           return is_named(name) || (text::has_wildcard(name) && text::glob_match(name, source));
         });
}

bool is_broad(const Step& copy, const plan::Selector& selector, const Use& use,
              const lint::BuildContext* build_context) {
  if (is_whole_context(copy, selector)) return true;
  // A folder next to its manifests, or one that installs look into, is there for the install.
  constexpr std::string_view kForInstalls[] = {"patches", "vendor", "prisma", ".yarn", ".mvn", "buildSrc"};
  if (std::ranges::any_of(kForInstalls, [&](std::string_view name) {
        return selector.path.ends_with(fmt::format("/{}", name)) ||
               selector.path.find(fmt::format("/{}/", name)) != std::string::npos;
      }))
    return false;
  if (selector.takes_everything() || !selector.include.empty() || selector.wildcard ||
      build_context == nullptr)
    return false;
  const std::string_view path = std::string_view(selector.path).substr(1);
  const context::Record* record = build_context->files.find(path);
  return record != nullptr && record->type == context::Type::kFolder &&
         holds_sources(*build_context, path, use);
}

std::optional<BroadCopy> find_broad(const std::vector<const Step*>& copies, const Use& use,
                                    const lint::BuildContext* build_context) {
  for (const Step* step : copies) {
    for (const plan::Read& read : step->reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      const bool with_manifests = std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
        return !selector.takes_everything() && names_manifest(selector, use);
      });
      for (const plan::Selector& selector : read.selectors) {
        if (with_manifests && !selector.takes_everything()) continue;
        if (is_broad(*step, selector, use, build_context)) return BroadCopy{step, &selector};
      }
    }
  }
  return std::nullopt;
}

// Whether one of the copies takes a manifest: otherwise the dependencies are those of the base image.
bool brings_manifest(const std::vector<const Step*>& copies, const Use& use,
                     const lint::BuildContext& build_context) {
  const std::vector<std::string_view> names = !use.files.empty() ? views_of(use.files)
                                              : use.manager->manifests.empty()
                                                  ? views_of(use.manager->optional)
                                                  : views_of(use.manager->manifests);
  if (names.empty()) return true;
  const auto is_there = [&](const context::Record* record) {
    return is_taken(build_context, copies, record);
  };
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    if (text::has_wildcard(name)) {
      return std::ranges::any_of(build_context.files.records(), [&](const context::Record& record) {
        return text::glob_match(name, text::base_name(record.path)) && is_there(&record);
      });
    }
    const auto records = build_context.called(text::base_name(name));
    return std::any_of(records.begin(), records.end(), is_there);
  });
}

// Why RUNs that install packages of the distribution may not work, or not do the same, above COPYs; empty if
// they do.
std::string risk_of_swap(Dockerfile& dockerfile, std::span<const Step* const> copies,
                         std::span<const Run* const> runs) {
  for (const Step* copy : copies) {
    if (!is_projects_own(copy->destination))
      return fmt::format("packages may write to {} too, and the {} then replaces their files",
                         copy->destination, dockerfile::name_of(copy->instruction->keyword));
    for (const Run* run : runs) {
      if (!installs_from_outside(dockerfile, *run, copy->destination))
        return fmt::format("line {} may read one of the copied files", run->instruction->start_line);
      if (has_moving_result(dockerfile, *run))
        return fmt::format(
            "line {} upgrades packages, and an edit of a copied file no longer does that again",
            run->instruction->start_line);
    }
  }
  return {};
}

// The COPY moves below RUNs that need nothing of it.
std::optional<lint::Fix> move_copy(Dockerfile& dockerfile, const BroadCopy& copy,
                                   const std::vector<const Run*>& runs) {
  const Run& last = *runs.back();
  const Instruction& instruction = *copy.step->instruction;
  const std::string_view text = instruction.span.of(dockerfile.file().source());
  const dockerfile::Flag* owner = instruction.find_flag("chown");
  const bool named_owner =
      owner != nullptr && owner->value.find_first_not_of("0123456789:") != std::string_view::npos;
  // Variables may have other values there, and an owner's name may be made by the install.
  if (!instruction.heredocs.empty() || named_owner || text.find('$') != std::string_view::npos)
    return std::nullopt;
  lint::Fix fix;
  fix.unsafe_because =
      is_commanded_above(dockerfile.file(), instruction)
          ? "the comment above the COPY is a directive, and would be about another instruction"
          : risk_of_swap(dockerfile, {&copy.step, 1}, runs);
  fix.description = "install first, then copy";
  fix.removed = {instruction.span.begin};
  fix.added = {std::string(text)};
  fix.edits.push_back({lines_of(dockerfile.file(), instruction.span), ""});
  fix.edits.push_back({{last.instruction->span.end, last.instruction->span.end},
                       std::string(line_end(dockerfile.file())) + std::string(text)});
  return fix;
}

// The steps from a COPY up to a RUN, if all of them copy to folders that package managers do not look into,
// and nothing else between can matter for the RUN; empty if not.
std::vector<const Step*> copies_up_to(Dockerfile& dockerfile, const BroadCopy& copy, const Run& run) {
  using dockerfile::Keyword;
  constexpr Keyword kPassed[] = {Keyword::kCopy,       Keyword::kAdd,        Keyword::kLabel,
                                 Keyword::kExpose,     Keyword::kCmd,        Keyword::kEntrypoint,
                                 Keyword::kStopsignal, Keyword::kHealthcheck};
  const auto can_be_passed = [&](const Instruction& one) {
    const bool is_between =
        one.start_line >= copy.step->instruction->start_line && one.start_line < run.instruction->start_line;
    return !is_between || std::ranges::find(kPassed, one.keyword) != std::end(kPassed);
  };
  if (!std::ranges::all_of(dockerfile.file().instructions(), can_be_passed)) return {};
  std::vector<const Step*> copies;
  for (const size_t index : dockerfile.graph().stages[copy.step->stage].steps) {
    const Step& step = dockerfile.graph().steps[index];
    if (&step < copy.step || index >= *run.step || step.kind == Step::Kind::kMetadata) continue;
    if (step.kind != Step::Kind::kCopy || may_configure_system(step.destination)) return {};
    copies.push_back(&step);
  }
  return copies;
}

// The RUN moves up above the COPY, and its comment with it.
std::optional<lint::Fix> move_install(Dockerfile& dockerfile, const BroadCopy& copy, const Run& run) {
  const std::vector<const Step*> copies = copies_up_to(dockerfile, copy, run);
  const bool has_files = std::ranges::any_of(run.mounts, [](const dockerfile::Mount& mount) {
    return mount.type != dockerfile::Mount::Type::kCache;
  });
  if (copies.empty() || has_files) return std::nullopt;
  const dockerfile::File& file = dockerfile.file();
  const Run* const runs[] = {&run};
  lint::Fix fix;
  fix.unsafe_because = risk_of_swap(dockerfile, copies, runs);
  fix.description = "install first, then copy";
  fix.removed = {run.instruction->span.begin};
  fix.added = {std::string(run.instruction->span.of(file.source()))};
  const uint32_t from = file.lines().line_span(line_with_comment(file, *run.instruction)).begin;
  const uint32_t to = file.lines().line_span(line_with_comment(file, *copy.step->instruction)).begin;
  const text::Span moved{from, lines_of(file, run.instruction->span).end};
  std::string lines(moved.of(file.source()));
  if (!lines.ends_with('\n')) lines += line_end(file);
  fix.edits = {{{to, to}, std::move(lines)}, {moved, ""}};
  return fix;
}

// "go mod download": the words up to the sub-command.
std::string install_words(const Use& use) {
  const std::string_view program = shell::program_of(shell::invocation(*use.command));
  const bool is_program = std::any_of(use.manager->programs.begin(), use.manager->programs.end(),
                                      [&](Words one) { return one.size() == 1 && one.front() == program; });
  std::string words(is_program ? program : use.manager->name);
  for (const std::string_view word : use.action->words)
    words.append(" ").append(word);
  return words;
}

// What the package manager reads, where the context does not show it.
std::vector<std::string> usual_names(const Use& use) {
  std::vector<std::string> names;
  for (const std::string_view name : needed_files(use))
    names.emplace_back(name.starts_with('/') || name.starts_with('.') ? text::base_name(name) : name);
  if (const Words locks = needed_locks(use, nullptr); !locks.empty()) names.emplace_back(locks.front());
  return names;
}

// Whether a manifest names the folder of the context as a package that the project is built with: `path =
// "macros"`, `"file:./lib"`.
bool is_local_package(const lint::BuildContext& context, const Use& use, std::string_view folder) {
  static const RE2 kLocal(R"re((?:\bpath\s*=\s*|"(?:file|link|portal):)"?([\w./\-]+)")re");
  for (const std::string_view name : use.manager->manifests) {
    for (const context::Record* const record : context.called(name)) {
      const std::string text = context.read(record->path).value_or(std::string());
      re2::StringPiece rest = text;
      for (std::string path; RE2::FindAndConsume(&rest, kLocal, &path);) {
        if (text::join_path(text::parent_path(record->path), path) == folder) return true;
      }
    }
  }
  return false;
}

// Whether a step of the stage after the RUN copies from the context.
bool copies_after(const plan::Graph& graph, const plan::Stage& stage, const Run& run) {
  return std::ranges::any_of(stage.steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return index > *run.step && step.kind == Step::Kind::kCopy && step.reads_context();
  });
}

// Whether a test before the install looks for one of its manifests: there may be none.
bool is_guarded(const Run& run, const Use& use) {
  const auto is_test = [](const shell::Command& command) {
    const std::string_view program = command.program();
    return program == "[" || program == "[[" || program == "test";
  };
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return &command < use.command && is_test(command) &&
           std::ranges::any_of(command.words, [&](const shell::Word& word) {
             return is_manifest_of(*use.manager, word.text) ||
                    std::ranges::find(use.files, word.text) != use.files.end();
           });
  });
}

// Whether a program is a script that makes an image smaller, by its name: `/scripts/cleanup.sh`.
bool is_clean_up(std::string_view program) {
  if (program.find('/') == std::string_view::npos && !program.ends_with(".sh")) return false;
  const std::string name = text::to_lower(text::base_name(program));
  constexpr std::string_view kParts[] = {"clean", "purge", "prune", "slim", "minif", "shrink"};
  return std::ranges::any_of(kParts,
                             [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

// Whether the RUN takes packages away again, such as a compiler: in a RUN of their own they would stay.
bool removes_packages(const Run& run) {
  constexpr std::string_view kCommands[] = {"purge", "remove",  "autoremove",   "autopurge", "del",
                                            "erase", "--purge", "-r",           "-P",        "-R",
                                            "-Rs",   "-Rns",    "--auto-remove"};
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (std::ranges::any_of(words.first(std::min<size_t>(words.size(), 2)),
                            [](const shell::Word& word) { return is_clean_up(word.text); }))
      return true;
    const std::string_view program = shell::program_of(words);
    return (program == "dpkg" || text::is_one_of(program, system_package_managers())) &&
           std::ranges::any_of(kCommands,
                               [&](std::string_view word) { return shell::has_word(words, word); });
  });
}

// Whether the RUN brings packages to the newest versions: it may be below the COPY so that each edit does.
bool upgrades_packages_in(const Run& run) {
  return std::ranges::any_of(run.commands,
                             [](const shell::Command& command) { return upgrades_packages(command); });
}

// Whether an install brings the project itself too, and there are options without which it would not.
bool wants_project(const Use& use) {
  return !use.action->without_sources.empty() &&
         std::ranges::none_of(use.arguments, [&](const shell::Word& word) {
           return text::is_one_of(word.text, use.action->needs_sources_unless);
         });
}

// Where an install leaves packages of a language, by the names of folders.
bool is_folder_of_packages(std::string_view path) {
  constexpr std::string_view kNames[] = {"node_modules", "vendor", "site-packages", "dist-packages",
                                         ".venv",        "venv",   "virtualenv"};
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    return path.ends_with(fmt::format("/{}", name)) ||
           path.find(fmt::format("/{}/", name)) != std::string::npos;
  });
}

class Check {
 public:
  Check(Dockerfile& dockerfile, lint::Reporter& reporter) : dockerfile_(dockerfile), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const Step*> copies;
    Installed installed;
    if (stage.base_stage) installed = installed_in_[*stage.base_stage];
    brought_.clear();
    scripts_ran_ = false;
    broad_.reset();
    copies_seen_ = 0;
    for (const size_t index : stage.steps) {
      const Step& step = dockerfile_.graph().steps[index];
      if (step.kind == Step::Kind::kCopy) {
        copies.push_back(&step);
        look_for_packages(step);
      }
      if (step.kind == Step::Kind::kRun) visit(dockerfile_.run_of(index), stage, copies, installed);
    }
    installed_in_[stage.index] = std::move(installed);
  }

 private:
  static constexpr int kMostLevels = 8;  // of folders above the Dockerfile's that are looked at

  // The folders that each package manager installed dependencies in.
  using Installed = std::set<std::pair<const PackageManager*, std::string>>;

  // What a COPY brings of the packages that another stage installed: with them an install has little to do.
  void look_for_packages(const Step& step) {
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kStage) continue;
      for (const auto& install : installed_in_[read.stage]) {
        const std::string& folder = install.second;
        const bool any = std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
          return is_folder_of_packages(selector.path) ||
                 (selector.path != "/" && text::is_within(folder, selector.path));
        });
        if (any) brought_.insert(install.first);
      }
    }
  }

  // Whether an install keeps the packages that it finds: `npm ci` removes them first.
  bool has_packages(const Use& use) const {
    const std::span<const std::string_view> words = use.action->words;
    return brought_.contains(use.manager) && !text::is_one_of("ci", words) &&
           !text::is_one_of("clean-install", words);
  }

  void visit(const Run& run, const plan::Stage& stage, const std::vector<const Step*>& copies,
             Installed& installed) {
    if (!copies.empty()) visit_named(run, copies);
    const std::string_view folder = dockerfile_.graph().steps[*run.step].workdir();
    for (const Use& use : uses_of(dockerfile_, run)) {
      // What `cargo chef cook` compiles are the dependencies alone.
      if (use.manager->name == "cargo" && use.action->words.front() == "chef")
        installed.emplace(use.manager, folder);
      if (!use.installs_dependencies) continue;
      const bool is_first =
          std::ranges::none_of(installed, [&](const auto& one) { return one.first == use.manager; });
      const std::string place =
          folder_at(std::string(folder), run, *use.command).value_or(std::string(folder));
      if (!installed.emplace(use.manager, place).second || copies.empty()) continue;
      if (has_packages(use)) continue;
      if (use.action->installs == Action::Installs::kImplied && keeps_downloads(run, use)) continue;
      // The context is asked for only where a COPY could matter.
      const auto broad = find_broad(copies, use, context());
      if (!broad || is_guarded(run, use) || is_vendored(run, *broad, use)) continue;
      if (is_for_install(*broad, stage, run, use)) continue;
      if (context() == nullptr ? downloads_sources(dockerfile_, stage)
                               : !brings_manifest(copies, use, *context()))
        continue;
      report(*broad, copies, run, use, is_first);
    }
  }

  // Whether the COPY brings only a package of the project that the install builds, and the sources follow.
  bool is_for_install(const BroadCopy& copy, const plan::Stage& stage, const Run& run, const Use& use) {
    if (context() == nullptr || copy.source->takes_everything() || use.manager->separable) return false;
    return copies_after(dockerfile_.graph(), stage, run) &&
           is_local_package(*context(), use, std::string_view(copy.source->path).substr(1));
  }

  // Packages that the command names need none of the files.
  void visit_named(const Run& run, const std::vector<const Step*>& copies) {
    const Use any{.manager = &package_manager("apt"),
                  .action = &package_manager("apt").actions.front(),
                  .command = nullptr,
                  .arguments = {},
                  .files = {}};
    for (; (!broad_ || scripts_ran_) && copies_seen_ < copies.size(); ++copies_seen_) {
      const auto found = find_broad({copies[copies_seen_]}, any, context());
      if (!found) continue;
      broad_ = found;
      scripts_ran_ = false;
    }
    if (!broad_) return;
    const BroadCopy copy = *broad_;
    const auto named = find_named_install(dockerfile_, run, *copy.step);
    if (named && (named->alone || (!removes_packages(run) && !upgrades_packages_in(run))) &&
        (!named->system || (!scripts_ran_ && !may_configure(copy)))) {
      report_named(copy, run, *named);
      // Of the installs that follow, one is enough, until something else is copied.
      broad_.reset();
      copies_seen_ = copies.size();
    }
    if (may_prepare_installs(run, *copy.step)) {
      scripts_ran_ = true;
      copies_seen_ = copies.size();
    }
  }

  // Whether the COPY may bring sources or keys of the package manager of the system.
  bool may_configure(const BroadCopy& copy) {
    if (copy.step->destination != "/") return may_configure_system(copy.step->destination);
    constexpr std::string_view kFolders[] = {"etc", "usr", "var", "lib", "bin", "sbin"};
    return context() != nullptr && std::ranges::any_of(kFolders, [&](std::string_view name) {
             return context()->files.find(in_folder(copy.source->path, name)) != nullptr;
           });
  }

  // Whether a build takes its modules or crates from the folder `vendor`, or may be one of Go without
  // modules: it downloads nothing.
  bool is_vendored(const Run& run, const BroadCopy& copy, const Use& use) {
    if (use.manager->name == "cargo")
      return rules::is_vendored(dockerfile_, use, dockerfile_.graph().steps[*run.step]);
    if (use.manager->name != "go") return false;
    const bool implied = use.action->installs == Action::Installs::kImplied;
    if (implied && context() == nullptr && copy.step->destination.find("/src/") != std::string::npos &&
        text::is_within(copy.step->destination, "/go"))
      return true;
    if (rules::is_vendored(dockerfile_, use, dockerfile_.graph().steps[*run.step])) return true;
    const lint::BuildContext* files = dockerfile_.build_context();
    if (files == nullptr) return false;
    // The context may be a folder around the Dockerfile's.
    std::string folder = files->file_system->real_path(files->folder);
    for (int level = 0; level < kMostLevels && folder.size() > 1; ++level) {
      if (files->file_system->exists(text::join_path(folder, "vendor/modules.txt"))) return true;
      // What is vendored above is another module's.
      if (files->file_system->exists(text::join_path(folder, "go.mod")) ||
          files->file_system->exists(text::join_path(folder, ".git")))
        break;
      folder = std::string(text::parent_path(folder));
    }
    return false;
  }

  bool keeps_downloads(const Run& run, const Use& use) const {
    const Cache& downloads = use.manager->cache(use.action->caches.front());
    return is_mounted(dockerfile_, run, *use.manager, downloads, use.command);
  }

  const lint::BuildContext* context() { return likely_context(dockerfile_); }

  void report_named(const BroadCopy& copy, const Run& run, const NamedInstall& named) {
    const Instruction& instruction = *copy.step->instruction;
    Diagnostic& diagnostic = reporter_.report(
        instruction.span,
        fmt::format("{} {} comes before '{}' (line {}): editing any copied file installs the packages again",
                    dockerfile::name_of(instruction.keyword), copy.source->written, install_words(*named.use),
                    run.instruction->start_line),
        named.alone && can_wait(dockerfile_.graph(), copy, run)
            ? fmt::format("move it below line {}: the packages do not need the files",
                          run.instruction->end_line)
        : named.alone ? fmt::format("move the RUN in line {} above it: the packages do not need the files",
                                    run.instruction->start_line)
                      : "install the packages in a RUN above it: they do not need the files");
    if (upgrades_packages_in(run)) diagnostic.remedy += "; leave it there if each edit is to upgrade them";
    if (!named.alone || !named.system) return;
    if (!are_neighbours(dockerfile_.graph(), copy, run)) {
      diagnostic.fix = move_install(dockerfile_, copy, run);
    } else if (const auto installs = installs_from(copy, run)) {
      diagnostic.fix = move_copy(dockerfile_, copy, *installs);
    }
    if (diagnostic.fix) add_gain(diagnostic, copy, {});
  }

  // The RUN and those right after it that also install packages alone; the COPY goes below the last. Nothing
  // if one comes later: it would still be below the COPY.
  std::optional<std::vector<const Run*>> installs_from(const BroadCopy& copy, const Run& first) {
    std::vector<const Run*> installs;
    bool goes_on = true;
    for (const size_t index : dockerfile_.graph().stages[copy.step->stage].steps) {
      const Step& step = dockerfile_.graph().steps[index];
      if (index < *first.step) continue;
      if (step.kind != Step::Kind::kRun) {
        goes_on = false;
        continue;
      }
      const Run& run = dockerfile_.run_of(index);
      const auto named = find_named_install(dockerfile_, run, *copy.step);
      const bool is_one = named && named->alone && named->system;
      goes_on = goes_on && is_one;
      if (goes_on) installs.push_back(&run);
      if (!goes_on && named) return std::nullopt;
    }
    return installs.empty() ? std::nullopt : std::optional(installs);
  }

  // Another install than the first one of a package manager has to be known to find its manifest.
  void report(const BroadCopy& copy, const std::vector<const Step*>& copies, const Run& run, const Use& use,
              bool is_first) {
    const Instruction& instruction = *copy.step->instruction;
    const ManifestCopy earlier = manifests_copied_by(copies, use);
    const auto found = manifests_for(copy, copies, earlier, run, use);
    if (found && found->needs_sources) return;
    if (!is_first && (!found || found->paths.empty())) return;
    Diagnostic& diagnostic = reporter_.report(
        instruction.span,
        fmt::format(
            "{} {} comes before '{}' (line {}): editing any copied file installs all dependencies again",
            dockerfile::name_of(instruction.keyword), copy.source->written, install_words(use),
            run.instruction->start_line),
        remedy_for(copies, earlier, found, run, use) + words_about_ignoring(copy, run, use) +
            words_about_rest(copy, run, use) + words_about_lock(found, run, use));
    if (found) diagnostic.fix = install_earlier(dockerfile_, *context(), copies, copy, run, use, *found);
    std::vector<std::string_view> manifests = needed_files(use);
    manifests.insert(manifests.end(), use.manager->optional.begin(), use.manager->optional.end());
    if (diagnostic.fix) add_gain(diagnostic, copy, manifests);
  }

  // Without an ignore file that excludes it, the rest that is copied may have packages of this machine.
  std::string words_about_ignoring(const BroadCopy& copy, const Run& run, const Use& use) {
    if (context() == nullptr) return {};
    const auto folder = install_folder(dockerfile_.graph(), copy, run, use);
    const std::string_view name = folder ? overwritten_folder(*context(), use, *folder) : std::string_view();
    return name.empty() ? std::string() : fmt::format(", and exclude {} in the ignore file", name);
  }

  // In a stage that reaches the image a later RUN does not remove what the install left in its layer.
  std::string words_about_rest(const BroadCopy& copy, const Run& run, const Use& use) {
    const size_t after = count_with_install(dockerfile_, run, use, *copy.step);
    const TakenAway taken = taken_away_by_rest(dockerfile_, run, use, after);
    if (!taken.sure) return {};
    const std::string_view spelling = taken.command->spelling;
    const std::string_view command =
        spelling.find('\n') == std::string_view::npos ? spelling : taken.command->program();
    if (taken.of_cache)
      return fmt::format(", and keep '{}' in the same RUN: in a later layer the image would be larger",
                         command);
    return fmt::format(", in a build stage: with '{}' in a later layer the image would be larger", command);
  }

  std::string words_about_lock(const std::optional<InstallManifests>& found, const Run& run, const Use& use) {
    const std::string_view lock = lock_to_add(found, run, use);
    return lock.empty() ? std::string()
                        : fmt::format("; {} is not in the build context: add it, because '{}' needs it", lock,
                                      install_words(use));
  }

  // The lock file that the context lacks.
  std::string_view lock_to_add(const std::optional<InstallManifests>& found, const Run& run, const Use& use) {
    if (context() == nullptr || !found || found->paths.empty()) return {};
    const std::string_view lock = missing_lock(*context(), use, dockerfile_.graph().steps[*run.step], *found);
    return context()->called(lock).empty() ? lock : std::string_view();
  }

  // The COPY that brings a manifest by its name, and the manifest; null for none.
  struct ManifestCopy {
    const Step* step = nullptr;
    const plan::Selector* source = nullptr;
  };
  static ManifestCopy manifests_copied_by(const std::vector<const Step*>& copies, const Use& use) {
    for (const Step* step : copies) {
      for (const plan::Read& read : step->reads) {
        if (read.origin != plan::Read::Origin::kContext) continue;
        for (const plan::Selector& selector : read.selectors) {
          if (!selector.takes_everything() && names_manifest(selector, use)) return {step, &selector};
        }
      }
    }
    return {};
  }

  // Nothing where the context or the folder of the install is not known.
  std::optional<InstallManifests> manifests_for(const BroadCopy& copy, const std::vector<const Step*>& copies,
                                                const ManifestCopy& earlier, const Run& run, const Use& use) {
    if (context() == nullptr) return std::nullopt;
    auto folder = install_folder(dockerfile_.graph(), copy, run, use);
    if (!folder && earlier.source != nullptr) folder = text::parent_path(earlier.source->path);
    if (!folder) return std::nullopt;
    return find_manifests(*context(), copies, *folder, copy, use);
  }

  // Whether a COPY takes a file by itself, and not along with sources.
  bool is_copied_alone(const std::vector<const Step*>& copies, const Use& use, std::string_view name,
                       bool is_path) {
    const context::Record* record = is_path ? context()->files.find(name) : nullptr;
    return std::ranges::any_of(copies, [&](const Step* step) {
      return std::ranges::any_of(step->reads, [&](const plan::Read& read) {
        return read.origin == plan::Read::Origin::kContext &&
               std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
                 if (selector.takes_everything()) return false;
                 if (is_path)
                   return record != nullptr &&
                          cache::takes(context()->files, std::span(&selector, 1), *record) &&
                          (names_manifest(selector, use) || !is_broad(*step, selector, use, context()));
                 const std::string_view source = text::base_name(selector.path);
                 return selector.wildcard ? text::glob_match(source, text::base_name(name))
                                          : source == text::base_name(name);
               });
      });
    });
  }

  // What is still to be copied for the install to work, in words.
  std::vector<std::string> missing_names(const std::vector<const Step*>& copies,
                                         const std::optional<InstallManifests>& found, const Run& run,
                                         const Use& use) {
    constexpr ptrdiff_t kMostNamed = 3;
    std::vector<std::string> names = found ? found->paths : std::vector<std::string>();
    if (const std::string_view lock = lock_to_add(found, run, use); !lock.empty()) names.emplace_back(lock);
    if (found) names.insert(names.end(), found->folders.begin(), found->folders.end());
    const bool known = found && !(found->paths.empty() && found->others.empty());
    // Of another folder than that of the COPY nobody knows what it contains.
    if (!known) names = context() == nullptr || found ? usual_names(use) : std::vector<std::string>();
    const auto is_there = [&](const std::string& name) { return is_copied_alone(copies, use, name, known); };
    std::erase_if(names, is_there);
    std::vector<std::string> others = found ? found->others : std::vector<std::string>();
    std::erase_if(others, is_there);
    const bool workspace = found ? found->open_workspace : copies_workspace(copies, use);
    const auto is_manifest = [&](const std::string& path) { return is_manifest_of(*use.manager, path); };
    const bool members = std::ranges::count_if(others, is_manifest) > kMostNamed &&
                         use.action->installs != Action::Installs::kFiles;
    if (workspace || members) {
      names.push_back(use.manager->manifests.empty()
                          ? std::string("the project files of the folders below")
                          : fmt::format("the {} of each workspace member", use.manager->manifests.front()));
      std::erase_if(others, is_manifest);
    }
    names.insert(names.end(), others.begin(), others.end());
    if (found && found->refers) {
      const bool named = !names.empty();
      const std::string_view manifest =
          needed_files(use).empty() ? std::string_view() : needed_files(use).front();
      names.push_back(named              ? "the local files that they refer to"
                      : manifest.empty() ? "the local files that list dependencies refer to"
                                         : fmt::format("the local files that {} refers to", manifest));
    }
    return names;
  }

  // Whether a COPY names the file that lists the members of a workspace.
  static bool copies_workspace(const std::vector<const Step*>& copies, const Use& use) {
    return std::ranges::any_of(copies, [&](const Step* step) {
      return std::ranges::any_of(step->reads, [&](const plan::Read& read) {
        return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
          return std::ranges::find(use.manager->inseparable_with, text::base_name(selector.path)) !=
                 use.manager->inseparable_with.end();
        });
      });
    });
  }

  std::string remedy_for(const std::vector<const Step*>& copies, const ManifestCopy& earlier,
                         const std::optional<InstallManifests>& found, const Run& run, const Use& use) {
    const bool implied = use.action->installs == Action::Installs::kImplied;
    // The project itself is not there yet.
    const bool twice = wants_project(use);
    const std::string install =
        twice      ? fmt::format("install with {}", fmt::join(use.action->without_sources, " "))
        : !implied ? "install"
        : use.action->fetch.empty() ? "download the dependencies"
                                    : fmt::format("run '{}'", use.action->fetch);
    const std::string_view rest = twice ? "copy the rest and install again" : "copy the rest";
    const std::vector<std::string> missing = missing_names(copies, found, run, use);
    std::string remedy;
    if (earlier.step != nullptr && missing.empty()) {
      const std::vector<std::string> names = usual_names(use);
      remedy = fmt::format(
          "line {} already copies {}: {} right after it, then {}", earlier.step->instruction->start_line,
          names.empty() ? "what lists the dependencies" : text::list_words(names), install, rest);
    } else {
      remedy =
          fmt::format("copy {} first, {}, then {}",
                      missing.empty() ? "the files that list the dependencies" : text::list_words(missing),
                      install, rest);
    }
    if (implied && !use.manager->separable) {
      const Cache& downloads = use.manager->cache(use.action->caches.front());
      const auto folder = cache_path(dockerfile_, run, *use.manager, downloads, use.command);
      remedy += folder ? fmt::format(", or keep the downloads: RUN --mount=type=cache,target={}", *folder)
                       : ", or keep the downloads in a cache mount";
    }
    return remedy;
  }

  void add_gain(Diagnostic& diagnostic, const BroadCopy& copy, std::span<const std::string_view> manifests) {
    if (context() == nullptr) return;
    const std::string edited = edited_file(*context(), copy.source->path, manifests);
    auto gain = gain_of(dockerfile_, *diagnostic.fix, edited);
    if (gain && gain->rebuilds_after < gain->rebuilds) diagnostic.impact = std::move(gain);
  }

  Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
  std::map<size_t, Installed> installed_in_;
  std::set<const PackageManager*> brought_;  // whose packages this stage copies from another
  // For packages that a command names: the first broad COPY of the stage, or the first one after what was
  // reported.
  std::optional<BroadCopy> broad_;
  size_t copies_seen_ = 0;    // that were looked at for it
  bool scripts_ran_ = false;  // after it: they may have prepared installs
};

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check check(dockerfile, reporter);
  for (const plan::Stage& stage : dockerfile.graph().stages)
    check.stage(stage);
}

constexpr lint::ExampleFile kFiles[] = {{"package.json", "{\"name\": \"app\"}\n"},
                                        {"package-lock.json", "{}\n"},
                                        {"server.js", "console.log(1)\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/optimize/#order-your-layers",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1001",
      .name = "copy-before-deps",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kSafe,
      .summary = "Sources are copied before the dependencies are installed",
      .rationale =
          "A COPY rebuilds when any file that it copies changes, and every step after it rebuilds too. "
          "If one of those steps installs the dependencies, each edit of the sources downloads and "
          "installs everything again. The install needs only the manifests, such as `package.json` and "
          "its lock file. Copy them first, on their own: the install is then reused until they change. "
          "Packages that a command names itself, as in `apt-get install curl`, need no files from the "
          "context: put such a RUN above the COPY.\n\nNot reported: installs that need the sources (a "
          "`postinstall` or `prepare` script that reads them, `-e .` in a requirements file), installs "
          "that run only if a test finds their manifest, packages that the same RUN removes again, "
          "such as a compiler, and a RUN that upgrades packages among other things.\n\nIf the Dockerfile's "
          "folder does not contain what COPY names, the build "
          "context is another folder. The rule then looks at the text alone, and there is no fix.",
      .fix_note =
          "Copies the manifests that exist in the context, then installs, then copies the rest. For a "
          "workspace or a project of several modules that includes the manifest of each member: for npm, "
          "Yarn, pnpm, Bun, Cargo, Go, uv, Maven, Gradle, .NET, Mix, cabal and Stack. What wants the sources "
          "too is installed "
          "twice, first without the project (`uv sync --no-install-project`, `composer install --no-scripts "
          "--no-autoloader`), and for a build that downloads on the way the download is put above it (`go "
          "mod download`, `dotnet restore`, `mvn dependency:go-offline`, `cargo fetch`); all of these are "
          "unsafe.\n\nThe fix is safe only if everything that the install reads is known. It is unsafe if an "
          "option or a variable may name a file, if a manifest may refer to the project or its packages run "
          "scripts on it, if settings of the package manager are next to the manifests, if a folder above "
          "that of "
          "the install has settings or a manifest for it too, if git does not "
          "track a manifest, or if the ignore file lets packages of an earlier install (`node_modules`) into "
          "the context, which would be copied over the new ones. It is unsafe too if the install may write a "
          "lock file that does not fit the manifest (`npm install`), since the COPY brings the old one back, "
          "and if the RUN upgrades packages, which each edit does until then. Files that a manifest, "
          "settings, the command or a variable names (`-r`, `--find-links wheels`, `PIP_CONSTRAINT`, `path = "
          "\"libs/a\"`) and "
          "settings in the home of the user are copied along, which is unsafe. There is no fix if one of "
          "them "
          "is not in the context or is a credential, or if the lock file that the install needs (`npm ci`, "
          "`--frozen-lockfile`) is not in the context.\n\nA RUN is split after the install only if all of "
          "its commands are one list "
          "of "
          "`&&`. What checks the packages or empties caches stays with the install (`go mod verify`, `npm "
          "cache "
          "clean`). If the stage's layers are part of an image, there is no fix for a RUN that removes "
          "packages "
          "again after something else, or changes their owner (`rm -rf node_modules`, `npm prune`, `chown "
          "-R`): the image would keep both layers. Steps between the COPY and the install that bring a tool "
          "or "
          "settings stay above the install; if they may need the copied files, there is no fix. A RUN that "
          "only installs packages of the distribution swaps places with the "
          "COPYs above it; this is unsafe if one of them writes to a folder that packages write to as well, "
          "such "
          "as `/var/www`.",
      .bad = {"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n", kFiles},
      .good = {"FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
               kFiles},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1001
