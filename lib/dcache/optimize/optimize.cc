#include "dcache/optimize/optimize.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/mount.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/optimize/apart.h"
#include "dcache/optimize/replayed.h"
#include "dcache/shell/script.h"
#include "dcache/text/arena.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::optimize {
namespace {

// Rules whose fixes keep what a RUN downloads for its next run: the RUN runs as often as before.
bool makes_runs_cheaper(const lint::Rule& rule) {
  return rule.code == "DC1003" || rule.code == "DC1004" || rule.code == "DC1005" || rule.code == "DC1007";
}

// Whether the fixes of a rule are about what is rebuilt.
bool is_about_cache(const lint::Rule& rule) {
  const bool is_ours = rule.code.starts_with("DC1") || rule.code.starts_with("DC2");
  return is_ours && rule.fix != lint::FixKind::kNone && rule.check != nullptr;
}

// What one change is: the fixes that a rule has for an instruction, which stays the same one when its flags
// change or when it moves; or for one cache in a stage, since what one RUN downloads into a mount another one
// of them finds only there.
struct Unit {
  const lint::Rule* rule = nullptr;
  std::string subject;
  size_t stage = 0;                     // counted from 1
  std::string mount = {};               // where the cache is that the fixes mount; empty for others
  std::vector<std::string> fills = {};  // see lint::Fix

  friend bool operator==(const Unit& a, const Unit& b) { return a.rule == b.rule && a.subject == b.subject; }
};
using Units = std::vector<Unit>;

// The first cache mount that a fix adds; empty for none.
std::string mount_target(const lint::Diagnostic& diagnostic) {
  constexpr std::string_view kTarget = "target=";
  for (const text::Edit& edit : diagnostic.fix->edits) {
    const size_t at = edit.replacement.find(kTarget);
    if (at == std::string::npos) continue;
    const size_t begin = at + kTarget.size();
    return edit.replacement.substr(begin, edit.replacement.find_first_of(", \t\n", begin) - begin);
  }
  return {};
}

bool is_below(const std::vector<std::string>& folders, std::string_view mount) {
  return std::ranges::any_of(folders,
                             [&](const std::string& folder) { return text::is_within(folder, mount); });
}

// Whether a RUN has a cache mount over one of the folders.
bool mounts_any(std::string_view instruction, const std::vector<std::string>& folders) {
  constexpr std::string_view kMount = "--mount=";
  std::string_view rest = instruction;
  for (size_t at = rest.find(" --"); at != std::string_view::npos && !folders.empty();
       at = rest.find(" --")) {
    rest.remove_prefix(at + 1);
    const std::string_view flag = rest.substr(0, rest.find(' '));
    if (!flag.starts_with(kMount)) continue;
    const auto mount =
        dockerfile::read_mount(flag.substr(kMount.size()), [](std::string_view) { return std::nullopt; }, {});
    if (mount && mount->type == dockerfile::Mount::Type::kCache && is_below(folders, mount->target))
      return true;
  }
  return false;
}

// `diagnostic` has a fix.
Unit unit_of(const dockerfile::File& file, const lint::Diagnostic& diagnostic) {
  Unit unit{.rule = lint::find_rule(lint::catalogue(), diagnostic.rule), .subject = {}};
  size_t stage = 0;
  const dockerfile::Instruction* found = nullptr;
  for (const dockerfile::Instruction& one : file.instructions()) {
    if (one.span.begin > diagnostic.span.begin) break;
    if (one.keyword == dockerfile::Keyword::kFrom) ++stage;
    found = &one;
  }
  unit.stage = stage;
  unit.fills = diagnostic.fix->fills;
  if (makes_runs_cheaper(*unit.rule)) unit.mount = mount_target(diagnostic);
  if (!unit.mount.empty()) {
    unit.subject = fmt::format("{} {}", stage, unit.mount);
  } else if (found != nullptr) {
    unit.subject = without_flags(found->one_line());
  }
  return unit;
}

// Where the instructions of a text are in the Dockerfile as it is.
class LinesBefore {
 public:
  LinesBefore(const std::string& before, const std::string& text)
      : before_(dockerfile::parse(before)), file_(dockerfile::parse(text)) {
    partners_ = partners_of(names_of(before_), names_of(file_));
  }

  // 0 for what it does not have.
  uint32_t of(uint32_t line) const {
    for (size_t i = 0; i < partners_.size(); ++i) {
      const dockerfile::Instruction& now = file_.instructions()[i];
      if (line < now.start_line || line > now.end_line) continue;
      if (!partners_[i]) return 0;
      const dockerfile::Instruction& old = before_.instructions()[*partners_[i]];
      return std::min(old.start_line + line - now.start_line, old.end_line);
    }
    return 0;
  }

  // The same words with the lines of the Dockerfile as it is: "(line 4)", "lines 3, 4 and 6". Nothing if they
  // name a line that it does not have.
  std::optional<std::string> in(std::string_view words) const {
    std::string changed;
    while (true) {
      const size_t at = words.find("line");
      if (at == std::string_view::npos) return changed + std::string(words);
      const bool begins_word = at == 0 || words[at - 1] == ' ' || words[at - 1] == '(';
      size_t from = at + std::string_view("line").size();
      if (words.substr(from).starts_with('s')) ++from;
      from = std::min(from + 1, words.size());
      changed += words.substr(0, from);
      const bool has_numbers = begins_word && words[from - 1] == ' ';
      words.remove_prefix(from);
      while (has_numbers && starts_with_digit(words)) {
        uint32_t line = 0;
        const auto end = std::from_chars(words.data(), words.data() + words.size(), line).ptr;
        const uint32_t old = of(line);
        if (old == 0) return std::nullopt;
        changed += std::to_string(old);
        words.remove_prefix(static_cast<size_t>(end - words.data()));
        for (const std::string_view between : {", ", " and ", " to ", "-"}) {
          if (!words.starts_with(between) || !starts_with_digit(words.substr(between.size()))) continue;
          changed += between;
          words.remove_prefix(between.size());
          break;
        }
      }
    }
  }

 private:
  static bool starts_with_digit(std::string_view text) {
    return !text.empty() && text.front() >= '0' && text.front() <= '9';
  }
  static std::vector<StepName> names_of(const dockerfile::File& file) {
    std::vector<StepName> names;
    size_t stage = 0;
    for (const dockerfile::Instruction& one : file.instructions()) {
      if (one.keyword == dockerfile::Keyword::kFrom) ++stage;
      names.push_back(
          {std::to_string(stage), without_flags(one.one_line()), one.keyword == dockerfile::Keyword::kRun});
    }
    return names;
  }

  dockerfile::File before_, file_;
  std::vector<std::optional<size_t>> partners_;
};

// The command that an added RUN is for, by its program: the last one, except for what cleans up.
std::string program_of_run(const std::string& name) {
  text::Arena texts;
  const std::string_view script =
      std::string_view(name).substr(std::min<size_t>(name.find(' ') + 1, name.size()));
  std::string program;
  for (const shell::Command& command : shell::split(script, texts)) {
    const std::string_view one = shell::program_of(shell::invocation(command));
    if (!one.empty() && one != "rm") program = one;
  }
  return program;
}

bool starts_program(const std::string& name, const std::string& program) {
  text::Arena texts;
  const std::string_view script =
      std::string_view(name).substr(std::min<size_t>(name.find(' ') + 1, name.size()));
  return std::ranges::any_of(shell::split(script, texts), [&](const shell::Command& command) {
    return shell::program_of(shell::invocation(command)) == program;
  });
}

// What is tried together first, since what makes no difference together needs no try by itself: about as many
// groups as each of them has members.
template <typename T>
std::vector<std::vector<T>> groups_of(const std::vector<T>& all) {
  size_t size = 1;
  while (size * size < all.size())
    ++size;
  std::vector<std::vector<T>> groups;
  for (const T& one : all) {
    if (groups.empty() || groups.back().size() == size) groups.emplace_back();
    groups.back().push_back(one);
  }
  return groups;
}

// A run of a RUN in a commit: the stage, the instruction without flags, and the commit.
using RunAtCommit = std::tuple<std::string, std::string, size_t>;

// A text of the Dockerfile that was replayed.
struct Attempt {
  std::string text;
  std::vector<lint::Fix> new_files;
  std::vector<ImageRuns> images;
};

class Optimizer {
 public:
  Optimizer(const project::Project& project, const std::vector<size_t>& images, const Options& options)
      : options_(options),
        keeps_mounts_(project.images[images.front()].build.cache_from.empty()),
        replays_(project, images, options) {
    for (const size_t image : images)
      builds_.push_back(&project.images[image].build);
  }

  tl::expected<Proposal, std::string> run(std::string dockerfile, std::string text) {
    Proposal proposal;
    proposal.dockerfile = std::move(dockerfile);
    proposal.before = std::move(text);
    // Each text can have commits at which it can't be built: then all are compared over the others.
    size_t commits = 0;
    do {
      commits = replays_.commits().size();
      if (auto done = work_out(proposal); !done) return tl::unexpected(std::move(done.error()));
    } while (replays_.commits().size() != commits);
    return proposal;
  }

 private:
  tl::expected<void, std::string> work_out(Proposal& proposal) {
    proposal.changes.clear();
    proposal.unsafe.clear();
    proposal.useless.clear();
    cheaper_.clear();
    cheaper_by_layer_.clear();
    const Units all = units_in(proposal.before, options_.unsafe);
    expected_ = done_ + all.size() + 2;
    const auto before = attempt_of(proposal.before, {});
    if (!before) return tl::unexpected(before.error());
    auto best = choose(proposal, all);
    if (!best) return tl::unexpected(best.error());
    if (!options_.unsafe) find_unsafe(proposal, *best);
    copy_apart(proposal, *best);
    proposal.after = best->text;
    proposal.new_files = best->new_files;
    proposal.gain = gain_of(before->images, best->images);
    proposal.images = compare(before->images, best->images);
    proposal.commits = replays_.commits().size();
    proposal.all_commits = options_.commits.size();
    proposal.notes.assign(replays_.notes().begin(), replays_.notes().end());
    proposal.from = replays_.commits().front().time;
    proposal.to = replays_.commits().back().time;
    // A run that finds two things there is one run.
    proposal.gain.cheaper = cheaper_.size();
    proposal.gain.cheaper_by_layer = cheaper_by_layer_.size();
    std::ranges::stable_sort(proposal.changes, std::ranges::greater(), [](const Change& change) {
      return std::tuple(change.gain.runs, change.gain.cheaper, change.gain.steps);
    });
    return {};
  }

  // The configuration with the rules about caching alone.
  lint::Config cache_config() const {
    lint::Config config = options_.config;
    config.select.clear();
    for (const lint::Rule& rule : lint::catalogue()) {
      const bool is_ignored = std::ranges::any_of(options_.config.ignore, [&](const std::string& code) {
        return lint::find_rule({&rule, 1}, code) != nullptr;
      });
      if (is_about_cache(rule) && !is_ignored) config.select.emplace_back(rule.code);
    }
    return config;
  }

  // All that the fixes for a text do, those too that come up when others are made.
  Units units_in(const std::string& text, bool unsafe) const {
    Units units;
    const lint::Config config = cache_config();
    if (config.select.empty()) return units;
    const auto note = [&](const dockerfile::File& file, const lint::Diagnostic& diagnostic) {
      Unit unit = unit_of(file, diagnostic);
      const bool is_made = unsafe || diagnostic.fix->is_safe();
      if (is_made && std::ranges::find(units, unit) == units.end()) units.push_back(std::move(unit));
      return true;
    };
    lint::apply_fixes(lint::Linter(lint::catalogue(), config), text, options_.facts, unsafe, note);
    return units;
  }

  lint::FixedText fix(const Units& units, const std::string& text, bool unsafe) const {
    if (units.empty()) return {.text = text};
    const auto is_chosen = [&](const dockerfile::File& file, const lint::Diagnostic& diagnostic) {
      return std::ranges::find(units, unit_of(file, diagnostic)) != units.end();
    };
    return lint::apply_fixes(lint::Linter(lint::catalogue(), cache_config()), text, options_.facts, unsafe,
                             is_chosen);
  }

  tl::expected<Attempt, std::string> attempt_of(const std::string& text,
                                                const std::vector<lint::Fix>& files) {
    auto images = replays_.of(text, files);
    if (options_.progress) options_.progress(++done_, expected_);
    if (!images) return tl::unexpected(std::move(images.error()));
    return Attempt{text, files, std::move(*images)};
  }

  tl::expected<Attempt, std::string> attempt_with(const Units& units, const std::string& text) {
    const lint::FixedText fixed = fix(units, text, options_.unsafe);
    return attempt_of(fixed.text, fixed.new_files);
  }

  static bool is_same(const lint::FixedText& fixed, const Attempt& attempt) {
    return fixed.text == attempt.text && fixed.new_files.size() == attempt.new_files.size();
  }

  // Makes all changes together, and then leaves out each without which as much is gained.
  tl::expected<Attempt, std::string> choose(Proposal& proposal, Units units) {
    auto best = attempt_with(units, proposal.before);
    if (!best) {
      // With some of them an image can't be built.
      units = buildable(units, proposal.before);
      best = attempt_with(units, proposal.before);
      if (!best) return best;
    }
    if (auto done = drop_rivals(proposal, units, *best); !done) return tl::unexpected(done.error());
    for (const Units& group : groups_of(units)) {
      if (group.size() > 1) {
        const auto is_dropped = drop_group(proposal, group, units, *best);
        if (!is_dropped) return tl::unexpected(is_dropped.error());
        if (*is_dropped) continue;
      }
      for (const Unit& unit : group) {
        if (auto done = choose_one(proposal, unit, units, *best); !done) return tl::unexpected(done.error());
      }
    }
    return best;
  }

  // A step that only downloads leaves nothing in its layer next to a cache mount for the downloads: of the
  // two the one is kept that gains more by itself.
  tl::expected<void, std::string> drop_rivals(Proposal& proposal, Units& units, Attempt& best) {
    const Units all = units;
    for (const Unit& download : all) {
      for (const Unit& mount : all) {
        const bool are_rivals =
            !mount.mount.empty() && mount.stage == download.stage && is_below(download.fills, mount.mount);
        const auto is_kept = [&](const Unit& unit) { return std::ranges::find(units, unit) != units.end(); };
        if (!are_rivals || !is_kept(download) || !is_kept(mount)) continue;
        Units others = units;
        drop({download, mount}, others);
        const auto gains = [&](const Unit& unit) {
          const auto without = attempt_with(others, proposal.before);
          Units more = others;
          more.push_back(unit);
          const auto with = attempt_with(more, proposal.before);
          if (!without || !with) return size_t{0};
          const Gain gain = gain_of(cheaper_runs(unit, *without, *with), *without, *with);
          return gain.runs + gain.cheaper;
        };
        const Unit& loser = gains(download) > gains(mount) ? mount : download;
        std::erase(units, loser);
        auto without = attempt_with(units, proposal.before);
        if (!without) return tl::unexpected(std::move(without.error()));
        best = std::move(*without);
        proposal.useless.push_back(change_of(loser, proposal.before, best.text, options_.unsafe));
      }
    }
    return {};
  }

  static void drop(const Units& group, Units& units) {
    std::erase_if(units, [&](const Unit& unit) { return std::ranges::find(group, unit) != group.end(); });
  }

  // Leaves out changes that make no difference together, and says whether it did.
  tl::expected<bool, std::string> drop_group(Proposal& proposal, const Units& group, Units& units,
                                             Attempt& best) {
    Units others = units;
    drop(group, others);
    auto without = attempt_with(others, proposal.before);
    if (!without) return tl::unexpected(std::move(without.error()));
    if (makes_difference(group, *without, best)) return false;
    for (const Unit& unit : group)
      proposal.useless.push_back(change_of(unit, proposal.before, without->text, options_.unsafe));
    units = std::move(others);
    best = std::move(*without);
    return true;
  }

  // Keeps a change if something is gained by it.
  tl::expected<void, std::string> choose_one(Proposal& proposal, const Unit& unit, Units& units,
                                             Attempt& best) {
    Units others = units;
    std::erase(others, unit);
    if (is_same(fix(others, proposal.before, options_.unsafe), best)) {
      units = std::move(others);
      return {};
    }
    auto without = attempt_with(others, proposal.before);
    if (!without) return tl::unexpected(std::move(without.error()));
    Change change = change_of(unit, proposal.before, without->text, options_.unsafe);
    const CheaperRuns cheaper = cheaper_runs(unit, *without, best);
    change.gain = gain_of(cheaper, *without, best);
    if (change.gain.most() >= options_.least_gain) {
      proposal.changes.push_back(std::move(change));
      cheaper_.insert(cheaper.by_mount.begin(), cheaper.by_mount.end());
      cheaper_.insert(cheaper.by_layer.begin(), cheaper.by_layer.end());
      cheaper_by_layer_.insert(cheaper.by_layer.begin(), cheaper.by_layer.end());
      return {};
    }
    proposal.useless.push_back(std::move(change));
    units = std::move(others);
    best = std::move(*without);
    return {};
  }

  // Whether changes save or cost a run of any step, or make one cheaper.
  bool makes_difference(const Units& group, const Attempt& without, const Attempt& with) const {
    return rebuild_differently(without.images, with.images) ||
           std::ranges::any_of(group, [&](const Unit& unit) {
             const CheaperRuns cheaper = cheaper_runs(unit, without, with);
             return !cheaper.by_mount.empty() || !cheaper.by_layer.empty();
           });
  }

  // Those that leave a Dockerfile that can be built, one after the other.
  Units buildable(const Units& units, const std::string& text) {
    Units fitting;
    for (const Unit& unit : units) {
      fitting.push_back(unit);
      if (!attempt_with(fitting, text)) fitting.pop_back();
    }
    return fitting;
  }

  // What fixes would gain in addition to the proposal that are not made, since they may change the image.
  void find_unsafe(Proposal& proposal, const Attempt& best) {
    Units units = units_in(best.text, true);
    std::erase_if(units,
                  [&](const Unit& unit) { return change_of(unit, proposal.before, best.text, true).safe; });
    expected_ += units.size();
    for (const Units& group : groups_of(units)) {
      if (group.size() > 1) {
        const auto with = attempt_beside(group, best);
        if (with && !makes_difference(group, best, *with)) continue;
      }
      for (const Unit& unit : group) {
        const auto with = attempt_beside({unit}, best);
        if (!with) continue;
        Change change = change_of(unit, proposal.before, best.text, true);
        change.gain = gain_of(cheaper_runs(unit, best, *with), best, *with);
        // Nobody takes a risk for steps that only copy.
        const size_t runs = std::max(change.gain.runs, change.gain.cheaper);
        if (runs > 0 && change.gain.most() >= options_.least_gain)
          proposal.unsafe.push_back(std::move(change));
      }
    }
  }

  // With changes that may be unsafe added to the proposal. Nothing if they change nothing, or if an image
  // can't be built with them.
  std::optional<Attempt> attempt_beside(const Units& units, const Attempt& best) {
    const lint::FixedText fixed = fix(units, best.text, true);
    if (fixed.fixed == 0 || (fixed.text == best.text && fixed.new_files.empty())) return std::nullopt;
    std::vector<lint::Fix> files = best.new_files;
    files.insert(files.end(), fixed.new_files.begin(), fixed.new_files.end());
    auto with = attempt_of(fixed.text, files);
    return with ? std::optional(std::move(*with)) : std::nullopt;
  }

  // Folders that no build reads, or only late, as far as names tell, whichever image is built.
  std::vector<ApartFolder> folders_in(const dockerfile::File& file) const {
    std::optional<std::vector<ApartFolder>> common;
    for (const cache::BuildOptions* build : builds_) {
      if (build->context != builds_.front()->context) return {};
      const plan::Graph graph = plan::build_graph(file, build->plan);
      const auto context = options_.facts.build_context(&graph);
      if (!context) return {};
      std::vector<ApartFolder> folders = apart_folders(file, graph, *context);
      if (!common) {
        common = std::move(folders);
        continue;
      }
      std::erase_if(*common, [&](ApartFolder& one) {
        const auto same = std::ranges::find_if(folders, [&](const ApartFolder& other) {
          return other.line == one.line && other.path == one.path && other.reader == one.reader;
        });
        if (same == folders.end()) return true;
        if (one.place.empty()) one.place = same->place;
        return false;
      });
    }
    return common ? std::move(*common) : std::vector<ApartFolder>();
  }

  // The text with a `# syntax=` line, if its flags need one.
  std::string with_syntax(const std::string& text) const {
    lint::Config config = options_.config;
    config.select = {"DC1008"};
    return lint::apply_fixes(lint::Linter(lint::catalogue(), config), text, options_.facts, true).text;
  }

  // The text with the folders copied apart, and the syntax that `--exclude` needs. Nothing if the file asks
  // for one that does not have it.
  std::optional<std::string> with_apart(const dockerfile::File& file,
                                        const std::vector<ApartFolder>& folders) const {
    std::string text = copied_apart(file, folders);
    if (!file.directive("syntax")) return with_syntax(text);
    // A line that fixes the version by hand is left to the one who wrote it.
    if (!file.directive("syntax")->ends_with("docker/dockerfile:1")) return std::nullopt;
    return text;
  }

  // Copies folders apart that change apart. Unsafe, since a RUN may read what nothing names.
  void copy_apart(Proposal& proposal, Attempt& best) {
    const dockerfile::File file = dockerfile::parse(best.text);
    std::vector<ApartFolder> chosen;
    Attempt so_far = best;
    const LinesBefore lines(proposal.before, best.text);
    const auto is_narrowed = [&](uint32_t line) {
      return std::ranges::any_of(proposal.unsafe, [&](const Change& change) {
        return change.line != 0 && change.line == lines.of(line) && change.rule != nullptr &&
               change.rule->code == "DC1002";
      });
    };
    std::vector<ApartFolder> folders = folders_in(file);
    std::erase_if(folders, [&](const ApartFolder& folder) {
      return is_narrowed(folder.line) ||
             (!folder.place.empty() && !replays_.always_has(builds_.front()->context, folder.path));
    });
    for (const std::vector<ApartFolder>& group : groups_of(folders)) {
      if (group.size() > 1) {
        const auto with = attempt_apart(file, chosen, group, best);
        if (with && gain_of(so_far.images, with->images).runs == 0) continue;
      }
      for (const ApartFolder& folder : group) {
        auto with = attempt_apart(file, chosen, {folder}, best);
        if (!with) continue;
        const Gain gain = gain_of(so_far.images, with->images);
        // Nobody takes a risk for steps that only copy.
        if (gain.runs == 0 || gain.most() < options_.least_gain) continue;
        (options_.unsafe ? proposal.changes : proposal.unsafe).push_back(change_of(folder, lines, gain));
        if (!options_.unsafe) continue;
        chosen.push_back(folder);
        so_far = std::move(*with);
      }
    }
    best = std::move(so_far);
  }

  // With more folders copied apart. Nothing if the file can't have that, or if an image can't be built then.
  std::optional<Attempt> attempt_apart(const dockerfile::File& file, std::vector<ApartFolder> folders,
                                       const std::vector<ApartFolder>& more, const Attempt& best) {
    folders.insert(folders.end(), more.begin(), more.end());
    const auto text = with_apart(file, folders);
    if (!text) return std::nullopt;
    auto with = attempt_of(*text, best.new_files);
    return with ? std::optional(std::move(*with)) : std::nullopt;
  }

  static Change change_of(const ApartFolder& folder, const LinesBefore& lines, const Gain& gain) {
    std::vector<std::string> runs;
    for (const uint32_t run : folder.runs) {
      if (const uint32_t line = lines.of(run); line != 0) runs.push_back(std::to_string(line));
    }
    const std::string runs_words =
        runs.empty()
            ? "a RUN"
            : fmt::format("the RUN in line{} {}", runs.size() == 1 ? "" : "s", text::list_words(runs));
    const uint32_t reader = lines.of(folder.reader);
    const std::string mentioned =
        folder.reader == 0 ? "neither they nor the files that they use mention it"
        : reader == 0      ? "only a later RUN mentions it"
                           : fmt::format("only the RUN in line {} and later ones mention it", reader);
    return {.rule = nullptr,
            .line = lines.of(folder.line),
            .finding = fmt::format("{} is copied before RUN steps, and {}", folder.path, mentioned),
            .reason = runs_words + " would not see the folder: try the build",
            .folder = folder.path,
            .safe = false,
            .gain = gain};
  }

  // What a unit changes in a text, with the lines of the Dockerfile as it is.
  Change change_of(const Unit& unit, const std::string& before, const std::string& text, bool unsafe) const {
    Change change = change_in(unit, text, unsafe);
    if (text != before) {
      Change own = change_in(unit, before, unsafe);
      const bool is_in_text = change.line != 0;
      change = with_lines_of(before, text, std::move(change));
      if (is_in_text) {
        own.safe = change.safe;
        own.reason = change.reason;
      }
      if (own.line != 0) change = std::move(own);
    }
    if (!change.safe && change.reason.empty())
      change.reason = "the image may contain something else, or the build may fail";
    return change;
  }

  static Change with_lines_of(const std::string& before, const std::string& text, Change change) {
    const LinesBefore lines(before, text);
    auto finding = lines.in(change.finding);
    auto remedy = lines.in(change.remedy);
    change.finding = finding ? std::move(*finding) : std::string(change.rule->summary);
    change.remedy = remedy ? std::move(*remedy) : std::string();
    change.reason = lines.in(change.reason).value_or(std::string());
    change.line = lines.of(change.line);
    for (uint32_t& line : change.other_lines)
      line = lines.of(line);
    std::erase(change.other_lines, 0U);
    return change;
  }

  Change change_in(const Unit& unit, const std::string& text, bool unsafe) const {
    Change change{.rule = unit.rule, .finding = std::string(unit.rule->summary), .gain = {}};
    lint::Config config = options_.config;
    config.select = {std::string(unit.rule->code)};
    const dockerfile::File file = dockerfile::parse(text);
    const lint::Findings findings = lint::Linter(lint::catalogue(), config).lint(file, options_.facts);
    for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
      if (!diagnostic.fix || (!diagnostic.fix->is_safe() && !unsafe) || unit_of(file, diagnostic) != unit)
        continue;
      const uint32_t line = file.lines().line_of(diagnostic.span.begin);
      // What is unsafe has to be looked at.
      if (change.line == 0 || (change.safe && !diagnostic.fix->is_safe())) {
        if (change.line != 0) change.other_lines.push_back(change.line);
        change.line = line;
        change.finding = diagnostic.message;
        change.remedy = diagnostic.remedy;
      } else if (line != change.line) {
        change.other_lines.push_back(line);
      }
      if (change.safe) change.reason = diagnostic.fix->unsafe_because;
      change.safe = change.safe && diagnostic.fix->is_safe();
    }
    std::ranges::sort(change.other_lines);
    return change;
  }

  // The runs that find there what they downloaded or compiled before.
  struct CheaperRuns {
    std::set<RunAtCommit> by_mount, by_layer;
  };

  CheaperRuns cheaper_runs(const Unit& unit, const Attempt& without, const Attempt& with) const {
    CheaperRuns cheaper;
    const std::vector<StepRuns> now = distinct_steps(with.images), old = distinct_steps(without.images);
    if (makes_runs_cheaper(*unit.rule) && keeps_mounts_) cheaper.by_mount = with_filled_mount(old, now);
    if (unit.rule->code == "DC1001") cheaper.by_layer = with_filled_layer(old, now, unit.fills);
    return cheaper;
  }

  // Those of RUNs that the rule gives a cache mount.
  static std::set<RunAtCommit> with_filled_mount(const std::vector<StepRuns>& old,
                                                 const std::vector<StepRuns>& now) {
    std::set<RunAtCommit> runs;
    for (const StepRuns& step : now) {
      const bool is_untouched = std::ranges::find(old, step.instruction, &StepRuns::instruction) != old.end();
      if (!step.is_run || is_untouched) continue;
      bool is_filled = false;  // with the first one it is empty
      for (size_t commit = 0; commit < step.rebuilt_at.size(); ++commit) {
        if (step.rebuilt_at[commit] && is_filled) runs.emplace(step.stage, step.name, commit);
        is_filled = is_filled || step.rebuilt_at[commit];
      }
    }
    return runs;
  }

  // Those of a RUN that stays, or of the rest of it, when a new one above it that downloads or installs is
  // reused. `fills` as of its Unit.
  static std::set<RunAtCommit> with_filled_layer(const std::vector<StepRuns>& old,
                                                 const std::vector<StepRuns>& now,
                                                 const std::vector<std::string>& fills) {
    const auto is_in = [](const std::vector<StepRuns>& steps, const StepRuns& step) {
      return std::ranges::any_of(steps, [&](const StepRuns& other) {
        return other.is_run && other.stage == step.stage && other.name == step.name;
      });
    };
    std::set<RunAtCommit> runs;
    for (size_t i = 0; i < now.size(); ++i) {
      const StepRuns& added = now[i];
      if (!added.is_run || is_in(old, added) || mounts_any(added.instruction, fills)) continue;
      const auto split = std::ranges::find_if(old, [&](const StepRuns& step) {
        return step.is_run && step.stage == added.stage && !is_in(now, step) &&
               step.name.starts_with(added.name);
      });
      const std::string program = program_of_run(added.name);
      const auto user =
          std::find_if(now.begin() + static_cast<ptrdiff_t>(i) + 1, now.end(), [&](const auto& step) {
            if (!step.is_run || step.stage != added.stage) return false;
            return split != old.end() ? !is_in(old, step) && split->name.ends_with(step.name.substr(4))
                                      : is_in(old, step) && starts_program(step.name, program);
          });
      if (user == now.end()) continue;
      for (size_t commit = 0; commit < user->rebuilt_at.size(); ++commit) {
        if (user->rebuilt_at[commit] && !added.rebuilt_at[commit])
          runs.emplace(user->stage, user->name, commit);
      }
    }
    return runs;
  }

  static Gain gain_of(const CheaperRuns& cheaper, const Attempt& without, const Attempt& with) {
    Gain gain = gain_of(without.images, with.images);
    std::set<RunAtCommit> all = cheaper.by_mount;
    all.insert(cheaper.by_layer.begin(), cheaper.by_layer.end());
    gain.cheaper = all.size();
    gain.cheaper_by_layer = cheaper.by_layer.size();
    return gain;
  }

  static Gain gain_of(const std::vector<ImageRuns>& without, const std::vector<ImageRuns>& with) {
    return difference(total_of(without), total_of(with));
  }

  const Options& options_;
  const bool keeps_mounts_;                         // from one build to the next
  std::vector<const cache::BuildOptions*> builds_;  // of the images
  Replays replays_;
  std::set<RunAtCommit> cheaper_, cheaper_by_layer_;  // by all changes that are made
  size_t done_ = 0, expected_ = 0;
};

}  // namespace

tl::expected<Proposal, std::string> propose(const project::Project& project,
                                            const std::vector<size_t>& images, const Options& options) {
  const cache::BuildOptions& build = project.images[images.front()].build;
  auto text = build.files->read(build.dockerfile);
  if (!text) return tl::unexpected(std::move(text.error()));
  return Optimizer(project, images, options).run(build.dockerfile, std::move(*text));
}

}  // namespace dcache::optimize
