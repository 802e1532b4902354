#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "dcache/cache/selection.h"
#include "dcache/lint/rule.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/package_managers.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using lint::Diagnostic;
using lint::Run;
using lint::Subject;
using plan::Step;

// A COPY of everything, or of a folder with sources, that nothing but files of the context goes into.
struct BroadCopy {
  const Step* step = nullptr;
  const plan::Selector* source = nullptr;
};

template <typename List>
std::vector<std::string_view> copied(const List& list) {
  return {list.begin(), list.end()};
}

// What the install reads: the manifests, or the files that its options name.
std::vector<std::string_view> needed_files(const Use& use) {
  return use.action->installs == Action::Installs::kFiles ? copied(use.files)
                                                          : copied(use.manager->manifests);
}

bool is_manifest(const PackageManager& manager, std::string_view path) {
  const std::string_view name = text::base_name(path);
  const auto names_it = [&](Words names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return names_it(manager.manifests) || names_it(manager.optional);
}

// Whether a folder holds more than what the package manager itself reads.
bool holds_sources(const lint::Surroundings& surroundings, std::string_view folder, const Use& use) {
  const auto below = surroundings.files.below(folder);
  return std::any_of(below.begin(), below.end(), [&](const context::Record& record) {
    if (record.type != context::Type::kFile || is_manifest(*use.manager, record.path)) return false;
    return std::none_of(use.files.begin(), use.files.end(), [&](const std::string& file) {
      return text::base_name(file) == text::base_name(record.path);
    });
  });
}

bool is_broad(const plan::Selector& selector, const Use& use, const lint::Surroundings* surroundings) {
  if (selector.takes_everything()) return true;
  if (!selector.include.empty() || selector.wildcard || surroundings == nullptr) return false;
  const std::string_view path = std::string_view(selector.path).substr(1);
  const context::Record* record = surroundings->files.find(path);
  return record != nullptr && record->type == context::Type::kFolder &&
         holds_sources(*surroundings, path, use);
}

std::optional<BroadCopy> find_broad(const std::vector<const Step*>& copies, const Use& use,
                                    const lint::Surroundings* surroundings) {
  for (const Step* step : copies) {
    for (const plan::Read& read : step->reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors) {
        if (is_broad(selector, use, surroundings)) return BroadCopy{step, &selector};
      }
    }
  }
  return std::nullopt;
}

// Whether one of the copies takes a manifest: otherwise the dependencies are those of the base image.
bool brings_manifest(const std::vector<const Step*>& copies, const Use& use,
                     const lint::Surroundings& surroundings) {
  const std::vector<std::string_view> names =
      use.files.empty() ? copied(use.manager->manifests) : copied(use.files);
  if (names.empty()) return true;
  const auto is_taken = [&](const context::Record* record) {
    return std::any_of(copies.begin(), copies.end(), [&](const Step* step) {
      return std::any_of(step->reads.begin(), step->reads.end(), [&](const plan::Read& read) {
        return read.origin == plan::Read::Origin::kContext &&
               cache::takes(surroundings.files, read.selectors, *record);
      });
    });
  };
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    const auto records = surroundings.called(text::base_name(name));
    return std::any_of(records.begin(), records.end(), is_taken);
  });
}

std::string in_folder(std::string_view folder, std::string_view name) {
  return folder == "/" ? std::string(name) : std::string(folder.substr(1)).append("/").append(name);
}

// What has to be copied for the install to work, relative to the context; nothing if it is not all there, or
// if the manifests refer to sources.
struct Manifests {
  std::vector<std::string> paths;
  bool runs_scripts = false;
};

std::optional<Manifests> find_manifests(const lint::Surroundings& surroundings, const BroadCopy& copy,
                                        const Use& use) {
  Manifests found;
  const PackageManager& manager = *use.manager;
  const auto exists = [&](std::string_view name) {
    return surroundings.files.find(in_folder(copy.source->path, name)) != nullptr;
  };
  const bool from_files = use.action->installs == Action::Installs::kFiles;
  const std::vector<std::string_view> needed = needed_files(use);
  for (const std::string_view name : needed) {
    if (name.starts_with('/') || name.find('/') != std::string_view::npos || !exists(name))
      return std::nullopt;
  }
  for (const std::string_view name : manager.inseparable_with) {
    if (exists(name)) return std::nullopt;
  }
  for (const std::string_view name : needed) {
    const auto text = surroundings.read(in_folder(copy.source->path, name));
    if (!text) return std::nullopt;
    const auto holds = [&](std::string_view word) { return text->find(word) != std::string::npos; };
    if (std::any_of(manager.inseparable_if.begin(), manager.inseparable_if.end(), holds)) return std::nullopt;
    found.runs_scripts =
        found.runs_scripts || std::any_of(manager.scripts.begin(), manager.scripts.end(), holds);
  }
  found.paths.assign(needed.begin(), needed.end());
  for (const std::string_view name : manager.optional) {
    if (!from_files && exists(name)) found.paths.emplace_back(name);
  }
  for (std::string& path : found.paths)
    path = in_folder(copy.source->path, path);
  if (found.paths.empty()) return std::nullopt;
  return found;
}

bool needs_sources(const Use& use) {
  const Words unless = use.action->needs_sources_unless;
  if (unless.empty()) return false;
  return std::none_of(use.arguments.begin(), use.arguments.end(), [&](const shell::Word& word) {
    return std::find(unless.begin(), unless.end(), word.text) != unless.end();
  });
}

// `COPY [flags] manifests destination/`
std::string manifest_copy(const Instruction& copy, const std::vector<std::string>& paths) {
  std::string text = "COPY";
  for (const dockerfile::Flag& flag : copy.flags)
    text.append(" ").append(flag.text);
  for (const std::string& path : paths)
    text += " " + path;
  std::string destination(copy.arguments.back().text);
  if (!destination.ends_with('/')) destination += '/';
  return text + " " + destination;
}

bool is_plain_copy(const Instruction& copy) {
  const bool known_flags =
      std::all_of(copy.flags.begin(), copy.flags.end(), [](const dockerfile::Flag& flag) {
        return flag.name == "chown" || flag.name == "chmod" || flag.name == "link";
      });
  return copy.arguments.size() == 2 && !copy.json && known_flags;
}

// Whether nothing that runs stands between the COPY and the RUN.
bool are_neighbours(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const plan::Stage& stage = graph.stages[copy.step->stage];
  const auto at = std::find(stage.steps.begin(), stage.steps.end(), *run.step);
  return at != stage.steps.begin() && at != stage.steps.end() && &graph.steps[*(at - 1)] == copy.step;
}

std::string flags_text(const Instruction& run) {
  std::string text;
  for (const dockerfile::Flag& flag : run.flags)
    text.append(flag.text).append(" ");
  return text;
}

// The install that starts the RUN moves above the COPY: the COPY goes below it, and in its old place the
// manifests alone.
std::optional<lint::Fix> move_install(const Subject& subject, const BroadCopy& copy, const Run& run,
                                      const Use& use, const Manifests& manifests) {
  const bool first = use.command == &run.commands.front() && use.command->depth == 0;
  if (!first || !run.shell_form || !run.instruction->heredocs.empty()) return std::nullopt;
  const Instruction& copy_instruction = *copy.step->instruction;
  const std::string eol(line_end(subject.file()));
  const std::string copy_text(copy_instruction.span.of(subject.file().source()));
  lint::Fix fix;
  fix.safe = !manifests.runs_scripts;
  fix.description = "copy the manifests, install, then copy the rest";
  fix.edits.push_back({copy_instruction.span, manifest_copy(copy_instruction, manifests.paths)});
  fix.removed = {copy_instruction.span.begin};
  fix.added = {fix.edits.front().replacement, copy_text};
  if (run.commands.size() == 1) {
    fix.edits.push_back({{run.instruction->span.end, run.instruction->span.end}, eol + copy_text});
    return fix;
  }
  const shell::Command& next = run.commands[1];
  if (next.connector != shell::Connector::kAnd || next.depth != 0) return std::nullopt;
  const uint32_t from = run.span_of(use.command->spelling).end;
  const uint32_t to = run.span_of(next.spelling).begin;
  const std::string start = "RUN " + flags_text(*run.instruction);
  fix.edits.push_back({{from, to}, eol + copy_text + eol + start});
  fix.added.push_back(start + std::string(text::Span{to, run.instruction->span.end}.of(run.source)));
  return fix;
}

std::optional<lint::Fix> make_fix(Subject& subject, const BroadCopy& copy, const Run& run, const Use& use) {
  const lint::Surroundings* surroundings = subject.surroundings();
  if (surroundings == nullptr || !use.manager->separable || needs_sources(use)) return std::nullopt;
  if (!is_plain_copy(*copy.step->instruction) || copy.source->wildcard) return std::nullopt;
  const auto manifests = find_manifests(*surroundings, copy, use);
  if (!manifests) return std::nullopt;
  if (use.action->installs == Action::Installs::kImplied) {
    if (use.action->fetch.empty()) return std::nullopt;
    const Instruction& instruction = *copy.step->instruction;
    const std::string eol(line_end(subject.file()));
    lint::Fix fix;
    fix.description = "download the dependencies first";
    fix.added = {manifest_copy(instruction, manifests->paths), "RUN " + std::string(use.action->fetch)};
    fix.edits.push_back(
        {{instruction.span.begin, instruction.span.begin}, fix.added.front() + eol + fix.added.back() + eol});
    return fix;
  }
  if (!are_neighbours(subject.graph(), copy, run)) return std::nullopt;
  return move_install(subject, copy, run, use, *manifests);
}

// "go mod download": the words up to the sub-command.
std::string install_words(const Use& use) {
  std::string words(use.manager->name);
  for (const std::string_view word : use.action->words)
    words.append(" ").append(word);
  return words;
}

std::string manifest_words(const Use& use) {
  const std::vector<std::string_view> names = needed_files(use);
  return names.empty() ? "its manifests" : fmt::format("{}", fmt::join(names, " and "));
}

class Check {
 public:
  Check(Subject& subject, lint::Reporter& reporter) : subject_(subject), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const Step*> copies;
    std::set<const PackageManager*> installed;
    if (stage.base_stage) installed = installed_in_[*stage.base_stage];
    for (const size_t index : stage.steps) {
      const Step& step = subject_.graph().steps[index];
      if (step.kind == Step::Kind::kCopy) copies.push_back(&step);
      if (step.kind == Step::Kind::kRun) visit(subject_.run_of(index), copies, installed);
    }
    installed_in_[stage.index] = std::move(installed);
  }

 private:
  void visit(const Run& run, const std::vector<const Step*>& copies,
             std::set<const PackageManager*>& installed) {
    for (const Use& use : uses_of(subject_, run)) {
      if (!use.installs_dependencies || !installed.insert(use.manager).second || copies.empty()) continue;
      if (use.action->installs == Action::Installs::kImplied && keeps_downloads(run, use)) continue;
      if (is_vendored(subject_, use, subject_.graph().steps[*run.step])) continue;
      // The context is asked for only where a COPY could matter.
      const auto broad = find_broad(copies, use, subject_.surroundings());
      if (!broad) continue;
      if (subject_.surroundings() != nullptr && !brings_manifest(copies, use, *subject_.surroundings()))
        continue;
      report(*broad, run, use);
    }
  }

  bool keeps_downloads(const Run& run, const Use& use) {
    const Cache& downloads = use.manager->cache(use.action->caches.front());
    return is_mounted(subject_, run, *use.manager, downloads, use.command);
  }

  void report(const BroadCopy& copy, const Run& run, const Use& use) {
    const Instruction& instruction = *copy.step->instruction;
    Diagnostic& diagnostic = reporter_.report(
        instruction.span,
        fmt::format(
            "{} {} stands above '{}' (line {}): an edit of any file in it installs all dependencies again",
            dockerfile::name_of(instruction.keyword), copy.source->written, install_words(use),
            run.instruction->start_line),
        fmt::format("copy {} first, install, then copy the rest", manifest_words(use)));
    diagnostic.fix = make_fix(subject_, copy, run, use);
    if (!diagnostic.fix) return;
    std::vector<std::string_view> manifests = needed_files(use);
    manifests.insert(manifests.end(), use.manager->optional.begin(), use.manager->optional.end());
    const std::string edited = edited_file(*subject_.surroundings(), copy.source->path, manifests);
    const auto gain = gain_of(subject_, *diagnostic.fix, edited);
    if (gain && gain->after < gain->before) diagnostic.message += "; " + gain->words();
  }

  Subject& subject_;
  lint::Reporter& reporter_;
  std::map<size_t, std::set<const PackageManager*>> installed_in_;
};

void check(Subject& subject, lint::Reporter& reporter) {
  Check check(subject, reporter);
  for (const plan::Stage& stage : subject.graph().stages)
    check.stage(stage);
}

constexpr lint::ExampleFile kFiles[] = {{"package.json", "{\"name\": \"app\"}\n"},
                                        {"package-lock.json", "{}\n"},
                                        {"server.js", "console.log(1)\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/cache/optimize/#order-your-layers",
                                            "https://docs.docker.com/build/cache/invalidation/"};

}  // namespace

lint::Rule DC1001() {
  return {
      .code = "DC1001",
      .name = "copy-before-deps",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kSafe,
      .summary = "Sources are copied before the dependencies are installed",
      .rationale =
          "A COPY is rebuilt when any file that it takes changes, and every step below it is rebuilt with "
          "it. If the "
          "install of the dependencies is one of them, each edit of the sources downloads and installs "
          "everything "
          "again. The install needs only the manifests: copied on their own above it, they let it be reused "
          "until "
          "they change.",
      .fix_note =
          "Copies the manifests that exist in the context, leaves the install below them and moves the broad "
          "COPY "
          "under it. Unsafe where the manifest declares scripts that the install runs, since they may need "
          "the "
          "sources. Not offered where a manifest refers to files of the project.",
      .bad = {"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n", kFiles},
      .good = {"FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
               kFiles},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules
