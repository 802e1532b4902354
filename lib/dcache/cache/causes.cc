#include "dcache/cache/causes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dcache/cache/alignment.h"
#include "dcache/cache/writes.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Record;
using plan::Graph;
using plan::Part;
using plan::Read;
using plan::Step;

// What people call a part of a step.
constexpr std::string_view kRebuilt = "rebuilt";
constexpr std::string_view kAssumed = "assumed";

std::string name_of_part(const Part& part) {
  switch (part.kind) {
    case Part::Kind::kWorkdir:
      return "working directory";
    case Part::Kind::kUser:
      return "user";
    case Part::Kind::kShell:
      return "shell";
    case Part::Kind::kPlatform:
      return "platform";
    case Part::Kind::kNetwork:
      return "network";
    case Part::Kind::kMount:
      return part.name + " mount";
    case Part::Kind::kDestination:
      return "destination";
    case Part::Kind::kSource:
      return "source";
    case Part::Kind::kOwner:
      return "owner";
    case Part::Kind::kMode:
      return "mode";
    case Part::Kind::kExclude:
      return "excluded pattern";
    case Part::Kind::kLocation:
    case Part::Kind::kRemote:
      return "remote source";
    case Part::Kind::kBuilt:
    case Part::Kind::kPossiblyBuilt:
      return part.name;
    case Part::Kind::kOption:
      return part.name == "hostname" ? "host name" : "--" + part.name;
    case Part::Kind::kFlag:
      return "--" + part.name;
    default:
      return "text";
  }
}

// The folder of git that a file is in, "web/.git"; empty for other files.
std::string_view git_folder_of(std::string_view path) {
  constexpr std::string_view kGitFolder = ".git/";
  const size_t inner = path.find("/.git/");
  if (path.starts_with(kGitFolder)) return path.substr(0, kGitFolder.size() - 1);
  return inner == std::string_view::npos ? std::string_view() : path.substr(0, inner + kGitFolder.size());
}

// Whether a file of a folder of git is one that every commit changes or adds.
bool changes_with_commits(std::string_view path) {
  const std::string_view inside = path.substr(git_folder_of(path).size() + 1);
  return text::is_within(inside, "logs") || text::is_within(inside, "objects") ||
         text::is_within(inside, "refs") || text::is_within(inside, "packed-refs");
}

bool same_part(const Part& a, const Part& b) {
  return a.kind == b.kind && a.name == b.name && a.value == b.value;
}

}  // namespace

class Causes::CauseFinder {
 public:
  CauseFinder(const State& before, const State& after)
      : before_(before), after_(after), alignment_(*before.graph, *after.graph) {}

  void explain(const std::vector<StepReport>& reports, Judgement::Reason reason, StepReport& report) const {
    Cause& cause = report.cause;
    const Step& now = step(report.step);
    cause.line = now.instruction->start_line;
    if (explain_imports(reports, reason, report)) return;
    switch (report.verdict) {
      case Verdict::kHit:
        cause.line = 0;
        return;
      case Verdict::kUnused:
        cause.kind = Cause::Kind::kTarget;
        cause.stage = after_.graph->stages[now.stage].label();
        return;
      case Verdict::kUnknown:
        cause.kind = Cause::Kind::kNetwork;
        cause.name = now.kind == Step::Kind::kImage ? now.image : now.remote;
        return;
      case Verdict::kMiss:
      case Verdict::kDepends:
        break;
    }
    if (explain_missing(report)) return;
    if (const auto failing = failing_below(reports, report.step)) return follow(reports, report, *failing);
    if (now.ignores_cache) {
      cause.kind = now.kind == Step::Kind::kImage ? Cause::Kind::kAlways : Cause::Kind::kNoCache;
      return;
    }
    const auto old = alignment_.partner(report.step);
    if (!old || !before_.graph->steps[*old].needed) {
      cause.kind = Cause::Kind::kNew;
      if (old) cause.change = "unneeded";
      cause.after = words_of(now);
      return;
    }
    if (explain_definition(report, before_.graph->steps[*old])) return;
    const StepKeys& old_keys = (*before_.keys)[*old];
    if (explain_files(report, old_keys)) return;
    const Step& then = before_.graph->steps[*old];
    if (explain_images(report, then, now)) return;
    if (then.independent != now.independent) {  // of the same words: in another store
      cause.kind = Cause::Kind::kInstruction;
      cause.name = "image store";
      cause.before = then.independent ? "containerd" : "overlay2";
      cause.after = now.independent ? "containerd" : "overlay2";
      return;
    }
    // What it takes from stages is the same if its own content is.
    const bool same_content = old_keys.content.if_changed == keys(report.step).content.if_changed;
    if (!same_content && explain_stages(reports, report)) return;
    // A copy with --link that is reused lets what is below it through.
    std::optional<size_t> below = now.independent ? std::nullopt : now.below;
    while (below && step(*below).independent && !is_rebuilt(reports, *below))
      below = step(*below).below;
    if (below && is_rebuilt(reports, *below)) return follow(reports, report, *below);
    if (now.runs_always) {
      cause.kind = Cause::Kind::kAlways;
      return;
    }
    // All is as it was, and the step below is reused from elsewhere: its place among the others is what
    // changed.
    cause.kind = Cause::Kind::kInstruction;
    if (then.below && alignment_.is_gone(*then.below)) {
      cause.name = "step before it";
      cause.before = words_of(before_.graph->steps[*then.below]);
    } else {
      cause.before = cause.after = words_of(now);
    }
  }

 private:
  const Step& step(size_t index) const { return after_.graph->steps[index]; }
  const StepKeys& keys(size_t index) const { return (*after_.keys)[index]; }

  // A step whose words and files are known to the builder.
  bool explain_imports(const std::vector<StepReport>& reports, Judgement::Reason reason,
                       StepReport& report) const {
    if (report.verdict == Verdict::kHit) return false;
    switch (reason) {
      case Judgement::Reason::kKey:
        return false;
      case Judgement::Reason::kNoResult:
        report.cause.kind = Cause::Kind::kNotExported;
        return true;
      case Judgement::Reason::kNotImported:
        if (explain_missing(report)) return true;
        report.cause.kind = Cause::Kind::kNotExported;
        report.cause.change = "unknown";
        return true;
      case Judgement::Reason::kNotReliable:
        report.cause.kind = Cause::Kind::kImports;
        return true;
      case Judgement::Reason::kRunAgain:
        break;
    }
    if (explain_stages(reports, report)) return true;
    const std::optional<size_t> below = step(report.step).below;
    if (!below || !is_rebuilt(reports, *below)) return false;
    follow(reports, report, *below);
    return true;
  }

  // The step below, where that fails for a file that is not there.
  std::optional<size_t> failing_below(const std::vector<StepReport>& reports, size_t index) const {
    const std::optional<size_t> below = step(index).below;
    const bool fails = below && !step(index).independent && reports[*below].verdict == Verdict::kMiss &&
                       reports[*below].cause.kind == Cause::Kind::kMissing;
    return fails ? below : std::nullopt;
  }

  bool is_rebuilt(const std::vector<StepReport>& reports, size_t index) const {
    const StepReport& report = reports[index];
    // What is above a WORKDIR that runs always is reused.
    if (report.cause.kind == Cause::Kind::kAlways && step(index).runs_always && !report.follows) return false;
    return report.verdict == Verdict::kMiss || report.verdict == Verdict::kDepends || report.runs_after_all;
  }

  static void follow(const std::vector<StepReport>& reports, StepReport& report, size_t other) {
    report.cause = reports[other].cause;
    report.follows = other;
  }

  bool explain_missing(StepReport& report) const {
    for (const ReadFiles& read : keys(report.step).reads) {
      if (read.selection.missing.empty() || read.selection.missing.front() == nullptr) continue;
      report.cause.kind = Cause::Kind::kMissing;
      report.cause.path = read.selection.missing.front()->written;
      const auto old = alignment_.partner(report.step);
      if (old && found_all((*before_.keys)[*old])) report.cause.change = "deleted";
      return true;
    }
    return false;
  }

  static bool found_all(const StepKeys& keys) {
    return !keys.reads.empty() && std::ranges::all_of(keys.reads, [](const ReadFiles& read) {
      return read.selection.missing.empty();
    });
  }

  // The instruction itself, or a variable that it depends on.
  bool explain_definition(StepReport& report, const Step& old) const {
    const Step& now = step(report.step);
    const std::vector<const Part*> old_others = parts_but_variables(old);
    const std::vector<const Part*> now_others = parts_but_variables(now);
    const bool same_others =
        std::equal(now_others.begin(), now_others.end(), old_others.begin(), old_others.end(),
                   [](const Part* a, const Part* b) { return same_part(*a, *b); });
    if (!same_others) {
      report.cause.kind = now.kind == Step::Kind::kImage ? Cause::Kind::kImage : Cause::Kind::kInstruction;
      report.cause.before = now.kind == Step::Kind::kImage ? old.image : words_of(old);
      report.cause.after = now.kind == Step::Kind::kImage ? now.image : words_of(now);
      if (report.cause.before == report.cause.after) name_changed_part(report, old_others, now_others);
      if (report.cause.change == kRebuilt) report.cause.kind = Cause::Kind::kImage;
      return true;
    }
    return explain_variables(report, variables_of(old), variables_of(now));
  }

  static std::vector<const Part*> parts_but_variables(const Step& step) {
    std::vector<const Part*> parts;
    for (const Part& part : step.definition) {
      if (part.kind != Part::Kind::kVariable) parts.push_back(&part);
    }
    return parts;
  }

  struct Value {
    std::string_view name;
    std::string_view value;
    uint32_t line = 0;
  };

  static std::vector<Value> variables_of(const Step& step) {
    std::vector<Value> values;
    if (step.environment) {
      for (const plan::Variable* variable : step.environment->variables())
        values.push_back({variable->name, variable->value, variable->line});
    }
    for (const Part& part : step.definition) {
      if (part.kind == Part::Kind::kVariable) values.push_back({part.name, part.value, part.line});
    }
    return values;
  }

  // The words are the same: a WORKDIR, USER or SHELL above, the value of a variable or an option of the build
  // makes the difference.
  static void name_changed_part(StepReport& report, const std::vector<const Part*>& old,
                                const std::vector<const Part*>& now) {
    const auto first_missing = [](const std::vector<const Part*>& parts, const std::vector<const Part*>& from,
                                  const Part* like) -> const Part* {
      for (const Part* part : parts) {
        const bool wanted = like == nullptr || (part->kind == like->kind && part->name == like->name);
        if (wanted && std::ranges::none_of(from, [&](const Part* p) { return same_part(*p, *part); }))
          return part;
      }
      return nullptr;
    };
    const Part* is = first_missing(now, old, nullptr);
    const Part* was = first_missing(old, now, is);
    report.cause.before = was == nullptr ? "" : was->value;
    report.cause.after = is == nullptr ? "" : is->value;
    const Part* part = is != nullptr ? is : was;
    if (part == nullptr) return;
    report.cause.name = name_of_part(*part);
    if (part->kind != Part::Kind::kBuilt && part->kind != Part::Kind::kPossiblyBuilt) return;
    report.cause.change = kRebuilt;
    report.cause.before = report.cause.after = {};
  }

  // The image that it copies from or mounts.
  static bool explain_images(StepReport& report, const Step& old, const Step& now) {
    const auto is_image = [](const Read& read) { return read.origin == Read::Origin::kImage; };
    const auto was = std::ranges::find_if(old.reads, is_image);
    const auto is = std::ranges::find_if(now.reads, is_image);
    if (was == old.reads.end() || is == now.reads.end() || was->name == is->name) return false;
    report.cause.kind = Cause::Kind::kInstruction;
    report.cause.name = "--from";
    report.cause.before = was->name;
    report.cause.after = is->name;
    return true;
  }

  static bool explain_variables(StepReport& report, const std::vector<Value>& old,
                                const std::vector<Value>& now) {
    const auto is_same = [](const Value& a, const Value& b) {
      return a.name == b.name && a.value == b.value;
    };
    // Usually; and there may be thousands, for each of thousands of steps.
    if (std::ranges::equal(old, now, is_same)) return false;
    const auto blame = [&](std::string_view name, std::string_view was, std::string_view is, uint32_t line) {
      report.cause = {};
      report.cause.kind = Cause::Kind::kVariable;
      report.cause.name = name;
      report.cause.before = was;
      report.cause.after = is;
      report.cause.line = line;
      return true;
    };
    std::map<std::string_view, std::string_view> gone;
    for (const Value& value : old)
      gone.emplace(value.name, value.value);
    for (const Value& value : now) {
      const auto was = gone.find(value.name);
      if (was == gone.end()) return blame(value.name, "", value.value, value.line);
      if (was->second != value.value) return blame(value.name, was->second, value.value, value.line);
      gone.erase(was);
    }
    if (gone.empty()) return false;
    return blame(gone.begin()->first, gone.begin()->second, "", 0);
  }

  // A step's files in the order of their paths, each once.
  static std::vector<SelectedFile> files_of(const StepKeys& keys) {
    std::vector<SelectedFile> files;
    size_t count = 0;
    for (const ReadFiles& read : keys.reads)
      count += read.selection.files.size();
    files.reserve(count);
    for (const ReadFiles& read : keys.reads)
      files.insert(files.end(), read.selection.files.begin(), read.selection.files.end());
    const auto by_path = [](const SelectedFile& a, const SelectedFile& b) {
      return context::path_less(a.record->path, b.record->path);
    };
    const auto out_of_order = [&](const SelectedFile& a, const SelectedFile& b) { return !by_path(a, b); };
    if (std::adjacent_find(files.begin(), files.end(), out_of_order) == files.end()) return files;
    std::stable_sort(files.begin(), files.end(), by_path);
    const auto same = [](const SelectedFile& a, const SelectedFile& b) {
      return a.record->path == b.record->path;
    };
    files.erase(std::unique(files.begin(), files.end(), same), files.end());
    return files;
  }

  bool explain_files(StepReport& report, const StepKeys& old) const {
    if (old.files == keys(report.step).files) return false;
    const std::vector<SelectedFile> was = files_of(old);
    const std::vector<SelectedFile> is = files_of(keys(report.step));
    // What counts most is blamed first: what is new or changed, then folders, then what is gone.
    struct BlamedFile {
      const SelectedFile* file;
      std::string_view change;
      const Record* old_record;
    };
    std::vector<BlamedFile> folders, of_git;  // the latter are in git's own folders
    std::vector<const SelectedFile*> gone, assumed;
    std::vector<FileChange> changes;
    const auto blame = [&](const SelectedFile& file, std::string_view change, const Record* old_record) {
      const bool deleted = change == "deleted";
      changes.push_back({.path = file.record->path,
                         .change = std::string(change),
                         .pattern = file.selector == nullptr ? "." : file.selector->written,
                         .mode_before = old_record == nullptr ? 0 : old_record->mode,
                         .mode_after = deleted ? 0 : file.record->mode});
    };
    auto old_file = was.begin();
    for (const SelectedFile& file : is) {
      const std::string& path = file.record->path;
      const bool is_of_git = !git_folder_of(path).empty();
      const auto is_same = [&] { return old_file != was.end() && old_file->record->path == path; };
      for (; !is_same() && old_file != was.end() && context::path_less(old_file->record->path, path);
           ++old_file)
        gone.push_back(&*old_file);
      if (!is_same()) {
        if (is_of_git) {
          of_git.push_back({&file, "added", nullptr});
        } else {
          blame(file, "added", nullptr);
        }
        continue;
      }
      const Record& old_record = *old_file++->record;
      if (!are_same(old_record, *file.record)) {
        const std::string_view change = change_of(old_record, *file.record);
        if (change == kAssumed) {
          assumed.push_back(&file);
        } else if (is_of_git) {
          of_git.push_back({&file, change, &old_record});
        } else {
          blame(file, change, &old_record);
        }
      } else if (file.record->type == context::Type::kFolder &&
                 (old_record.mode != file.record->mode || old_record.attributes != file.record->attributes)) {
        folders.push_back(
            {&file, old_record.mode != file.record->mode ? "folder-mode" : "attributes", &old_record});
      }
    }
    for (; old_file != was.end(); ++old_file)
      gone.push_back(&*old_file);
    for (const auto& [file, change, old_record] : folders)
      blame(*file, change, old_record);
    for (const SelectedFile* file : gone) {
      if (git_folder_of(file->record->path).empty()) {
        blame(*file, "deleted", file->record);
      } else {
        of_git.push_back({file, "deleted", file->record});
      }
    }
    // Git's own files follow what was edited. Of those that a commit wrote one entry is enough.
    std::map<std::string_view, FileChange> committed;  // by folder
    for (const auto& [file, change, old_record] : of_git) {
      const std::string& path = file->record->path;
      if (change == "changed" && changes_with_commits(path) && !committed.contains(git_folder_of(path)))
        committed.emplace(git_folder_of(path), git_folder_change(*file, is));
    }
    std::erase_if(committed, [](const auto& entry) { return entry.second.files == 1; });
    for (const auto& [file, change, old_record] : of_git) {
      if (!committed.contains(git_folder_of(file->record->path))) blame(*file, change, old_record);
    }
    for (auto& [folder, change] : committed)
      changes.push_back(std::move(change));
    // What nobody knows counts only where nothing else is known to have changed.
    if (changes.empty()) {
      for (const SelectedFile* file : assumed)
        blame(*file, kAssumed, file->record);
    }
    if (changes.empty()) return false;
    Cause& cause = report.cause;
    cause.kind = Cause::Kind::kFile;
    cause.path = changes.front().path;
    cause.change = changes.front().change;
    cause.pattern = changes.front().pattern;
    cause.more = changes.size() - 1;
    cause.files = std::make_shared<const std::vector<FileChange>>(std::move(changes));
    return true;
  }

  // What stands for the files of the folder of git that `file` is in, of all that a step takes.
  static FileChange git_folder_change(const SelectedFile& file, const std::vector<SelectedFile>& taken) {
    const std::string_view folder = git_folder_of(file.record->path);
    FileChange change{.path = std::string(folder),
                      .change = "commit",
                      .pattern = file.selector == nullptr ? "." : file.selector->written};
    change.files = static_cast<size_t>(std::ranges::count_if(taken, [&](const SelectedFile& one) {
      return one.record->type != context::Type::kFolder && git_folder_of(one.record->path) == folder;
    }));
    return change;
  }

  static std::string_view change_of(const Record& was, const Record& is) {
    if (was.type != is.type) return "type";
    if (was.target != is.target) return "target";
    if (is.assumed && !was.assumed) return kAssumed;
    if (is.stale) return "same-time";
    if (was.content != is.content || was.size != is.size) return "changed";
    return was.mode != is.mode ? "mode" : "attributes";
  }

  bool explain_stages(const std::vector<StepReport>& reports, StepReport& report) const {
    for (const Read& read : step(report.step).reads) {
      if (read.origin != Read::Origin::kStage) continue;
      const plan::Stage& source = after_.graph->stages[read.stage];
      const bool everything = read.selectors.empty() || after_.graph->mounted_base(step(report.step));
      report.cause.path = everything ? "/" : read.selectors.front().path;
      report.cause.stage = source.label();
      // The last step that may have written what is taken; if no step tells, the last one at all.
      std::optional<size_t> rebuilt;
      for (std::optional<size_t> at = source.last_step; at; at = step(*at).below) {
        if (!is_rebuilt(reports, *at)) continue;
        if (!rebuilt) rebuilt = at;
        if (!may_write(step(*at), report.cause.path)) continue;
        rebuilt = at;
        break;
      }
      if (rebuilt) {
        report.cause.kind = Cause::Kind::kStage;
        report.cause.line = step(*rebuilt).instruction->start_line;
        if (reports[*rebuilt].verdict == Verdict::kDepends) report.cause.change = kMayRebuild;
        return true;
      }
      if (const Step* gone = removed_from(source.label())) {
        report.cause.kind = Cause::Kind::kStage;
        report.cause.before = words_of(*gone);
        return true;
      }
    }
    report.cause.path.clear();
    report.cause.stage.clear();
    return false;
  }

  // Whether a step may have written at or below a path or a pattern.
  static bool may_write(const Step& step, const std::string& path) {
    if (step.kind != Step::Kind::kRun) return step.destination.empty() || may_match(path, step.destination);
    const auto paths = writes_of(step).paths;
    return !paths || std::ranges::any_of(*paths, [&](const std::string& p) { return may_match(path, p); });
  }

  // A step that the stage of that name had before, and has no longer; the last one.
  const Step* removed_from(const std::string& stage) const {
    const plan::Stage* old = nullptr;
    for (const plan::Stage& candidate : before_.graph->stages) {
      if (candidate.label() == stage) old = &candidate;
    }
    if (old == nullptr) return nullptr;
    for (std::optional<size_t> at = old->last_step; at; at = before_.graph->steps[*at].below) {
      if (alignment_.is_gone(*at)) return &before_.graph->steps[*at];
    }
    return nullptr;
  }

  const State& before_;
  const State& after_;
  Alignment alignment_;
};

Causes::Causes(const State& before, const State& after)
    : finder_(std::make_unique<CauseFinder>(before, after)) {}
Causes::~Causes() = default;

void Causes::explain(const std::vector<StepReport>& reports, Judgement::Reason reason,
                     StepReport& report) const {
  finder_->explain(reports, reason, report);
}

}  // namespace dcache::cache
