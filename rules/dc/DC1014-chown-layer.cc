#include <algorithm>
#include <map>
#include <ranges>
#include <span>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostCopies = 256;  // that are looked at for one command

// `chown VALUE PATH…` or `chmod VALUE PATH…`
struct Change {
  std::string_view flag;   // of COPY
  std::string_view value;  // owner or mode
  bool recursive = false;
  std::vector<std::string> paths;
  const shell::Command* command = nullptr;

  bool is_mode() const { return flag == "--chmod"; }
  // A mode in letters, such as `+x`.
  bool is_symbolic() const {
    return is_mode() && value.find_first_not_of("01234567") != std::string_view::npos;
  }
  // Whether it lets a file be executed: nobody does that to a folder alone.
  bool makes_executable() const { return is_symbolic() && value.find('x') != std::string_view::npos; }
};

std::optional<Change> change_of(const shell::Command& command, std::string_view folder) {
  const std::span<const shell::Word> words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  if (program != "chown" && program != "chmod") return std::nullopt;
  Change change;
  change.command = &command;
  change.flag = program == "chown" ? "--chown" : "--chmod";
  for (const shell::Word& word : words.subspan(1)) {
    const bool option = word.text.starts_with('-') &&
                        (change.value.empty() || word.text.find('R') == 1 || word.text.starts_with("--"));
    if (word.text == "--recursive" || (option && word.text.find('R') != std::string_view::npos))
      change.recursive = true;
    if (option) continue;
    if (change.value.empty()) {
      change.value = word.text;
    } else if (word.text.find('$') == std::string_view::npos &&
               (word.text.starts_with('/') || !folder.empty())) {
      change.paths.push_back(text::clean_path(
          word.text.starts_with('/') ? std::string(word.text) : text::join_path(folder, word.text)));
    }
  }
  // What the shell works out can't be written in a COPY.
  if (change.value.find("$(") != std::string_view::npos || change.value.find('`') != std::string_view::npos)
    return std::nullopt;
  return change;
}

// The changes that a RUN makes for sure, in order; `cd` is followed.
std::vector<Change> changes_of(const lint::Run& run, const plan::Step& step) {
  std::vector<Change> changes;
  std::string folder(step.workdir());  // empty where it is not known
  for (const shell::Command& command : run.commands) {
    if (command.depth > 0) continue;
    if (command.program() == "cd") {
      const bool known = command.words.size() == 2 && command.words[1].literal && !folder.empty();
      folder = known ? text::clean_path(text::join_path(folder, command.words[1].text)) : "";
      continue;
    }
    if (auto change = change_of(command, folder)) changes.push_back(std::move(*change));
  }
  return changes;
}

// A file that a COPY brings under a name that is known.
struct CopiedFile {
  std::string path;
  const plan::Selector* source = nullptr;
  const plan::Read* read = nullptr;
  bool renamed = false;  // the COPY names the file; otherwise it names the folder
};

std::vector<CopiedFile> files_of(const plan::Step& copy) {
  std::vector<CopiedFile> files;
  const std::span<const dockerfile::Word> words = copy.instruction->arguments;
  if (words.size() < 2) return files;
  const std::string_view last = words.back().text;
  const bool into_folder = words.size() > 2 || last.ends_with('/') || last == "." || last.ends_with("/.");
  for (const plan::Read& read : copy.reads) {
    for (const plan::Selector& selector : read.selectors) {
      if (selector.takes_everything() || !selector.include.empty()) continue;
      const std::string inside = text::join_path(copy.destination, text::base_name(selector.path));
      files.push_back({inside, &selector, &read, false});
      if (!into_folder && !selector.wildcard) files.push_back({copy.destination, &selector, &read, true});
    }
  }
  // ADD downloads one file.
  if (files.empty() && !copy.remote.empty() && !into_folder)
    files.push_back({copy.destination, nullptr, nullptr, true});
  return files;
}

bool has_extension(std::string_view path) {
  const std::string_view name = text::base_name(path);
  const size_t dot = name.rfind('.');
  return dot != std::string_view::npos && dot > 0;
}

class Check {
 public:
  Check(lint::Subject& subject, lint::Reporter& reporter) : subject_(subject), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const plan::Step*> copies;
    for (const size_t index : stage.steps) {
      const plan::Step& step = subject_.graph().steps[index];
      if (step.kind == plan::Step::Kind::kCopy) copies.push_back(&step);
      if (step.kind == plan::Step::Kind::kRun && !copies.empty()) run(subject_.run_of(index), step, copies);
    }
  }

 private:
  void run(const lint::Run& run, const plan::Step& step, const std::vector<const plan::Step*>& copies) {
    std::map<const plan::Step*, std::vector<Change>> by_copy;
    std::vector<const plan::Step*> order;
    for (Change& change : changes_of(run, step)) {
      // The newest first: what it brought is what is there.
      const auto looked_at = std::span(copies).last(std::min(copies.size(), kMostCopies));
      for (const plan::Step* copy : looked_at | std::views::reverse) {
        if (!changes_all(change, *copy)) {
          if (may_bring_part(*copy, change)) break;
          continue;
        }
        if (by_copy[copy].empty()) order.push_back(copy);
        by_copy[copy].push_back(std::move(change));
        break;
      }
    }
    for (const plan::Step* copy : order)
      report(run, *copy, by_copy[copy]);
  }

  // Whether it changes all that a COPY brought, so that all of it is stored a second time.
  bool changes_all(const Change& change, const plan::Step& copy) const {
    return std::ranges::any_of(change.paths, [&](const std::string& path) {
      if (change.recursive && path != "/" && text::is_within(copy.destination, path)) return true;
      return std::ranges::any_of(files_of(copy), [&](const CopiedFile& file) {
        return file.path == path && is_file(file, change, copy);
      });
    });
  }

  // Whether a COPY of a folder may have brought what is changed, among other files.
  static bool may_bring_part(const plan::Step& copy, const Change& change) {
    return std::ranges::any_of(change.paths, [&](const std::string& path) {
      return path != copy.destination && text::is_within(path, copy.destination) &&
             std::ranges::any_of(copy.reads, [](const plan::Read& read) {
               return std::ranges::any_of(read.selectors, &plan::Selector::takes_everything);
             });
    });
  }

  // Whether it is a file and no folder, of which `chown` without -R changes only the folder itself.
  bool is_file(const CopiedFile& file, const Change& change, const plan::Step& copy) const {
    if (change.recursive || change.makes_executable() || file.source == nullptr) return true;
    const lint::Surroundings* around = subject_.surroundings();
    if (around != nullptr && file.read->origin == plan::Read::Origin::kContext) {
      const context::Record* record = around->files.find(std::string_view(file.source->path).substr(1));
      if (record != nullptr) return record->type == context::Type::kFile;
    }
    const std::string_view folder = text::base_name(text::parent_path(file.path));
    return file.source->wildcard || has_extension(file.source->path) || folder == "bin" || folder == "sbin" ||
           (file.renamed && has_extension(copy.destination));
  }

  void report(const lint::Run& run, const plan::Step& copy, const std::vector<Change>& changes) {
    const std::string_view keyword = dockerfile::name_of(copy.instruction->keyword);
    std::string flags, first;
    bool symbolic = false;
    for (const Change& change : changes) {
      const bool file_mode = change.makes_executable() && !change.recursive;
      symbolic = symbolic || (change.is_symbolic() && !file_mode);
      flags += fmt::format(" {}={}", change.flag, file_mode ? "755" : change.value);
      if (first.empty() && is_made_later(change, copy))
        first = change.value.substr(0, change.value.find(':'));
    }
    std::string remedy = fmt::format("write {}{} there", keyword, flags);
    if (!first.empty())
      remedy = fmt::format(
          "create {} before line {} and write {}{} there, or give the numbers of its user: "
          "files get root as owner where the name does not exist yet",
          first, copy.instruction->start_line, keyword, flags);
    if (symbolic) remedy += " (modes in letters need Dockerfile 1.14)";
    reporter_.report(run.span_of(changes.front().command->spelling),
                     fmt::format("this stores a second time what the {} of line {} brought", keyword,
                                 copy.instruction->start_line),
                     std::move(remedy));
  }

  // Whether the owner is a name that a RUN after the COPY makes.
  bool is_made_later(const Change& change, const plan::Step& copy) const {
    constexpr std::string_view kMakers[] = {"useradd", "adduser", "addgroup", "groupadd"};
    const std::string_view owner = change.value.substr(0, change.value.find(':'));
    if (change.is_mode() || owner.empty()) return false;
    const plan::Stage& stage = subject_.graph().stages[copy.stage];
    const auto copied = std::ranges::find_if(
        stage.steps, [&](size_t index) { return &subject_.graph().steps[index] == &copy; });
    return std::any_of(copied, stage.steps.end(), [&](size_t index) {
      if (subject_.graph().steps[index].kind != plan::Step::Kind::kRun) return false;
      const std::vector<shell::Command>& commands = subject_.run_of(index).commands;
      return std::ranges::any_of(commands, [&](const shell::Command& command) {
        const auto words = shell::invocation(command);
        return std::ranges::find(kMakers, shell::program_of(words)) != std::end(kMakers) &&
               shell::has_word(words, owner);
      });
    });
  }

  lint::Subject& subject_;
  lint::Reporter& reporter_;
};

void check(lint::Subject& subject, lint::Reporter& reporter) {
  Check check(subject, reporter);
  for (const plan::Stage& stage : subject.graph().stages)
    check.stage(stage);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod"};

}  // namespace

lint::Rule DC1014() {
  return {.code = "DC1014",
          .name = "chown-layer",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "Files are copied, and then changed as a whole by chown or chmod",
          .rationale =
              "A layer holds files as a whole: to change the owner or the mode of a file is to store it a "
              "second time. After a COPY of a hundred megabytes, `RUN chown -R` adds another hundred, and "
              "both rebuild with every edit. COPY can set both.\n\n"
              "`chown` and `chmod` of a folder without `-R` change the folder alone, and are not reported. "
              "COPY looks the names of `--chown` up in the image as it is there: a name that a later RUN "
              "creates gives the files to root. Modes in letters, such as `u=rwX`, need Dockerfile 1.14.",
          .bad = {"FROM node:22\n"
                  "COPY . /app\n"
                  "RUN chown -R node:node /app\n"},
          .good = {"FROM node:22\n"
                   "COPY --chown=node:node . /app\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
