#include <algorithm>
#include <charconv>
#include <map>
#include <ranges>
#include <set>
#include <span>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/stages.h"

namespace dcache::rules::DC1014 {
namespace {

constexpr size_t kMostCopies = 256;  // that are looked at for one command
constexpr std::string_view kLoginGroup = "GROUP";

// `chown VALUE PATH…` or `chmod VALUE PATH…`
struct Change {
  std::string_view flag;       // of COPY
  std::string_view value;      // owner or mode
  std::string_view from = {};  // of chown: it changes only what belongs to this user and group
  bool recursive = false;
  std::vector<std::string> paths;
  const shell::Command* command = nullptr;

  bool is_mode() const { return flag == "--chmod"; }
  // A mode in letters, such as `+x`.
  bool is_symbolic() const {
    return is_mode() && value.find_first_not_of("01234567") != std::string_view::npos;
  }
  // Whether it lets a file be executed: nobody does that to a folder alone.
  bool makes_executable() const {
    const size_t given = value.find_first_of("+=");
    return is_symbolic() && given != std::string_view::npos &&
           value.find('x', given) != std::string_view::npos;
  }
  // `chown app:` gives files to the group that the user logs in with; COPY knows no such group.
  bool gives_to_login_group() const { return !is_mode() && value.size() > 1 && value.ends_with(':'); }
  bool gives_to_root() const {
    const std::string_view user = value.substr(0, value.find(':'));
    const std::string_view group = value.substr(std::min(user.size() + 1, value.size()));
    const auto is_root = [](std::string_view name) { return name == "root" || name == "0"; };
    return !is_mode() && is_root(user) && (group.empty() || is_root(group));
  }
};

// `-x` is a mode and no option.
bool is_removed_mode(std::string_view word) {
  return word.size() > 1 && word.front() == '-' &&
         word.find_first_not_of("rwxXst", 1) == std::string_view::npos;
}

// A path that a word names; empty where it can't be told.
std::string named_path(const shell::Word& word, std::string_view folder) {
  if (word.text.find('$') != std::string_view::npos || (!word.text.starts_with('/') && folder.empty()))
    return {};
  return text::clean_path(word.text.starts_with('/') ? std::string(word.text)
                                                     : text::join_path(folder, word.text));
}

std::optional<Change> change_of(const shell::Command& command, std::string_view folder) {
  const std::span<const shell::Word> words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  if (program != "chown" && program != "chmod") return std::nullopt;
  Change change;
  change.command = &command;
  change.flag = program == "chown" ? "--chown" : "--chmod";
  for (size_t i = 1; i < words.size(); ++i) {
    const shell::Word& word = words[i];
    if (word.text.starts_with("--reference")) return std::nullopt;  // the owner of another file
    const bool mode = change.is_mode() && change.value.empty() && is_removed_mode(word.text);
    const bool option = !mode && word.text.starts_with('-') &&
                        (change.value.empty() || word.text.find('R') == 1 || word.text.starts_with("--"));
    if (word.text == "--recursive" ||
        (option && !word.text.starts_with("--") && word.text.find('R') != std::string_view::npos))
      change.recursive = true;
    constexpr std::string_view kFrom = "--from";
    if (word.text == kFrom && i + 1 < words.size()) change.from = words[++i].text;
    if (word.text.starts_with(kFrom) && word.text.size() > kFrom.size())
      change.from = word.text.substr(kFrom.size() + 1);
    if (option) continue;
    if (change.value.empty()) {
      change.value = word.text;
    } else if (std::string path = named_path(word, folder); !path.empty()) {
      change.paths.push_back(std::move(path));
    }
  }
  // What the shell works out can't be written in a COPY.
  if (change.value.find("$(") != std::string_view::npos || change.value.find('`') != std::string_view::npos)
    return std::nullopt;
  return change;
}

// What a RUN does to files: its changes that are made for sure, in order, and what it moves, removes or
// writes again besides, which is not stored twice by a change. `cd` is followed.
struct Work {
  struct Rewrite {
    std::string path;  // may be a pattern
    const shell::Command* command = nullptr;
    bool takes_away = false;
  };
  std::vector<Change> changes;
  std::vector<Rewrite> rewrites;
};

void add_rewrites(const shell::Command& command, std::string_view folder, Work& work) {
  const std::span<const shell::Word> words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  const bool takes_away = program == "mv" || program == "rm";
  const bool edits =
      program == "dos2unix" || (program == "sed" && std::ranges::any_of(words, [](const auto& word) {
                                  return word.text.starts_with("--in-place") ||
                                         (word.text.starts_with('-') && !word.text.starts_with("--") &&
                                          word.text.find('i') != std::string_view::npos);
                                }));
  if (!takes_away && !edits) return;
  for (const shell::Word& word : words.subspan(1)) {
    if (word.text.starts_with('-')) continue;
    if (std::string path = named_path(word, folder); !path.empty())
      work.rewrites.push_back({std::move(path), &command, takes_away});
  }
}

Work work_of(const lint::Run& run, const plan::Step& step) {
  Work work;
  std::string folder(step.workdir());  // empty where it is not known
  for (const shell::Command& command : run.commands) {
    if (command.program() == "cd" && command.depth == 0) {
      const bool known = command.words.size() == 2 && command.words[1].literal && !folder.empty();
      folder = known ? text::clean_path(text::join_path(folder, command.words[1].text)) : "";
      continue;
    }
    add_rewrites(command, folder, work);
    if (command.depth > 0) continue;
    if (auto change = change_of(command, folder)) work.changes.push_back(std::move(*change));
  }
  return work;
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
  // ADD downloads one file, and a here-document is one.
  const bool one_file = !copy.remote.empty() || copy.find(plan::Part::Kind::kHeredoc) != nullptr;
  if (files.empty() && one_file && !into_folder) files.push_back({copy.destination, nullptr, nullptr, true});
  return files;
}

bool has_extension(std::string_view path) {
  const std::string_view name = text::base_name(path);
  const size_t dot = name.rfind('.');
  return dot != std::string_view::npos && dot > 0;
}

class Check {
 public:
  Check(lint::Dockerfile& dockerfile, lint::Reporter& reporter)
      : dockerfile_(dockerfile), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const plan::Step*> copies;
    moved_.clear();
    runs_.clear();
    for (const size_t index : stage.steps) {
      const plan::Step& step = dockerfile_.graph().steps[index];
      if (step.kind == plan::Step::Kind::kCopy) copies.push_back(&step);
      if (step.kind != plan::Step::Kind::kRun) continue;
      runs_.push_back(index);
      if (!copies.empty()) run(dockerfile_.run_of(index), step, copies);
    }
  }

 private:
  using Copies = std::vector<const plan::Step*>;
  using Changes = std::vector<const Change*>;

  // What a RUN moved or removed: a later change does not find it there.
  struct MovedPath {
    const plan::Step* by = nullptr;
    std::string path;  // may be a pattern
  };

  void run(const lint::Run& run, const plan::Step& step, const Copies& copies) {
    const Work work = work_of(run, step);
    find_changes(run, work, copies);
    for (const Work::Rewrite& rewrite : work.rewrites) {
      if (rewrite.takes_away) moved_.push_back({&step, rewrite.path});
    }
  }

  void find_changes(const lint::Run& run, const Work& work, const Copies& copies) {
    std::map<const plan::Step*, Changes> by_copy;  // in the order of the file
    for (const Change& change : work.changes) {
      std::vector<std::string_view> paths(change.paths.begin(), change.paths.end());  // still to be found
      // The newest first: what it brought is what is there.
      const auto looked_at = std::span(copies).last(std::min(copies.size(), kMostCopies));
      for (const plan::Step* copy : looked_at | std::views::reverse) {
        const auto is_of_copy = [&](std::string_view path) { return changes_all(change, path, *copy); };
        if (std::ranges::none_of(paths, is_of_copy)) {
          if (may_bring_part(*copy, change)) break;
          continue;
        }
        const bool is_worth_it = !(is_small(*copy) && covers_made_files(change));
        if (is_worth_it && !is_rewritten(*copy, change, work)) by_copy[copy].push_back(&change);
        if (change.recursive) continue;
        std::erase_if(paths, is_of_copy);
        if (paths.empty()) break;
      }
    }
    // COPYs to which the same is done are one finding.
    std::map<Changes, Copies> by_changes;
    std::vector<Changes> order;
    for (const auto& [copy, changes] : by_copy) {
      Copies& same = by_changes[changes];
      if (same.empty()) order.push_back(changes);
      same.push_back(copy);
    }
    for (const Changes& changes : order)
      report(run, work, by_changes[changes], changes);
  }

  // Whether all that a COPY brings is known and takes little room.
  bool is_small(const plan::Step& copy) const {
    constexpr uint64_t kSmall = 64 * 1024;
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr || copy.reads.empty()) return false;
    uint64_t size = 0;
    for (const plan::Read& read : copy.reads) {
      if (read.origin != plan::Read::Origin::kContext) return false;
      for (const plan::Selector& selector : read.selectors) {
        const context::Record* record = context->files.find(std::string_view(selector.path).substr(1));
        if (selector.unpack || record == nullptr || record->type != context::Type::kFile) return false;
        size += record->size;
      }
    }
    return size <= kSmall;
  }

  // Whether a change is also about files that RUNs of the stage make, so that it has to stay: they name
  // something in the folder, or work in it.
  bool covers_made_files(const Change& change) const {
    if (!change.recursive) return false;
    const auto covers = [&](std::string_view path) {
      return !path.empty() && std::ranges::any_of(change.paths, [&](const std::string& folder) {
        return text::is_within(path, folder);
      });
    };
    return std::ranges::any_of(runs_, [&](size_t index) {
      const std::string_view workdir = dockerfile_.graph().steps[index].workdir();
      const std::vector<shell::Command>& commands = dockerfile_.run_of(index).commands;
      if (index != runs_.back() && covers(workdir)) return true;
      return std::ranges::any_of(commands, [&](const shell::Command& command) {
        const std::string_view program = shell::program_of(shell::invocation(command));
        if (program == "chown" || program == "chmod" || program == "rm" || command.words.empty())
          return false;
        return std::ranges::any_of(std::span(command.words).subspan(1), [&](const shell::Word& word) {
          return covers(named_path(word, workdir));
        });
      });
    });
  }

  // Whether the RUN, or one before it, has moved or removed what the COPY brought, or the RUN writes it again
  // itself.
  bool is_rewritten(const plan::Step& copy, const Change& change, const Work& work) const {
    const auto takes = [](const std::string& pattern, const std::string& path) {
      return text::is_within(path, pattern) ||
             (text::has_wildcard(pattern) && text::glob_match(pattern, path));
    };
    const auto covers = [&](const std::string& path) {
      const bool here = std::ranges::any_of(work.rewrites, [&](const Work::Rewrite& rewrite) {
        return !(rewrite.takes_away && rewrite.command > change.command) && takes(rewrite.path, path);
      });
      // Steps are in the order of the file.
      return here || std::ranges::any_of(moved_, [&](const MovedPath& moved) {
               return moved.by > &copy && takes(moved.path, path);
             });
    };
    if (covers(copy.destination)) return true;
    const std::vector<CopiedFile> files = files_of(copy);
    const bool all_known = std::ranges::all_of(copy.reads, [](const plan::Read& read) {
      return std::ranges::none_of(read.selectors, [](const plan::Selector& selector) {
        return selector.takes_everything() || selector.wildcard || !selector.include.empty();
      });
    });
    // Of the names that a file may have one is enough.
    return all_known && !files.empty() && std::ranges::all_of(files, [&](const CopiedFile& file) {
             return std::ranges::any_of(files, [&](const CopiedFile& other) {
               return other.source == file.source && covers(other.path);
             });
           });
  }

  // Whether `chown --from` is about the owner that a COPY gives; root where it names none.
  static bool is_about_owner(const Change& change, const plan::Step& copy) {
    if (change.from.empty()) return true;
    const dockerfile::Flag* const flag = copy.instruction->find_flag("chown");
    if (flag == nullptr && !gives_to_root(copy)) return false;
    const auto user_of = [](std::string_view owner) {
      const std::string_view user = owner.substr(0, owner.find(':'));
      return user == "root" ? std::string_view("0") : user;
    };
    const std::string_view wanted = user_of(change.from);
    return wanted.empty() || wanted == user_of(flag == nullptr ? std::string_view("root") : flag->value);
  }

  // Whether it changes by one of its paths all that a COPY brought, so that all of it is stored a second
  // time.
  bool changes_all(const Change& change, std::string_view path, const plan::Step& copy) const {
    if (!is_about_owner(change, copy)) return false;
    if (change.recursive && path != "/" && text::is_within(copy.destination, path)) return true;
    return std::ranges::any_of(files_of(copy), [&](const CopiedFile& file) {
      return file.path == path && is_file(file, change, copy);
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
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context != nullptr && file.read->origin == plan::Read::Origin::kContext) {
      const context::Record* record = context->files.find(std::string_view(file.source->path).substr(1));
      if (record != nullptr) return record->type == context::Type::kFile;
    }
    const std::string_view folder = text::base_name(text::parent_path(file.path));
    return file.source->wildcard || has_extension(file.source->path) || folder == "bin" || folder == "sbin" ||
           (file.renamed && has_extension(copy.destination));
  }

  // Whether what the COPY brings belongs to root anyway.
  static bool gives_to_root(const plan::Step& copy) {
    return copy.instruction->find_flag("chown") == nullptr &&
           std::ranges::all_of(copy.reads, [](const plan::Read& read) {
             return read.origin == plan::Read::Origin::kContext &&
                    std::ranges::none_of(read.selectors, &plan::Selector::unpack);
           });
  }

  // "COPY", or both names where there are such and such.
  static std::string keywords_of(const Copies& copies) {
    const auto keyword = copies.front()->instruction->keyword;
    const bool alike = std::ranges::all_of(
        copies, [&](const plan::Step* copy) { return copy->instruction->keyword == keyword; });
    return alike ? std::string(dockerfile::name_of(keyword)) : "COPY and ADD";
  }

  // "COPY of line 3", or "COPYs of lines 3, 4 and 6".
  static std::string names_of(const Copies& copies) {
    const std::string keywords = keywords_of(copies);
    const std::string names = copies.size() == 1           ? keywords + " of line "
                              : keywords == "COPY and ADD" ? keywords + " of lines "
                                                           : keywords + "s of lines ";
    std::vector<std::string> lines;
    for (const plan::Step* copy : copies)
      lines.push_back(std::to_string(copy->instruction->start_line));
    return names + text::list_words(lines);
  }

  // Whether the COPYs say already what the change does.
  static bool are_given(const Copies& copies, const Change& change) {
    return std::ranges::all_of(copies, [&](const plan::Step* copy) { return is_given(*copy, change); });
  }

  static bool is_given(const plan::Step& copy, const Change& change) {
    const dockerfile::Flag* const flag = copy.instruction->find_flag(change.flag.substr(2));
    if (flag == nullptr) return false;
    const std::string_view given = flag->value;
    if (given == change.value) return true;
    if (!change.is_mode()) {
      // `--chown=a` gives the group of that name too.
      const std::string_view user = change.value.substr(0, change.value.find(':'));
      const std::string_view group = change.value.substr(std::min(user.size() + 1, change.value.size()));
      const std::string_view copied = given.substr(0, given.find(':'));
      const bool has_group = copied.size() < given.size();
      return user == copied && (group.empty() || (!has_group && group == user));
    }
    unsigned mode = 0, wanted = 0;
    if (!read_mode(given, mode)) return false;
    constexpr unsigned kAllExecute = 0111;
    if (change.makes_executable() && change.value.find_first_of("rwst=,-") == std::string_view::npos)
      return (mode & kAllExecute) == kAllExecute;
    return read_mode(change.value, wanted) && mode == wanted;
  }

  static bool read_mode(std::string_view text, unsigned& mode) {
    constexpr int kOctal = 8;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, kOctal);
    return error == std::errc() && end == text.data() + text.size();
  }

  // The options of COPY that make the changes unnecessary; of several changes the last counts, and modes in
  // letters add up. One in letters can't be added to a --chmod that the COPY has.
  static std::string flags_for(const Copies& copies, const Changes& changes, bool roots_own, bool has_mode) {
    std::vector<std::pair<std::string_view, std::string>> flags;
    for (const Change* change : changes) {
      if (are_given(copies, *change) || (change->is_symbolic() && has_mode)) continue;
      const bool file_mode = change->makes_executable() && !change->recursive;
      std::string value(file_mode ? "755" : change->value);
      if (change->gives_to_login_group()) value += kLoginGroup;
      const auto known =
          std::ranges::find(flags, change->flag, &std::pair<std::string_view, std::string>::first);
      if (known == flags.end()) {
        flags.emplace_back(change->flag, std::move(value));
      } else if (change->is_symbolic() && !file_mode &&
                 known->second.find_first_not_of("01234567") != std::string::npos) {
        known->second += "," + value;
      } else {
        known->second = std::move(value);
      }
    }
    std::string text;
    for (const auto& [flag, value] : flags) {
      if (flag == "--chown" && roots_own && changes_last_to_root(changes)) continue;
      text += fmt::format(" {}={}", flag, value);
    }
    return text;
  }

  static bool changes_last_to_root(const Changes& changes) {
    const auto last = std::ranges::find_if(changes.rbegin(), changes.rend(),
                                           [](const Change* change) { return !change->is_mode(); });
    return last != changes.rend() && (*last)->gives_to_root();
  }

  // Whether a change of modes has to stay that is about some of the files: it stores them again anyway.
  static bool changes_modes_of_some(const Work& work, const plan::Step& copy) {
    const std::vector<CopiedFile> files = files_of(copy);
    return std::ranges::any_of(work.changes, [&](const Change& change) {
      return change.is_mode() && std::ranges::any_of(change.paths, [&](const std::string& path) {
               if (files.empty()) return text::is_within(path, copy.destination);
               return std::ranges::any_of(
                   files, [&](const CopiedFile& file) { return text::glob_match(file.path, path); });
             });
    });
  }

  void report(const lint::Run& run, const Work& work, const Copies& copies, const Changes& changes) {
    const bool has_mode = std::ranges::any_of(
        copies, [](const plan::Step* copy) { return copy->instruction->find_flag("chmod") != nullptr; });
    const bool all_given =
        std::ranges::all_of(changes, [&](const Change* change) { return are_given(copies, *change); });
    const bool symbolic = !has_mode && std::ranges::any_of(changes, [](const Change* change) {
      return change->is_symbolic() && !(change->makes_executable() && !change->recursive);
    });
    const std::string flags =
        flags_for(copies, changes,
                  std::ranges::all_of(copies, [](const auto* one) { return gives_to_root(*one); }), has_mode);
    if (!all_given && flags.empty() && std::ranges::none_of(changes, &Change::is_mode) &&
        std::ranges::any_of(copies, [&](const auto* copy) { return changes_modes_of_some(work, *copy); }))
      return;
    std::string remedy =
        all_given ? remedy_for_given(copies, changes, work) : remedy_for(copies, changes, flags);
    if (symbolic) remedy += " (modes in letters need Dockerfile 1.14)";
    reporter_.report(run.span_of(changes.front()->command->spelling),
                     fmt::format("this stores the files of the {} a second time", names_of(copies)),
                     std::move(remedy));
  }

  // The COPYs have the options already: only what a RUN has made needs a change.
  std::string remedy_for_given(const Copies& copies, const Changes& changes, const Work& work) const {
    const std::string what = changes.front()->is_mode() ? "mode" : "owner";
    const std::string names =
        fmt::format("the {} {} this {} already", names_of(copies), copies.size() == 1 ? "sets" : "set", what);
    for (const Change* change : changes) {
      const Maker maker = later_maker(*change, *copies.front());
      if (maker != Maker::kNone)
        return fmt::format("{} {} before line {} and remove this, or write the numbers of the user and group",
                           maker == Maker::kCreates ? "create" : "change the number of", name_in(*change),
                           copies.front()->instruction->start_line);
    }
    const bool made =
        std::ranges::any_of(changes, [&](const Change* change) { return covers_made_files(*change); });
    if (made) return fmt::format("change only what a RUN has made: {}", names);
    std::vector<std::string> covered;
    size_t others = 0;
    for (const Change* change : changes) {
      for (const std::string& path : change->paths) {
        const bool is_covered = std::ranges::any_of(
            copies, [&](const plan::Step* copy) { return changes_all(*change, path, *copy); });
        if (is_covered) covered.push_back(path);
        others += is_covered ? 0 : 1;
      }
    }
    std::string remedy = others == 0 ? fmt::format("remove it: {}", names)
                                     : fmt::format("remove {} from it: {}", text::list_words(covered), names);
    const std::vector<std::string> files = files_with_modes(copies, changes, work);
    if (!files.empty())
      remedy += fmt::format(
          ", and set the mode of {} with --chmod in a COPY of {} own, or the RUN still stores {}",
          text::list_words(files), files.size() == 1 ? "its" : "their", files.size() == 1 ? "it" : "them");
    return remedy;
  }

  // Files of the COPYs whose modes other commands of the RUN change, as the commands name them.
  static std::vector<std::string> files_with_modes(const Copies& copies, const Changes& changes,
                                                   const Work& work) {
    std::vector<std::string> files;
    for (const Change& change : work.changes) {
      if (!change.is_mode() || std::ranges::find(changes, &change) != changes.end()) continue;
      for (const std::string& path : change.paths) {
        const bool is_copied = std::ranges::any_of(copies, [&](const plan::Step* copy) {
          return path != copy->destination && text::is_within(path, copy->destination);
        });
        if (is_copied) files.push_back(path);
      }
    }
    return files;
  }

  std::string remedy_for(const Copies& copies, const Changes& changes, const std::string& flags) const {
    const std::string keyword = keywords_of(copies);
    const bool modes = std::ranges::any_of(changes, &Change::is_mode);
    if (flags.empty() && modes) return fmt::format("set the final mode in --chmod of the {}", keyword);
    if (flags.empty())
      return fmt::format("remove it: {} all files to root by default",
                         keyword == "COPY and ADD" ? keyword + " give" : keyword + " gives");
    const plan::Step& copy = *copies.front();
    for (const Change* change : changes) {
      const std::string_view owner = name_in(*change);
      const size_t line = copy.instruction->start_line;
      const Maker maker = later_maker(*change, copy);
      if (maker == Maker::kCreates)
        return fmt::format(
            "create {} before line {} and write {}{} there, or write the numbers of the user and group: a "
            "name "
            "that does not exist yet means root",
            owner, line, keyword, flags);
      if (maker == Maker::kRenumbers)
        return fmt::format(
            "change the number of {} before line {} and write {}{} there: COPY takes the number that the "
            "name "
            "has at that line",
            owner, line, keyword, flags);
    }
    const auto of_login_group = std::ranges::find_if(changes, &Change::gives_to_login_group);
    const std::string group =
        of_login_group == changes.end()
            ? std::string()
            : fmt::format(", where {} is the group of {}", kLoginGroup, name_in(**of_login_group));
    return fmt::format("write {}{} there{}", keyword, flags, group);
  }

  // The user that it gives files to, or the group if it names no user. A number is not a name.
  static std::string_view name_in(const Change& change) {
    const auto is_name = [](std::string_view part) {
      return part.find_first_not_of("0123456789") != std::string_view::npos;
    };
    const std::string_view user = change.value.substr(0, change.value.find(':'));
    const std::string_view group = change.value.substr(std::min(user.size() + 1, change.value.size()));
    return is_name(user) ? user : is_name(group) ? group : std::string_view();
  }

  // What a RUN after the COPY does with the owner's name.
  enum class Maker : uint8_t { kNone, kRenumbers, kCreates };

  Maker later_maker(const Change& change, const plan::Step& copy) const {
    constexpr std::string_view kCreators[] = {"useradd", "adduser", "addgroup", "groupadd"};
    constexpr std::string_view kChangers[] = {"usermod", "groupmod"};
    const std::string_view owner = name_in(change);
    if (change.is_mode() || owner.empty()) return Maker::kNone;
    Maker maker = Maker::kNone;
    const plan::Stage& stage = dockerfile_.graph().stages[copy.stage];
    for (const size_t index : stage.steps) {
      const plan::Step& step = dockerfile_.graph().steps[index];
      if (&step < &copy || step.kind != plan::Step::Kind::kRun) continue;
      for (const shell::Command& command : dockerfile_.run_of(index).commands) {
        const auto words = shell::invocation(command);
        if (!shell::has_word(words, owner)) continue;
        const std::string_view program = shell::program_of(words);
        // One that is removed or changed first is in the base image.
        if (program == "userdel" || program == "deluser" ||
            std::ranges::find(kChangers, program) != std::end(kChangers))
          maker = Maker::kRenumbers;
        if (maker == Maker::kNone && std::ranges::find(kCreators, program) != std::end(kCreators))
          maker = Maker::kCreates;
      }
    }
    return maker;
  }

  std::vector<MovedPath> moved_;  // in the stage so far
  std::vector<size_t> runs_;      // the steps of its RUNs so far, the one that is looked at included
  lint::Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
};

// For each stage whether its layers reach an image. A stage that no other uses may be built by its name.
std::vector<bool> ship(lint::Dockerfile& dockerfile) {
  const plan::Graph& graph = dockerfile.graph();
  const std::vector<WrittenStage>& written = written_stages(dockerfile);
  const std::vector<bool> shipping = stages_that_ship(written);
  std::set<const dockerfile::Instruction*> starts;
  for (size_t i = 0; i < written.size(); ++i) {
    if (shipping[i]) starts.insert(written[i].from);
  }
  std::vector<bool> is_source(graph.stages.size());
  for (const plan::Step& step : graph.steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin == plan::Read::Origin::kStage) is_source[read.stage] = true;
    }
  }
  std::vector<bool> ships(graph.stages.size());
  for (const plan::Stage& stage : graph.stages)
    ships[stage.index] = !is_source[stage.index] || starts.contains(stage.from);
  return ships;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check check(dockerfile, reporter);
  const std::vector<bool> ships = ship(dockerfile);
  for (const plan::Stage& stage : dockerfile.graph().stages) {
    if (ships[stage.index]) check.stage(stage);
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1014",
      .name = "chown-layer",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "Files are copied, and then all changed by chown or chmod",
      .rationale =
          "A layer contains whole files: changing the owner or mode of a file stores the whole file a second "
          "time. "
          "After a COPY of a hundred megabytes, `RUN chown -R` adds another hundred, and both rebuild after "
          "every edit. COPY can set both.\n\n"
          "`chown` and `chmod` of a folder without `-R` change only the folder, and are not reported. COPY "
          "looks up the names in `--chown` in the image as it is at that line: a name that a later RUN "
          "creates means root, and a user that a later RUN renumbers has the old number. A RUN that "
          "moves, removes or rewrites the files stores them again anyway, and the layers of a stage that is "
          "only copied from are not in the image: both are not reported. Neither are small files if the "
          "command is also about files that a RUN makes. Modes in letters, such as `u=rwX`, need Dockerfile "
          "1.14.",
      .bad = {"FROM node:22\n"
              "COPY . /app\n"
              "RUN chown -R node:node /app\n"},
      .good = {"FROM node:22\n"
               "COPY --chown=node:node . /app\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1014
