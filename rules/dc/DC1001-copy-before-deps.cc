#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "dcache/cache/selection.h"
#include "dcache/lint/rule.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/broad_copy.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/install_reads.h"
#include "rules/likely_context.h"
#include "rules/named_installs.h"
#include "rules/package_managers.h"
#include "rules/workspaces.h"

namespace dcache::rules::DC1001 {
namespace {

using dockerfile::Instruction;
using lint::Diagnostic;
using lint::Dockerfile;
using lint::Run;
using plan::Step;

// A COPY of everything, or of a folder with sources, that nothing but files of the context goes into.
struct BroadCopy {
  const Step* step = nullptr;
  const plan::Selector* source = nullptr;
};

template <typename List>
std::vector<std::string_view> copied(const List& list) {
  std::vector<std::string_view> views;
  for (const std::string_view one : list)
    views.push_back(one);
  return views;
}

// What the install reads: the manifests, or the files that its options name.
std::vector<std::string_view> needed_files(const Use& use) {
  return use.action->installs == Action::Installs::kFiles ? copied(use.files)
                                                          : copied(use.manager->manifests);
}

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
  // A folder beside its manifests, or one that installs look into, is there for the install.
  constexpr std::string_view kForInstalls[] = {"patches", "vendor", "prisma", ".yarn", ".mvn", "buildSrc"};
  if (std::ranges::find(kForInstalls, text::base_name(selector.path)) != std::end(kForInstalls)) return false;
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

// Whether a COPY takes a file of the context.
bool takes(const lint::BuildContext& context, const Step& copy, const context::Record& record) {
  return std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
    return read.origin == plan::Read::Origin::kContext && cache::takes(context.files, read.selectors, record);
  });
}

// Whether one of the copies does.
bool is_taken(const lint::BuildContext& context, const std::vector<const Step*>& copies,
              const context::Record* record) {
  return record != nullptr &&
         std::ranges::any_of(copies, [&](const Step* copy) { return takes(context, *copy, *record); });
}

// Whether one of the copies takes a manifest: otherwise the dependencies are those of the base image.
bool brings_manifest(const std::vector<const Step*>& copies, const Use& use,
                     const lint::BuildContext& build_context) {
  const std::vector<std::string_view> names = !use.files.empty() ? copied(use.files)
                                              : use.manager->manifests.empty()
                                                  ? copied(use.manager->optional)
                                                  : copied(use.manager->manifests);
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

std::string in_folder(std::string_view folder, std::string_view name) {
  return folder == "/" ? std::string(name) : std::string(folder.substr(1)).append("/").append(name);
}

bool names_folder(const Use& use) {
  constexpr std::string_view kOptions[] = {
      "--prefix",     "--dir", "-C",        "--cwd",         "--directory",     "-f",
      "--file",       "-p",    "--project", "--project-dir", "--manifest-path", "-d",
      "--working-dir"};
  return std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
    const std::string_view option = word.text.substr(0, word.text.find('='));
    return std::ranges::find(kOptions, option) != std::end(kOptions);
  });
}

// Where a RUN works. Without a WORKDIR the base image says so: an install finds its manifests where the COPY
// brings them.
std::string work_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const std::string_view folder = graph.steps[*run.step].workdir();
  return std::string(folder == "/" ? copy.step->destination : folder);
}

// The folder of the context that the install works in, as a rooted path; nothing where it can't be told.
std::optional<std::string> install_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run,
                                          const Use& use) {
  std::string folder = work_folder(graph, copy, run);
  for (const shell::Command& command : run.commands) {
    if (&command == use.command) break;
    if (command.program() != "cd") continue;
    if (command.words.size() != 2 || !command.words[1].literal) return std::nullopt;
    folder = text::clean_path(text::join_path(folder, command.words[1].text));
  }
  if (names_folder(use) || !text::is_within(folder, copy.step->destination)) return std::nullopt;
  std::string_view inside = std::string_view(folder).substr(
      copy.step->destination == "/" ? 1 : std::min(copy.step->destination.size() + 1, folder.size()));
  if (copy.source->path == "/*") return inside.empty() ? std::optional<std::string>("/") : std::nullopt;
  return inside.empty() ? copy.source->path : text::join_path(copy.source->path, inside);
}

// Other modules of the project that a go.mod takes from folders: their go.mod files.
std::vector<std::string> local_modules(const lint::BuildContext& context, std::string_view folder,
                                       std::string_view go_mod) {
  std::vector<std::string> found;
  while (!go_mod.empty()) {
    const std::string_view line = go_mod.substr(0, go_mod.find('\n'));
    go_mod.remove_prefix(std::min(line.size() + 1, go_mod.size()));
    const size_t arrow = line.find("=> .");
    if (arrow == std::string_view::npos) continue;
    const std::string_view place = text::trim(line.substr(arrow + 3));
    std::string path =
        text::clean_path(in_folder(folder, std::string(place.substr(0, place.find(' '))) + "/go.mod"));
    if (context.files.find(path) != nullptr) found.push_back(std::move(path));
  }
  return found;
}

// What has to be copied for the install to work, relative to the context.
struct Manifests {
  std::vector<std::string> paths;    // of files
  std::vector<std::string> folders;  // that the package manager reads too
  std::vector<std::string> others;   // that the manifests refer to
  std::string below;                 // the folder of the install inside what the COPY brings
  bool separable = true;             // false if it is not all there, or if the manifests refer to sources
  bool runs_scripts = false;
  bool refers = false;          // to files that are not among the others
  bool open_workspace = false;  // whose members are not known
  bool needs_sources = false;   // nothing is gained by copying the manifests first
};

// The path in the context of a file that an install names; empty if it is none of what the COPY brings.
std::string named_file(std::string_view name, std::string_view folder, const BroadCopy& copy) {
  if (!name.starts_with('/')) return text::clean_path(in_folder(folder, name));
  const std::string& destination = copy.step->destination;
  if (!text::is_within(name, destination) || copy.source->wildcard) return {};
  const std::string below(
      name.substr(destination == "/" ? 1 : std::min(destination.size() + 1, name.size())));
  return text::join_path(copy.source->path, below).substr(1);
}

// What the lists of an install say of other files.
void follow_lists(const lint::BuildContext& context, std::string_view folder, const BroadCopy& copy,
                  const Use& use, Manifests& found) {
  for (const std::string& name : use.files) {
    const std::string path = named_file(name, folder, copy);
    if (context.files.find(path) == nullptr) continue;
    if (std::ranges::find(found.paths, path) == found.paths.end()) found.paths.push_back(path);
    const Included included = included_by(context, path);
    found.others.insert(found.others.end(), included.files.begin(), included.files.end());
    found.refers = found.refers || included.local;
    found.needs_sources = found.needs_sources || included.project;
  }
}

// The manifests of the members of a workspace, as far as one of the copies brings them.
void add_members(const lint::BuildContext& context, std::string_view folder,
                 const std::vector<const Step*>& copies, const Use& use, Manifests& found) {
  const auto workspace = workspace_in(context, folder.substr(1), *use.manager);
  if (!workspace) return;
  found.separable = false;
  found.open_workspace = !workspace->known;
  for (const std::string& path : workspace->manifests) {
    if (is_taken(context, copies, context.files.find(path))) found.others.push_back(path);
  }
}

Manifests find_manifests(const lint::BuildContext& build_context, const std::vector<const Step*>& copies,
                         std::string_view folder, const BroadCopy& copy, const Use& use) {
  Manifests found;
  const PackageManager& manager = *use.manager;
  const bool lists = use.action->installs == Action::Installs::kFiles;
  const bool ignores_scripts = shell::has_word(use.arguments, "--ignore-scripts");
  const auto exists = [&](std::string_view name) {
    return build_context.files.find(in_folder(folder, name)) != nullptr;
  };
  for (const std::string_view name : needed_files(use)) {
    if (name.starts_with('/') || name.find('/') != std::string_view::npos || !exists(name)) {
      found.separable = false;
      continue;
    }
    found.paths.push_back(in_folder(folder, name));
    const auto text = build_context.read(found.paths.back());
    const auto holds = [&](std::string_view word) { return text->find(word) != std::string::npos; };
    const bool refers =
        text && std::any_of(manager.inseparable_if.begin(), manager.inseparable_if.end(), holds);
    found.separable = found.separable && text && !refers;
    if (!text) continue;
    found.runs_scripts =
        found.runs_scripts ||
        (!ignores_scripts && std::any_of(manager.scripts.begin(), manager.scripts.end(), holds));
    found.needs_sources =
        found.needs_sources || (found.runs_scripts && name == "package.json" &&
                                has_script_with_sources(build_context, folder.substr(1), *text));
    if (name == "go.mod") found.others = local_modules(build_context, folder, *text);
    // A workspace is looked at below.
    found.refers = found.refers || (!lists && name != "go.mod" &&
                                    std::ranges::any_of(manager.inseparable_if, [&](std::string_view word) {
                                      return word != "\"workspaces\"" && holds(word);
                                    }));
  }
  found.separable = found.separable && std::ranges::none_of(manager.inseparable_with, exists);
  if (lists) {
    follow_lists(build_context, folder, copy, use, found);
    return found;
  }
  for (const std::string_view name : manager.inseparable_with) {
    if (exists(name)) found.paths.push_back(in_folder(folder, name));
  }
  add_members(build_context, folder, copies, use, found);
  for (const std::string_view name : manager.optional) {
    if (text::has_wildcard(name)) {
      for (const context::Record& record : build_context.files.records()) {
        if (text::glob_match(in_folder(folder, name), record.path)) found.paths.push_back(record.path);
      }
      continue;
    }
    std::string path = in_folder(folder, name);
    const context::Record* record = build_context.files.find(path);
    if (record == nullptr) continue;
    (record->type == context::Type::kFolder ? found.folders : found.paths).push_back(std::move(path));
  }
  return found;
}

bool needs_sources(const Use& use) {
  const Words unless = use.action->needs_sources_unless;
  if (unless.empty()) return false;
  return std::none_of(use.arguments.begin(), use.arguments.end(), [&](const shell::Word& word) {
    return std::find(unless.begin(), unless.end(), word.text) != unless.end();
  });
}

// `COPY [flags] manifests destination/`, and one line each for those in folders of their own; empty if there
// are none.
std::string manifest_copies(const Instruction& copy, const Manifests& manifests, std::string_view folder,
                            std::string_view eol) {
  std::string head = "COPY";
  for (const dockerfile::Flag& flag : copy.flags)
    head.append(" ").append(flag.text);
  std::string destination(copy.arguments.back().text);
  if (!destination.ends_with('/')) destination += '/';
  if (!manifests.below.empty()) destination += manifests.below + "/";
  std::string text = head;
  for (const std::string& path : manifests.paths)
    text += " " + path;
  text = manifests.paths.empty() ? "" : fmt::format("{} {}{}", text, destination, eol);
  for (const std::string& path : manifests.folders)
    text += fmt::format("{} {} {}{}{}", head, path, destination,
                        path.substr(folder == "/" ? 0 : folder.size()), eol);
  return text;
}

// The instructions of one line each that a text holds.
std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_plain_copy(const Instruction& copy) {
  const bool known_flags =
      std::all_of(copy.flags.begin(), copy.flags.end(), [](const dockerfile::Flag& flag) {
        return flag.name == "chown" || flag.name == "chmod" || flag.name == "link";
      });
  return copy.arguments.size() == 2 && !copy.json && known_flags;
}

// Whether nothing that runs is between the COPY and the RUN.
bool are_neighbours(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const plan::Stage& stage = graph.stages[copy.step->stage];
  const auto at = std::find(stage.steps.begin(), stage.steps.end(), *run.step);
  return at != stage.steps.begin() && at != stage.steps.end() && &graph.steps[*(at - 1)] == copy.step;
}

// Whether no step between the COPY and the RUN can need the files.
bool can_wait(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const plan::Stage& stage = graph.stages[copy.step->stage];
  return std::ranges::all_of(stage.steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return &step <= copy.step || index >= *run.step || step.kind == Step::Kind::kWorkdir;
  });
}

std::string flags_text(const Instruction& run) {
  std::string text;
  for (const dockerfile::Flag& flag : run.flags)
    text.append(flag.text).append(" ");
  return text;
}

// The whole lines of an instruction, with the line end.
text::Span lines_of(const dockerfile::File& file, text::Span span) {
  const std::string_view source = file.source();
  while (span.begin > 0 && (source[span.begin - 1] == ' ' || source[span.begin - 1] == '\t'))
    --span.begin;
  const size_t end = source.find('\n', span.end);
  span.end = static_cast<uint32_t>(end == std::string_view::npos ? source.size() : end + 1);
  return span;
}

// In the place of the COPY: the copies of the manifests, if there are any left to make.
text::Edit replace_copy(const dockerfile::File& file, const Instruction& copy, std::string copies) {
  if (copies.empty()) return {lines_of(file, copy.span), ""};
  copies.erase(copies.find_last_not_of("\r\n") + 1);
  return {copy.span, std::move(copies)};
}

// Whether a comment that commands a linter or BuildKit's checks is right above the instruction.
bool is_commanded_above(const dockerfile::File& file, const Instruction& instruction) {
  const std::string_view above = line_above(file, instruction);
  return above.starts_with('#') &&
         (above.find("ignore") != std::string_view::npos || above.find("check=") != std::string_view::npos);
}

// The install that starts the RUN moves above the COPY: the COPY goes below it, and in its old place the
// manifests alone.
std::optional<lint::Fix> move_install(Dockerfile& dockerfile, const lint::BuildContext& context,
                                      const BroadCopy& copy, const Run& run, const Use& use,
                                      const Manifests& manifests, const Manifests& all,
                                      std::string_view folder) {
  const bool first = use.command == &run.commands.front() && use.command->depth == 0;
  if (!first || !run.shell_form || !run.instruction->heredocs.empty()) return std::nullopt;
  const Instruction& copy_instruction = *copy.step->instruction;
  const std::string eol(line_end(dockerfile.file()));
  const std::string copy_text(copy_instruction.span.of(dockerfile.file().source()));
  lint::Fix fix;
  fix.safe = !manifests.runs_scripts && !is_commanded_above(dockerfile.file(), copy_instruction) &&
             reads_manifests_alone(dockerfile, context,
                                   {.run = &run,
                                    .use = &use,
                                    .folder = folder,
                                    .destination = copy.step->destination,
                                    .manifests = &all.paths,
                                    .folders = &all.folders});
  fix.description = "copy the manifests, install, then copy the rest";
  fix.edits.push_back(replace_copy(dockerfile.file(), copy_instruction,
                                   manifest_copies(copy_instruction, manifests, folder, eol)));
  fix.removed = {copy_instruction.span.begin};
  fix.added = lines_in(fix.edits.front().replacement);
  fix.added.push_back(copy_text);
  if (run.commands.size() == 1) {
    fix.edits.push_back({{run.instruction->span.end, run.instruction->span.end}, eol + copy_text});
    return fix;
  }
  const shell::Command& next = run.commands[1];
  if (next.connector != shell::Connector::kAnd || next.depth != 0) return std::nullopt;
  const uint32_t from = run.span_of(use.command->spelling).end;
  const uint32_t to = run.span_of(next.spelling).begin;
  // A comment between the commands would be lost.
  if (text::Span{from, to}.of(run.source).find('#') != std::string_view::npos) return std::nullopt;
  const std::string start = "RUN " + flags_text(*run.instruction);
  fix.edits.push_back({{from, to}, eol + copy_text + eol + start});
  fix.added.push_back(start + std::string(text::Span{to, run.instruction->span.end}.of(run.source)));
  return fix;
}

// Takes out of the manifests what COPYs above have brought to the same place.
void leave_out_copied(const lint::BuildContext& context, const std::vector<const Step*>& copies,
                      const BroadCopy& copy, Manifests& manifests) {
  const std::string place = text::join_path(copy.step->destination, manifests.below);
  const auto is_copied = [&](const std::string& path) {
    const context::Record* record = context.files.find(path);
    return std::any_of(copies.begin(), std::ranges::find(copies, copy.step), [&](const Step* step) {
      const bool same_place =
          step->destination == place || step->destination == text::join_path(place, text::base_name(path));
      return same_place && record != nullptr && takes(context, *step, *record);
    });
  };
  std::erase_if(manifests.paths, is_copied);
}

std::optional<lint::Fix> make_fix(Dockerfile& dockerfile, const lint::BuildContext* context,
                                  const std::vector<const Step*>& copies, const BroadCopy& copy,
                                  const Run& run, const Use& use) {
  if (context == nullptr || !use.manager->separable || needs_sources(use)) return std::nullopt;
  if (!is_plain_copy(*copy.step->instruction) || copy.source->wildcard) return std::nullopt;
  const auto folder = install_folder(dockerfile.graph(), copy, run, use);
  if (!folder) return std::nullopt;
  Manifests manifests = find_manifests(*context, copies, *folder, copy, use);
  if (!manifests.separable || manifests.paths.empty()) return std::nullopt;
  if (*folder != copy.source->path)
    manifests.below = folder->substr(copy.source->path == "/" ? 1 : copy.source->path.size() + 1);
  const Manifests all = manifests;
  leave_out_copied(*context, copies, copy, manifests);
  if (use.action->installs == Action::Installs::kImplied) {
    // The download works in the same folder as the COPY.
    if (use.action->fetch.empty() || !manifests.below.empty() ||
        work_folder(dockerfile.graph(), copy, run) != copy.step->destination)
      return std::nullopt;
    const Instruction& instruction = *copy.step->instruction;
    const std::string eol(line_end(dockerfile.file()));
    lint::Fix fix;
    fix.description = "download the dependencies first";
    // It downloads all that the manifests list, and the build alone what it compiles: the rest may be
    // private.
    fix.safe = false;
    fix.edits.push_back({{instruction.span.begin, instruction.span.begin},
                         manifest_copies(instruction, manifests, *folder, eol) + "RUN " +
                             std::string(use.action->fetch) + eol});
    fix.added = lines_in(fix.edits.front().replacement);
    return fix;
  }
  if (!are_neighbours(dockerfile.graph(), copy, run)) return std::nullopt;
  return move_install(dockerfile, *context, copy, run, use, manifests, all, *folder);
}

// The COPY moves below a RUN that needs nothing of it.
std::optional<lint::Fix> move_copy(Dockerfile& dockerfile, const BroadCopy& copy, const Run& run) {
  const Instruction& instruction = *copy.step->instruction;
  const std::string_view text = instruction.span.of(dockerfile.file().source());
  const dockerfile::Flag* owner = instruction.find_flag("chown");
  const bool named_owner =
      owner != nullptr && owner->value.find_first_not_of("0123456789:") != std::string_view::npos;
  // Variables may have other values there, and an owner's name may be made by the install.
  if (!instruction.heredocs.empty() || named_owner || text.find('$') != std::string_view::npos)
    return std::nullopt;
  lint::Fix fix;
  fix.safe = is_projects_own(copy.step->destination) && !is_commanded_above(dockerfile.file(), instruction) &&
             installs_from_outside(dockerfile, run, copy.step->destination);
  fix.description = "install first, then copy";
  fix.removed = {instruction.span.begin};
  fix.added = {std::string(text)};
  fix.edits.push_back({lines_of(dockerfile.file(), instruction.span), ""});
  fix.edits.push_back({{run.instruction->span.end, run.instruction->span.end},
                       std::string(line_end(dockerfile.file())) + std::string(text)});
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

// The lock file without which an install fails, empty for none.
std::string_view needed_lock(const Use& use) {
  struct Locked {
    std::string_view manager;
    std::string_view word;  // of the sub-command, or an option
    std::string_view file;
  };
  constexpr Locked kLocked[] = {{"npm", "ci", "package-lock.json"},
                                {"npm", "clean-install", "package-lock.json"},
                                {"yarn", "--frozen-lockfile", "yarn.lock"},
                                {"yarn", "--immutable", "yarn.lock"},
                                {"pnpm", "--frozen-lockfile", "pnpm-lock.yaml"},
                                {"pnpm", "fetch", "pnpm-lock.yaml"},
                                {"bun", "--frozen-lockfile", "bun.lock"},
                                {"cargo", "--locked", "Cargo.lock"},
                                {"uv", "--locked", "uv.lock"},
                                {"uv", "--frozen", "uv.lock"},
                                {"pipenv", "sync", "Pipfile.lock"},
                                {"pipenv", "--deploy", "Pipfile.lock"}};
  const auto words = shell::invocation(*use.command);
  const auto found = std::ranges::find_if(kLocked, [&](const Locked& one) {
    return one.manager == use.manager->name && shell::has_word(words, one.word);
  });
  return found == std::end(kLocked) ? std::string_view() : found->file;
}

// What the package manager reads, where the context does not show it.
std::vector<std::string> usual_names(const Use& use) {
  std::vector<std::string> names;
  for (const std::string_view name : needed_files(use))
    names.emplace_back(name.starts_with('/') || name.starts_with('.') ? text::base_name(name) : name);
  if (const std::string_view lock = needed_lock(use); !lock.empty()) names.emplace_back(lock);
  return names;
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

// Whether the RUN takes packages away again, such as a compiler: in a RUN of their own they would stay.
bool removes_packages(const Run& run) {
  constexpr std::string_view kPrograms[] = {"apt-get", "apt",    "apk",    "dnf", "microdnf",
                                            "yum",     "zypper", "pacman", "dpkg"};
  constexpr std::string_view kCommands[] = {"purge", "remove",  "autoremove",   "autopurge", "del",
                                            "erase", "--purge", "-r",           "-P",        "-R",
                                            "-Rs",   "-Rns",    "--auto-remove"};
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return std::ranges::find(kPrograms, shell::program_of(words)) != std::end(kPrograms) &&
           std::ranges::any_of(kCommands,
                               [&](std::string_view word) { return shell::has_word(words, word); });
  });
}

class Check {
 public:
  Check(Dockerfile& dockerfile, lint::Reporter& reporter) : dockerfile_(dockerfile), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const Step*> copies;
    std::set<const PackageManager*> installed;
    if (stage.base_stage) installed = installed_in_[*stage.base_stage];
    scripts_ran_ = named_reported_ = false;
    broad_.reset();
    copies_seen_ = 0;
    for (const size_t index : stage.steps) {
      const Step& step = dockerfile_.graph().steps[index];
      if (step.kind == Step::Kind::kCopy) copies.push_back(&step);
      if (step.kind == Step::Kind::kRun) visit(dockerfile_.run_of(index), stage, copies, installed);
    }
    installed_in_[stage.index] = std::move(installed);
  }

 private:
  static constexpr int kMostLevels = 8;  // of folders above the Dockerfile's that are looked at

  void visit(const Run& run, const plan::Stage& stage, const std::vector<const Step*>& copies,
             std::set<const PackageManager*>& installed) {
    if (!copies.empty()) visit_named(run, copies);
    for (const Use& use : uses_of(dockerfile_, run)) {
      // What `cargo chef cook` compiles are the dependencies alone.
      if (use.manager->name == "cargo" && use.action->words.front() == "chef") installed.insert(use.manager);
      if (!use.installs_dependencies || !installed.insert(use.manager).second || copies.empty()) continue;
      if (use.action->installs == Action::Installs::kImplied && keeps_downloads(run, use)) continue;
      // The context is asked for only where a COPY could matter.
      const auto broad = find_broad(copies, use, context());
      if (!broad || is_guarded(run, use) || is_vendored(run, *broad, use)) continue;
      if (context() == nullptr ? downloads_sources(dockerfile_, stage)
                               : !brings_manifest(copies, use, *context()))
        continue;
      report(*broad, copies, run, use);
    }
  }

  // Packages that the command names need none of the files.
  void visit_named(const Run& run, const std::vector<const Step*>& copies) {
    if (named_reported_) return;
    const Use any{.manager = &package_manager("apt"),
                  .action = &package_manager("apt").actions.front(),
                  .command = nullptr,
                  .arguments = {},
                  .files = {}};
    for (; !broad_ && copies_seen_ < copies.size(); ++copies_seen_)
      broad_ = find_broad({copies[copies_seen_]}, any, context());
    if (!broad_) return;
    const auto named = find_named_install(dockerfile_, run, *broad_->step);
    if (named && (named->alone || !removes_packages(run)) &&
        (!named->system || (!scripts_ran_ && !may_configure(*broad_)))) {
      named_reported_ = true;
      report_named(*broad_, run, *named);
    }
    scripts_ran_ = scripts_ran_ || may_prepare_installs(run, *broad_->step);
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
            : "install the packages in a RUN above it: they do not need the files");
    if (!named.alone || !named.system || !are_neighbours(dockerfile_.graph(), copy, run)) return;
    diagnostic.fix = move_copy(dockerfile_, copy, run);
    if (diagnostic.fix) add_gain(diagnostic, copy, {});
  }

  void report(const BroadCopy& copy, const std::vector<const Step*>& copies, const Run& run, const Use& use) {
    const Instruction& instruction = *copy.step->instruction;
    const ManifestCopy earlier = manifests_copied_by(copies, use);
    const auto found = manifests_for(copy, copies, earlier, run, use);
    if (found && found->needs_sources) return;
    Diagnostic& diagnostic = reporter_.report(
        instruction.span,
        fmt::format(
            "{} {} comes before '{}' (line {}): editing any copied file installs all dependencies again",
            dockerfile::name_of(instruction.keyword), copy.source->written, install_words(use),
            run.instruction->start_line),
        remedy_for(copies, earlier, found, run, use));
    diagnostic.fix = make_fix(dockerfile_, context(), copies, copy, run, use);
    std::vector<std::string_view> manifests = needed_files(use);
    manifests.insert(manifests.end(), use.manager->optional.begin(), use.manager->optional.end());
    if (diagnostic.fix) add_gain(diagnostic, copy, manifests);
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
  std::optional<Manifests> manifests_for(const BroadCopy& copy, const std::vector<const Step*>& copies,
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
                                         const std::optional<Manifests>& found, const Use& use) {
    constexpr size_t kMostNamed = 3;
    std::vector<std::string> names = found ? found->paths : std::vector<std::string>();
    const bool known = found && !(found->paths.empty() && found->others.empty());
    if (!known) names = usual_names(use);
    const auto is_there = [&](const std::string& name) { return is_copied_alone(copies, use, name, known); };
    std::erase_if(names, is_there);
    std::vector<std::string> others = found ? found->others : std::vector<std::string>();
    std::erase_if(others, is_there);
    const bool workspace = found ? found->open_workspace : copies_workspace(copies, use);
    const bool members = others.size() > kMostNamed && use.action->installs != Action::Installs::kFiles;
    if (workspace || members) {
      names.push_back(fmt::format("the {} of each workspace member", use.manager->manifests.front()));
    } else {
      names.insert(names.end(), others.begin(), others.end());
    }
    if (found && found->refers) names.emplace_back("the local files that they refer to");
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
                         const std::optional<Manifests>& found, const Run& run, const Use& use) {
    const bool implied = use.action->installs == Action::Installs::kImplied;
    const std::string install = !implied                    ? "install"
                                : use.action->fetch.empty() ? "download the dependencies"
                                                            : fmt::format("run '{}'", use.action->fetch);
    const std::vector<std::string> missing = missing_names(copies, found, use);
    std::string remedy;
    if (earlier.step != nullptr && missing.empty()) {
      remedy =
          fmt::format("line {} already copies {}: {} right after it, then copy the rest",
                      earlier.step->instruction->start_line, text::list_words(usual_names(use)), install);
    } else {
      remedy = fmt::format(
          "copy {} first, {}, then copy the rest",
          missing.empty() ? "the files that list the dependencies" : text::list_words(missing), install);
    }
    if (implied && use.action->fetch.empty()) {
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
  std::map<size_t, std::set<const PackageManager*>> installed_in_;
  bool named_reported_ = false;     // in this stage
  std::optional<BroadCopy> broad_;  // the first of the stage for packages that a command names
  size_t copies_seen_ = 0;          // that were looked at for it
  bool scripts_ran_ = false;        // after a broad COPY of this stage: they may have prepared installs
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
          "that run only if a test finds their manifest, and packages that the same RUN removes again, "
          "such as a compiler.\n\nIf the Dockerfile's folder does not contain what COPY names, the build "
          "context is another folder. The rule then looks at the text alone, and there is no fix.",
      .fix_note =
          "Copies the manifests that exist in the context, then installs, then copies the rest. The fix "
          "is safe only if everything that the install reads is known. It is unsafe if an option or a "
          "variable may name a file, if a manifest may refer to the project or its packages run scripts "
          "on it, if settings of the package manager are next to the manifests, or if the context "
          "contains packages of an earlier install, or if it adds a `go mod download`, which also fetches "
          "private modules that the build does not need. There is no fix if a manifest refers to files of "
          "the "
          "project. A RUN that only installs packages of the distribution swaps places with the COPY "
          "above it; this is unsafe if the COPY writes to a folder that packages write to as well, such "
          "as `/var/www`.",
      .bad = {"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n", kFiles},
      .good = {"FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
               kFiles},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1001
