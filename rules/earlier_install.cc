#include "rules/earlier_install.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"
#include "rules/install_reads.h"
#include "rules/invocations.h"
#include "rules/likely_context.h"
#include "rules/lock_files.h"
#include "rules/moving_results.h"
#include "rules/passage.h"
#include "rules/rest_of_run.h"
#include "rules/syntax_version.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using lint::Dockerfile;
using lint::Run;
using plan::Step;

constexpr size_t kMostCopies = 24;  // of the manifests: nobody wants to read more

bool is_plain_copy(const Instruction& copy) {
  const bool known_flags = std::ranges::all_of(copy.flags, [](const dockerfile::Flag& flag) {
    return flag.name == "chown" || flag.name == "chmod" || flag.name == "link";
  });
  return copy.arguments.size() == 2 && !copy.json && known_flags;
}

// A path of the context below a folder of it, which is rooted; nothing if it is elsewhere.
std::optional<std::string> path_below(std::string_view folder, std::string_view path) {
  folder = folder.substr(1);
  if (folder.empty()) return std::string(path);
  if (!text::is_within(path, folder) || path == folder) return std::nullopt;
  return std::string(path.substr(folder.size() + 1));
}

// Whether a path can be written in a Dockerfile as it is.
bool is_plain_path(std::string_view path) {
  return !path.empty() && !path.starts_with('-') &&
         path.find_first_of(" \t\"'\\$*?[<#") == std::string_view::npos;
}

// Whether the syntax that the file asks for has COPY --parents.
bool allows_parents(const dockerfile::File& file) {
  constexpr int kFirst = 20;
  const auto syntax = file.directive("syntax");
  return syntax && syntax->find("docker/dockerfile:1") != std::string_view::npos &&
         !has_syntax_below(file, kFirst);
}

// What is copied for the install, by the folder below the destination that it goes to.
struct CopiedFirst {
  std::map<std::string, std::vector<std::string>, std::less<>> files;
  std::vector<std::pair<std::string, std::string>> folders;  // in the context, and below the destination

  bool empty() const { return files.empty() && folders.empty(); }
};

// Without those that COPYs above have brought to the same place. Nothing where one can't be copied.
std::optional<CopiedFirst> copied_first(const lint::BuildContext& context,
                                        const std::vector<const Step*>& copies, const BroadCopy& copy,
                                        const InstallManifests& manifests) {
  const std::vector<const Step*> above(copies.begin(), std::ranges::find(copies, copy.step));
  CopiedFirst first;
  std::vector<std::string> paths = manifests.paths;
  paths.insert(paths.end(), manifests.others.begin(), manifests.others.end());
  for (const std::string& path : paths) {
    const auto below = path_below(copy.source->path, path);
    if (!below || !is_plain_path(path)) return std::nullopt;
    const std::string place = text::join_path(copy.step->destination, *below);
    const bool is_there = std::ranges::any_of(above, [&](const Step* step) {
      const bool same_place = step->destination == text::parent_path(place) || step->destination == place;
      return same_place && is_taken(context, {step}, context.files.find(path));
    });
    if (is_there) continue;
    std::vector<std::string>& files = first.files[std::string(text::parent_path(*below))];
    if (std::ranges::find(files, path) == files.end()) files.push_back(path);
  }
  for (const std::string& path : manifests.folders) {
    auto below = path_below(copy.source->path, path);
    if (!below || !is_plain_path(path)) return std::nullopt;
    first.folders.emplace_back(path, std::move(*below));
  }
  return first;
}

// The COPYs of the manifests, a line each.
std::vector<std::string> copies_of(const dockerfile::File& file, const BroadCopy& copy,
                                   const CopiedFirst& first) {
  const Instruction& instruction = *copy.step->instruction;
  std::string head = "COPY";
  for (const dockerfile::Flag& flag : instruction.flags)
    head.append(" ").append(flag.text);
  std::string destination(instruction.arguments.back().text);
  if (!destination.ends_with('/')) destination += '/';
  std::vector<std::string> lines;
  if (first.files.size() > 1 && copy.source->path == "/" && allows_parents(file)) {
    std::string line = head + " --parents";
    for (const auto& [folder, files] : first.files)
      line += fmt::format(" {}", fmt::join(files, " "));
    lines.push_back(line + " " + destination);
  } else {
    for (const auto& [folder, files] : first.files) {
      const std::string to = folder == "." ? destination : fmt::format("{}{}/", destination, folder);
      lines.push_back(fmt::format("{} {} {}", head, fmt::join(files, " "), to));
    }
  }
  for (const auto& [path, below] : first.folders)
    lines.push_back(fmt::format("{} {} {}{}", head, path, destination, below));
  return lines;
}

std::string flags_text(const Instruction& run) {
  std::string text;
  for (const dockerfile::Flag& flag : run.flags)
    text.append(flag.text).append(" ");
  return text;
}

// In the place of the COPY: the copies of the manifests, if there are any left to make.
text::Edit replace_copy(const dockerfile::File& file, const Instruction& copy,
                        const std::vector<std::string>& copies) {
  if (copies.empty()) return {lines_of(file, copy.span), ""};
  return {copy.span, fmt::format("{}", fmt::join(copies, line_end(file)))};
}

// The download that a build makes by itself, as a command of its own; empty where there is none.
std::string download_command(const Use& use) {
  std::string fetch(use.action->fetch);
  const auto words = shell::invocation(*use.command);
  if (fetch.empty() || words.empty()) return {};
  // As it is called here: ./mvnw for mvn.
  const std::string program = fetch.substr(0, fetch.find(' '));
  if (!words.front().literal) return {};
  if (text::base_name(words.front().text) != program) fetch.replace(0, program.size(), words.front().text);
  // Its settings may name other repositories.
  constexpr auto kSettings =
      std::to_array<std::string_view>({"-s", "--settings", "-gs", "--global-settings"});
  if (std::ranges::any_of(kSettings, [&](std::string_view option) { return shell::has_word(words, option); }))
    return {};
  if (use.manager->name != "dotnet") return fetch;
  const auto project = std::ranges::find_if(use.arguments, [](const shell::Word& word) {
    return !word.text.starts_with('-') && (word.text.ends_with("proj") || word.text.ends_with(".sln"));
  });
  if (project == use.arguments.end()) return fetch;
  return project->literal ? fmt::format("{} {}", fetch, project->text) : std::string();
}

// Cargo wants to see a target in each package before it downloads what they need. Empty where the manifests
// name their targets, or packages elsewhere.
std::string cargo_download(const lint::BuildContext& context, std::string_view folder,
                           const InstallManifests& manifests) {
  constexpr auto kNamed = std::to_array<std::string_view>(
      {"[lib]", "[[bin]]", "[[bench]]", "[[example]]", "[[test]]", "build =", "[patch", "[replace"});
  std::vector<std::string> files = manifests.paths;
  files.insert(files.end(), manifests.others.begin(), manifests.others.end());
  if (std::ranges::none_of(files,
                           [](const std::string& path) { return text::base_name(path) == "Cargo.lock"; }))
    return {};
  std::vector<std::string> sources;
  for (const std::string& path : files) {
    if (text::base_name(path) != "Cargo.toml") continue;
    const auto text = context.read(path);
    const auto below = path_below(folder, path);
    const auto holds = [&](std::string_view word) { return text->find(word) != std::string::npos; };
    if (!text || !below || std::ranges::any_of(kNamed, holds)) return {};
    if (holds("path =") && !manifests.has_members) return {};
    if (holds("[package]")) sources.push_back(text::join_path(text::parent_path(*below), "src"));
  }
  if (sources.empty()) return {};
  std::string stubs;
  for (const std::string& one : sources)
    stubs += fmt::format(" {}/lib.rs", one);
  return fmt::format("mkdir -p {0} && touch{1} && cargo fetch && rm -r {0}", fmt::join(sources, " "), stubs);
}

// Whether the install is the first command of a RUN in shell form, after those that go to its folder.
bool starts_run(const Run& run, const Use& use) {
  const auto before = static_cast<size_t>(use.command - run.commands.data());
  const auto goes_to_folder = [&](const shell::Command& command) {
    return command.program() == "cd" && command.depth == 0 && !command.quoted &&
           command.redirections.empty() && (&command + 1)->connector == shell::Connector::kAnd;
  };
  return use.command->depth == 0 && run.shell_form && run.instruction->heredocs.empty() &&
         std::ranges::all_of(std::span(run.commands).first(before), goes_to_folder);
}

// The command of the install, with the options by which it does not need the sources; empty where that can't
// be written.
std::string install_without_sources(const Run& run, const Use& use, const InstallManifests& manifests) {
  if (!starts_run(run, use) || !use.command->redirections.empty()) return {};
  const std::string command(run.span_of(use.command->spelling).of(run.source));
  if (command.find('\n') != std::string::npos) return {};
  std::string options;
  for (const std::string_view option : use.action->without_sources) {
    if (!shell::has_word(use.command->words, option)) options += fmt::format(" {}", option);
  }
  // Its members are not installed either.
  if (use.manager->name == "uv" && manifests.has_members) options = " --no-install-workspace";
  return command + options;
}

// Whether a WORKDIR is between the COPY and the RUN.
bool changes_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  return std::ranges::any_of(graph.stages[copy.step->stage].steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return step.kind == Step::Kind::kWorkdir && &step > copy.step && index < *run.step;
  });
}

// Whether a text names a variable that a build may be given another value for: any but those that ENV sets to
// a fixed one.
bool names_argument(const dockerfile::File& file, std::string_view text) {
  if (text.find('$') == std::string_view::npos) return false;
  std::set<std::string_view> fixed, given;
  for (const Instruction& one : file.instructions()) {
    if (one.keyword == dockerfile::Keyword::kEnv && one.joined.find('$') == std::string_view::npos &&
        one.arguments.size() == 2)
      fixed.insert(one.arguments.front().text);
    if (one.keyword != dockerfile::Keyword::kArg) continue;
    for (const dockerfile::Word& word : one.arguments)
      given.insert(word.text.substr(0, word.text.find('=')));
  }
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    std::string_view name = text.substr(at + 1);
    if (name.starts_with('{')) name.remove_prefix(1);
    name = name.substr(0, name.find_first_not_of(text::kNameCharacters));
    if (!fixed.contains(name) || given.contains(name)) return true;
  }
  return false;
}

// Whether build arguments decide which folder of the context the install works in.
bool has_open_folder(const Dockerfile& dockerfile, const BroadCopy& copy, const Run& run) {
  const dockerfile::File& file = dockerfile.file();
  if (names_argument(file, copy.step->instruction->arguments.front().text)) return true;
  return std::ranges::any_of(file.instructions(), [&](const Instruction& one) {
    return one.keyword == dockerfile::Keyword::kWorkdir && one.start_line < run.instruction->start_line &&
           names_argument(file, one.joined);
  });
}

// Whether each `cd` before the install goes to a folder that is there without the sources: the folder of the
// install, or one around it.
bool goes_straight(const plan::Graph& graph, const BroadCopy& copy, const Run& run, const Use& use) {
  const std::string start = work_folder(graph, copy, run);
  const auto last = folder_at(start, run, *use.command);
  if (!last) return false;
  for (const shell::Command& command : run.commands) {
    if (&command == use.command) break;
    if (command.program() == "cd" && command.words[1].text.find("..") != std::string_view::npos) return false;
    const std::string folder = folder_at(start, run, command).value_or(start);
    if (!text::is_within(*last, folder) && text::is_within(folder, copy.step->destination)) return false;
  }
  return true;
}

class EarlierInstall {
 public:
  EarlierInstall(Dockerfile& dockerfile, const lint::BuildContext& context, const BroadCopy& copy,
                 const Run& run, const Use& use, const InstallManifests& manifests, std::string_view folder)
      : dockerfile_(dockerfile),
        context_(context),
        copy_(copy),
        run_(run),
        use_(use),
        manifests_(manifests),
        folder_(folder),
        passage_(passage_down(dockerfile, copy, run)) {}

  // The RUN stays what it is, and comes after another one that only downloads or installs what is not of the
  // project.
  std::optional<lint::Fix> add(const std::string& command, std::string description,
                               const std::vector<std::string>& copies) const {
    const auto own = preparations_in(run_, use_, copied_files());
    const auto after = static_cast<size_t>(use_.command - run_.commands.data()) + 1;
    // It could fail a build that goes on without it, or keep in the image what the RUN removes.
    if (command.empty() || !own || !fails_with(run_, *use_.command) ||
        taken_away_by_rest(dockerfile_, run_, use_, after).sure)
      return std::nullopt;
    if (passage_ == Passage::kNone) return add_above_copy(*own, command, std::move(description), copies);
    lint::Fix fix = with_copies(copies, std::move(description));
    fix.unsafe_because = risk_of_adding(command);
    fix.added.push_back(added_run(*own, command));
    fix.added.push_back(copy_text());
    const std::string_view eol = line_end(dockerfile_.file());
    const uint32_t at = run_.instruction->span.begin;
    fix.edits.push_back({{at, at}, fmt::format("{}{}{}{}", added_run(*own, command), eol, copy_text(), eol)});
    // Other rules look at the RUN when the new one is there: none can add a mount to it at the same time.
    const text::Span start{at + 1, run_.instruction->name_span.end + 1};
    fix.edits.push_back({start, std::string(start.of(run_.source))});
    return fix;
  }

  // The install that starts the RUN moves above the COPY, with the commands that belong to it.
  std::optional<lint::Fix> move(const std::vector<std::string>& copies) const {
    if (!starts_run(run_, use_) || passage_ == Passage::kNone) return std::nullopt;
    const size_t count = count_with_install(dockerfile_, run_, use_, *copy_.step);
    const TakenAway taken = taken_away_by_rest(dockerfile_, run_, use_, count);
    lint::Fix fix = with_copies(copies, "copy the manifests, install, then copy the rest");
    fix.unsafe_because = risk_of_moving(count, taken);
    fix.added.push_back(copy_text());
    const std::string eol(line_end(dockerfile_.file()));
    if (count == run_.commands.size()) {
      const uint32_t end = run_.instruction->span.end;
      fix.edits.push_back({{end, end}, eol + copy_text()});
      return fix;
    }
    const bool loses_files = std::ranges::any_of(run_.mounts, [](const dockerfile::Mount& mount) {
      return mount.type == dockerfile::Mount::Type::kTmpfs;
    });
    if (taken.sure || loses_files || !can_split_before(run_, dockerfile_.file(), count)) return std::nullopt;
    // All of its start is written again: a mount that another rule adds now would be judged with the rest in
    // the same RUN.
    const uint32_t begin = run_.instruction->span.begin;
    const uint32_t from = run_.span_of(run_.commands[count - 1].spelling).end;
    const uint32_t to = run_.span_of(run_.commands[count].spelling).begin;
    const uint32_t script = run_.span_of(run_.commands.front().spelling).begin;
    const uint32_t install = run_.span_of(use_.command->spelling).begin;
    const std::string start =
        "RUN " + flags_text(*run_.instruction) + std::string(text::Span{script, install}.of(run_.source));
    fix.edits.push_back(
        {{begin, to},
         std::string(text::Span{begin, from}.of(run_.source)) + eol + copy_text() + eol + start});
    fix.added.push_back(start + std::string(text::Span{to, run_.instruction->span.end}.of(run_.source)));
    return fix;
  }

  // Whether the install is known to need more than what is copied for it: a project that another one refers
  // to, or what a folder above says for all below.
  bool lacks_files() const {
    if (use_.manager->separable || folder_ == copy_.source->path) return false;
    const auto leads_out = [&](const std::string& path) {
      const auto text = context_.read(path);
      return text && (text->find("../") != std::string::npos || text->find("..\\") != std::string::npos);
    };
    return !manifest_above().empty() || std::ranges::any_of(manifests_.paths, leads_out);
  }

 private:
  // The COPY as it is written in the place of the RUN, which may have another WORKDIR.
  std::string copy_text() const {
    const Instruction& copy = *copy_.step->instruction;
    const std::string_view source = dockerfile_.file().source();
    const text::Span written = copy.arguments.back().span;
    if (written.of(source).starts_with('/') || !changes_folder(dockerfile_.graph(), copy_, run_))
      return std::string(copy.span.of(source));
    return fmt::format("{}{}{}{}", text::Span{copy.span.begin, written.begin}.of(source),
                       copy_.step->destination, written.of(source).ends_with('/') ? "/" : "",
                       text::Span{written.end, copy.span.end}.of(source));
  }

  CopiedFiles copied_files() const {
    CopiedFiles copied{.folder = folder_, .paths = manifests_.paths};
    copied.paths.insert(copied.paths.end(), manifests_.others.begin(), manifests_.others.end());
    return copied;
  }

  std::string added_run(const std::vector<std::string>& before, const std::string& command) const {
    std::string text = fmt::format("RUN {}", flags_text(*run_.instruction));
    for (const std::string& one : before)
      text += one + " && ";
    return text + command;
  }

  // The COPY stays where it is: what comes between it and the RUN works on the files, and the new step needs
  // none of it.
  std::optional<lint::Fix> add_above_copy(const std::vector<std::string>& own, const std::string& command,
                                          std::string description,
                                          const std::vector<std::string>& copies) const {
    auto before = preparations_between(dockerfile_, copy_, run_, use_, copied_files());
    if (!before) return std::nullopt;
    before->insert(before->end(), own.begin(), own.end());
    lint::Fix fix;
    fix.description = std::move(description);
    fix.unsafe_because = risk_of_adding(command);
    fix.added = copies;
    fix.added.push_back(added_run(*before, command));
    const std::string_view eol = line_end(dockerfile_.file());
    const uint32_t at = copy_.step->instruction->span.begin;
    fix.edits.push_back({{at, at}, fmt::format("{}{}", fmt::join(fix.added, eol), eol)});
    return fix;
  }

  lint::Fix with_copies(const std::vector<std::string>& copies, std::string description) const {
    lint::Fix fix;
    fix.description = std::move(description);
    fix.edits.push_back(replace_copy(dockerfile_.file(), *copy_.step->instruction, copies));
    fix.removed = {copy_.step->instruction->span.begin};
    fix.added = copies;
    return fix;
  }

  static std::string risk_of_adding(const std::string& command) {
    return fmt::format("'{}' may need files that are not copied yet, or fail where the build does not",
                       command);
  }

  // Why the install may not work above the COPY, or leave another image; empty if it is known to do the same.
  // `count` commands of the RUN go there.
  std::string risk_of_moving(size_t count, const TakenAway& taken) const {
    if (passage_ != Passage::kFree)
      return fmt::format(
          "the steps between lines {0} and {1} then run without the files that line {0} copies",
          copy_.step->instruction->start_line, run_.instruction->start_line);
    if (taken.command != nullptr)
      return fmt::format("'{}' may make the image larger in another layer than the install",
                         short_form(*taken.command));
    // What is to be renewed with each edit would be kept.
    for (const shell::Command& command : std::span(run_.commands).first(count)) {
      if (has_moving_result(dockerfile_, run_, command))
        return fmt::format("'{}' gets the newest versions with each edit, and then only with new manifests",
                           short_form(command));
    }
    return risk_of_files();
  }

  // The same for the files that the install reads and writes.
  std::string risk_of_files() const {
    if (manifests_.runs_scripts)
      return "package.json has scripts that run with the install, and they may read files that are copied "
             "later";
    if (!manifests_.others.empty())
      return fmt::format(
          "the install reads more than its own manifests, such as {}, and one of these files may "
          "refer to another",
          manifests_.others.front());
    if (!use_.manager->separable)
      return fmt::format("{} may read any file of the project", use_.manager->name);
    if (is_commanded_above(dockerfile_.file(), *copy_.step->instruction))
      return "the comment above the COPY is a directive, and would be about another instruction";
    if (const std::string_view folder = overwritten_folder(context_, use_, folder_); !folder.empty())
      return fmt::format(
          "the ignore file lets {} into the context, and the COPY may write it over the new one", folder);
    if (installs_elsewhere())
      return "settings name another folder for the packages, and the COPY may write over it";
    if (const std::string user = user_without_folder(); !user.empty())
      return fmt::format("{} may not write to the folder of the install until the rest is copied", user);
    if (const std::string_view above = manifest_above(); !above.empty())
      return fmt::format("{} is in a folder above, and the install may read it too", above);
    if (!are_in_each_clone(context_, manifests_.paths))
      return "git does not track one of the manifests: a COPY that names it fails in a clone";
    if (!keeps_lock(context_, use_, dockerfile_.graph().steps[*run_.step], folder_))
      return "the install may change the lock file, and the COPY after it brings the old one back";
    return what_else_is_read(dockerfile_, context_,
                             {.run = &run_,
                              .use = &use_,
                              .folder = folder_,
                              .destination = copy_.step->destination,
                              .manifests = &manifests_.paths,
                              .folders = &manifests_.folders});
  }

  // The user of the RUN, if the folder that it works in is made for the manifests alone: it belongs to root
  // then, whatever owner and mode it has in the context. Empty for a user who can write there.
  std::string user_without_folder() const {
    if (folder_ == copy_.source->path) return {};
    const Owner user = owner_of(dockerfile_.graph().steps[*run_.step]);
    const dockerfile::Flag* const chown = copy_.step->instruction->find_flag("chown");
    const bool is_given = chown != nullptr && read_owner(chown->value).user == user.user;
    return user.is_root() || is_given ? std::string() : user.user;
  }

  // A manifest, or settings, of the package manager in the folders between that of the COPY and that of the
  // install, which counts for the install too; empty for none.
  std::string_view manifest_above() const {
    if (folder_ == copy_.source->path) return {};
    for (const context::Record& record : context_.files.records()) {
      const std::string parent = text::clean_path(text::join_path("/", text::parent_path(record.path)));
      const bool is_above = record.type == context::Type::kFile && parent != folder_ &&
                            text::is_within(folder_, parent) && text::is_within(parent, copy_.source->path);
      if (is_above && counts_below(record.path)) return record.path;
    }
    return {};
  }

  // Whether a file is a manifest or settings of the package manager, and means something to folders below it.
  bool counts_below(const std::string& path) const {
    const std::string_view name = text::base_name(path);
    const auto is_one_of = [&](Words names) { return std::ranges::find(names, name) != names.end(); };
    if (is_one_of(use_.manager->inseparable_with)) return true;
    if (!is_manifest_of(*use_.manager, path)) return false;
    const bool can_be_replaced =
        is_one_of(use_.manager->manifests) || name.find("lock") != std::string_view::npos;
    if (!can_be_replaced) return true;
    const auto own = context_.read(in_folder(folder_, name));
    if (!own) return true;
    if (own->find("<parent") != std::string::npos) return true;  // of a pom.xml
    // What a manifest says for others: the members of a workspace, the version of the package manager itself,
    // settings.
    constexpr std::array<std::string_view, 3> kForOthers = {"workspace", "packageManager", "[tool.uv"};
    const auto text = context_.read(path);
    return !text || std::ranges::any_of(kForOthers, [&](std::string_view word) {
      return text->find(word) != std::string::npos;
    });
  }

  // Whether settings name another folder for the packages, over which the sources may come.
  bool installs_elsewhere() const {
    constexpr auto kDeployment =
        std::to_array<std::string_view>({"BUNDLE_DEPLOYMENT=1", "BUNDLE_DEPLOYMENT=true"});
    if (use_.manager->name == "bundler") {
      return shell::has_word(use_.arguments, "--deployment") ||
             sets_any(dockerfile_.graph().steps[*run_.step], kDeployment);
    }
    if (use_.manager->name != "composer") return false;
    const auto text = context_.read(in_folder(folder_, "composer.json"));
    return text && text->find("-dir\"") != std::string::npos;
  }

  Dockerfile& dockerfile_;
  const lint::BuildContext& context_;
  const BroadCopy& copy_;
  const Run& run_;
  const Use& use_;
  const InstallManifests& manifests_;
  std::string_view folder_;  // that it works in, of the context, rooted
  Passage passage_;
};

// Whether the install wants the sources too.
bool needs_sources(const Use& use) {
  const Words unless = use.action->needs_sources_unless;
  return !unless.empty() && std::ranges::none_of(use.arguments, [&](const shell::Word& word) {
    return std::ranges::find(unless, word.text) != unless.end();
  });
}

// See lint::Fix::fills.
std::vector<std::string> folders_filled(Dockerfile& dockerfile, const Run& run, const Use& use,
                                        const lint::Fix& fix) {
  std::vector<std::string> folders;
  const bool is_implied = use.action->installs == Action::Installs::kImplied;
  const bool adds_run = std::ranges::any_of(
      fix.added, [](const std::string& added) { return text::to_lower(added).starts_with("run "); });
  for (const std::string_view name : use.action->caches) {
    const Cache& cache = use.manager->cache(name);
    if (!adds_run || (!cache.used_from && !is_implied)) return {};
    const auto path = cache_path(dockerfile, run, *use.manager, cache, use.command);
    if (cache.used_from && path) folders.push_back(*path);
  }
  return folders;
}

std::optional<lint::Fix> fix_of(const EarlierInstall& install, const lint::BuildContext& context,
                                std::string_view folder, const Run& run, const Use& use,
                                const InstallManifests& manifests, const std::vector<std::string>& lines) {
  if (use.action->installs == Action::Installs::kImplied) {
    // It downloads all that the manifests list, and the build alone what it compiles: the rest may be
    // private.
    const bool is_skipped = !use.action->needs_sources_unless.empty() && !needs_sources(use);
    if (is_skipped) return std::nullopt;
    return install.add(
        use.manager->name == "cargo" ? cargo_download(context, folder, manifests) : download_command(use),
        "download the dependencies first", lines);
  }
  if (needs_sources(use))
    return install.add(install_without_sources(run, use, manifests), "install the dependencies first", lines);
  if (use.manager->name == "cargo") return std::nullopt;
  return install.move(lines);
}

}  // namespace

bool are_neighbours(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const plan::Stage& stage = graph.stages[copy.step->stage];
  const auto at = std::ranges::find(stage.steps, *run.step);
  return at != stage.steps.begin() && at != stage.steps.end() && &graph.steps[*(at - 1)] == copy.step;
}

bool can_wait(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const plan::Stage& stage = graph.stages[copy.step->stage];
  return std::ranges::all_of(stage.steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return &step <= copy.step || index >= *run.step || step.kind == Step::Kind::kWorkdir;
  });
}

bool is_commanded_above(const dockerfile::File& file, const Instruction& instruction) {
  const std::string_view above = line_above(file, instruction);
  return above.starts_with('#') &&
         (above.find("ignore") != std::string_view::npos || above.find("check=") != std::string_view::npos);
}

std::optional<lint::Fix> install_earlier(Dockerfile& dockerfile, const lint::BuildContext& context,
                                         const std::vector<const Step*>& copies, const BroadCopy& copy,
                                         const Run& run, const Use& use, const InstallManifests& manifests) {
  const plan::Graph& graph = dockerfile.graph();
  if (!is_plain_copy(*copy.step->instruction) || copy.source->wildcard ||
      has_open_folder(dockerfile, copy, run) || !goes_straight(graph, copy, run, use))
    return std::nullopt;
  const auto folder = install_folder(graph, copy, run, use);
  if (!folder) return std::nullopt;
  if (!manifests.separable || (manifests.paths.empty() && manifests.others.empty())) return std::nullopt;
  if (!missing_lock(context, use, graph.steps[*run.step], manifests).empty()) return std::nullopt;
  const auto first = copied_first(context, copies, copy, manifests);
  if (!first) return std::nullopt;
  const std::vector<std::string> lines = copies_of(dockerfile.file(), copy, *first);
  if (lines.size() > kMostCopies) return std::nullopt;
  const EarlierInstall install(dockerfile, context, copy, run, use, manifests, *folder);
  if (install.lacks_files()) return std::nullopt;
  auto fix = fix_of(install, context, *folder, run, use, manifests, lines);
  if (fix) fix->fills = folders_filled(dockerfile, run, use, *fix);
  return fix;
}

}  // namespace dcache::rules
