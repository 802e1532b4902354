#include "dcache/report/explain.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/cache/missing.h"
#include "dcache/report/step_words.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using cache::Cause;
using cache::ChangedPath;
using cache::StepReport;
using cache::Verdict;

constexpr size_t kExplainInstructionWidth = 46;

Mark mark_of_verdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHit:
      return {"✓", Tone::kGood};
    case Verdict::kMiss:
      return {"✗", Tone::kBad};
    case Verdict::kDepends:
      return {"~", Tone::kWarn};
    case Verdict::kUnknown:
      return {"?", Tone::kInfo};
    case Verdict::kUnused:
      return {"-", Tone::kDim};
  }
  return {" ", Tone::kPlain};
}

std::string mode_text(uint32_t mode) {
  return fmt::format("{:04o}", mode);
}

bool is_mode(const cache::FileChange& file) {
  return file.change == "mode" || file.change == "folder-mode";
}

// Files and folders that all differ in the same permission bits: a checkout with another umask. Only some of
// them can be executed.
bool is_umask(const Cause& cause) {
  constexpr uint32_t kReadAndWrite = 0666;
  const auto bits = [](const cache::FileChange& file) {
    return (file.mode_before ^ file.mode_after) & kReadAndWrite;
  };
  return cause.files != nullptr && cause.files->size() > 1 &&
         std::ranges::all_of(*cause.files, [&](const cache::FileChange& file) {
           return is_mode(file) && bits(file) != 0 && bits(file) == bits(cause.files->front());
         });
}

// ".git/ (44 files) changes with every commit"
std::string git_folder_words(const cache::FileChange& folder) {
  return fmt::format("{}/ ({}) changes with every commit", printable(folder.path),
                     text::counted(folder.files, "file"));
}

// The further files of a cause: "3 more files", "3 more files and folders".
std::string counted_files(const Cause& cause) {
  const bool has_folder = std::ranges::any_of(
      *cause.files, [](const cache::FileChange& file) { return file.change == "folder-mode"; });
  return has_folder && cause.more > 1 ? fmt::format("{} more files and folders", cause.more)
                                      : text::counted(cause.more, "more file");
}

std::string mode_words(const Cause& cause) {
  const std::string path = (cause.change == "folder-mode" ? "the folder " : "") + printable(cause.path);
  if (cause.files == nullptr || cause.files->empty()) return "the permissions of " + path + " changed";
  const cache::FileChange& file = cause.files->front();
  return fmt::format("the permissions of {} changed from {} to {}", path, mode_text(file.mode_before),
                     mode_text(file.mode_after));
}

std::string change_words(const Cause& cause) {
  const std::string path = printable(cause.path);
  if (cause.change == "commit" && cause.files != nullptr) return git_folder_words(cause.files->front());
  if (cause.change == "added") return path + " is new";
  if (cause.change == "deleted") return path + " was deleted";
  if (cause.change == "ignored")
    return fmt::format("{} is ignored now by '{}' ({})", path, printable(cause.after), printable(cause.name));
  if (cause.change == "unignored")
    return fmt::format("{} is no longer ignored by '{}' ({})", path, printable(cause.before),
                       printable(cause.name));
  if (cause.change == "mode" || cause.change == "folder-mode") return mode_words(cause);
  if (cause.change == "attributes") return "the extended attributes of " + path + " changed";
  if (cause.change == "assumed") return path + " is assumed unchanged: git does not track it";
  if (cause.change == "same-time") return path + " changed, but its size and time did not";
  if (cause.change == "type") return path + " became another type of file";
  if (cause.change == "target") return "the link " + path + " has another target";
  return path + " changed";
}

// "from a to b", so that the difference is seen.
std::string difference_words(std::string_view before, std::string_view after, size_t width) {
  const std::string was = shortened(before, width), is = shortened(after, width);
  if (was != is) return fmt::format("from {} to {}", was, is);
  const std::string all_before = printable(before), all_after = printable(after);
  if (all_before == all_after) return "in characters that are not shown, such as line ends";
  constexpr size_t kShown = 5;
  auto start = static_cast<size_t>(std::ranges::mismatch(all_before, all_after).in1 - all_before.begin());
  start -= std::min(start, kShown);
  while (start > 0 && (static_cast<unsigned char>(all_before[start]) & 0xC0U) == 0x80U)
    --start;
  return fmt::format("from …{} to …{}", shortened(std::string_view(all_before).substr(start), width),
                     shortened(std::string_view(all_after).substr(start), width));
}

std::string value_words(const Cause& cause) {
  if (cause.before.empty()) return fmt::format("{} is new: {}", cause.name, shortened(cause.after, 30));
  if (cause.after.empty()) return fmt::format("{} is no longer set", cause.name);
  return fmt::format("{} changed {}", cause.name, difference_words(cause.before, cause.after, 20));
}

// A part of the step that its words do not show: "the user changed from 1 to root".
std::string part_words(const Cause& cause) {
  if (cause.name == "step before it")
    return fmt::format("the step before it was removed: {}", shortened(cause.before, 40));
  const std::string name = (cause.name.starts_with("--") ? "" : "the ") + cause.name;
  if (cause.before.empty()) return fmt::format("{} is now {}", name, shortened(cause.after, 40));
  if (cause.after.empty())
    return fmt::format("{} was {}, and is no longer set", name, shortened(cause.before, 40));
  return fmt::format("{} changed {}", name, difference_words(cause.before, cause.after, 40));
}

// What else changed: ", and 2 more files; .git/ (44 files) changes with every commit".
std::string further_words(const Cause& cause) {
  if (cause.more == 0) return "";
  std::string folders;
  size_t files = cause.more;
  for (size_t i = 1; cause.files != nullptr && i < cause.files->size(); ++i) {
    if ((*cause.files)[i].change != "commit") continue;
    folders += "; " + git_folder_words((*cause.files)[i]);
    --files;
  }
  return (files == 0 ? "" : fmt::format(", and {}", text::counted(files, "more file"))) + folders;
}

// Who has an image, or the remote file or repository of ADD.
std::string_view holder_of(std::string_view name) {
  const bool is_remote = name.find("://") != std::string_view::npos || name.starts_with("git@");
  return is_remote ? "server" : "registry";
}

// Why a step rebuilds that does not only follow another one.
std::string own_words(const Cause& cause) {
  switch (cause.kind) {
    case Cause::Kind::kFile: {
      std::string words = fmt::format("{} (selected by {})", change_words(cause), printable(cause.pattern));
      if (is_umask(cause))
        return fmt::format("{}, and of {} in the same way: a different umask does that", words,
                           counted_files(cause));
      return words + further_words(cause);
    }
    case Cause::Kind::kInstruction:
      if (!cause.name.empty()) return part_words(cause);
      if (cause.before == cause.after) return "its position among the other steps changed";
      return fmt::format("was: {}", shortened(cause.before, 60));
    case Cause::Kind::kVariable:
      return value_words(cause) + (cause.line == 0 ? "" : fmt::format(" (line {})", cause.line));
    case Cause::Kind::kNew:
      return cause.change == "unneeded" ? "the earlier build had a target that does not need it"
                                        : "the instruction is new";
    case Cause::Kind::kImage:
      if (cause.change == "rebuilt") return fmt::format("the image {} is rebuilt", printable(cause.name));
      if (!cause.name.empty()) return part_words(cause);
      return fmt::format("the image changed from {} to {}", printable(cause.before), printable(cause.after));
    case Cause::Kind::kStage:
      if (!cause.before.empty())
        return fmt::format("stage {} no longer has {}", cause.stage, shortened(cause.before, 40));
      return fmt::format("line {} of stage {} {}", cause.line, cause.stage,
                         cause.change == cache::kMayRebuild ? "may rebuild" : "rebuilds");
    case Cause::Kind::kMissing:
      return fmt::format("{} does not exist: the build fails here", printable(cause.path));
    case Cause::Kind::kNetwork:
      return fmt::format("only the {} knows whether it changed", holder_of(cause.name));
    case Cause::Kind::kAlways:
      return "BuildKit runs this in every build";
    case Cause::Kind::kNoCache:
      return "the build does not use the cache here";
    case Cause::Kind::kNotExported:
      return cause.change == "unknown" ? "not in an imported cache"
                                       : "not exported: the imported cache has only the layers of the image";
    case Cause::Kind::kImports:
      return "several imports have this step, and BuildKit does not find it in every build";
    case Cause::Kind::kTarget:
    case Cause::Kind::kNone:
      return "";
  }
  return "";
}

}  // namespace

std::string_view sign_of(Verdict verdict) {
  return mark_of_verdict(verdict).sign;
}

std::string cause_words(const cache::Build& build, const StepReport& step) {
  return cause_words(step, step.follows ? build.graph().steps[*step.follows].instruction->start_line : 0);
}

std::string cause_words(const StepReport& step, uint32_t follows_line) {
  if (step.verdict == Verdict::kHit && step.runs_after_all)
    return "the log says CACHED, but it runs: another step needs its result, which is not exported";
  if (step.verdict == Verdict::kHit && step.is_not_reliable)
    return "several imports have this step, and BuildKit does not find it in every build";
  if (step.verdict == Verdict::kHit || step.verdict == Verdict::kUnused) return "";
  std::string words = own_words(step.cause);
  if (step.follows) {
    words = fmt::format("follows line {}", follows_line);
    if (step.cause.kind == Cause::Kind::kFile) words += fmt::format(": {}", change_words(step.cause));
    if (step.cause.kind == Cause::Kind::kMissing) words += ", which fails";
  }
  if (step.verdict != Verdict::kDepends || step.cause.kind == Cause::Kind::kImports) return words;
  if (step.cause.change == "unknown" && step.cause.kind != Cause::Kind::kNotExported && !step.follows)
    return printable(step.cause.after);
  if (step.cause.kind == Cause::Kind::kFile && !step.follows && step.cause.change == "same-time")
    return fmt::format(
        "{} changed, but its size and modification time did not: a builder with a copy of the context "
        "keeps the old file; run touch on it to be sure",
        printable(step.cause.path));
  if (step.cause.kind == Cause::Kind::kFile && !step.follows && step.cause.change == "build")
    return fmt::format("depends on what changes in {}", printable(step.cause.path));
  if (step.cause.kind == Cause::Kind::kFile && !step.follows && step.cause.change == "assumed")
    return fmt::format("reused only if {} did not change; git does not track it", printable(step.cause.path));
  if (step.cause.kind == Cause::Kind::kFile && !step.follows)
    return words + "; reused if the builder already has a copy of the context";
  if (step.cause.kind == Cause::Kind::kStage && !step.follows) {
    return fmt::format("{}; reused if {} does not change", words, printable(step.cause.path));
  }
  if (!step.follows && step.cause.kind == Cause::Kind::kInstruction)
    return words + "; reused if the file is the same";
  if (!step.follows && step.cause.kind == Cause::Kind::kImage) {
    if (step.cause.change == "rebuilt")
      words = fmt::format("the image {} may be rebuilt", printable(step.cause.name));
    return words + "; reused if it does not change";
  }
  if (!step.follows && step.cause.kind == Cause::Kind::kNew) return words + "; reused if the builder has it";
  if (!step.follows && step.cause.kind == Cause::Kind::kNotExported)
    return words + "; runs only if a step that reads its files rebuilds";
  return words + "; reused if that step is reused";
}

namespace {

// The steps that the builder runs in every build, while it reuses what follows.
bool is_run_always(const cache::Build& build, const StepReport& step) {
  return step.cause.kind == Cause::Kind::kAlways && !step.follows &&
         build.graph().steps[step.step].runs_always;
}

}  // namespace

std::string headline(const cache::Build& build, const cache::Report& report, const std::string& occasion) {
  for (const StepReport& step : report.steps) {
    if (step.cause.kind != Cause::Kind::kMissing) continue;
    const std::string missing = printable(cache::missing_file(build, step.cause).words);
    // What was missing before is not an effect of a change.
    return step.cause.change == "deleted" ? fmt::format("The build fails {}: {}", occasion, missing)
                                          : fmt::format("The build fails: {}", missing);
  }
  const auto count = [&](Verdict verdict) { return report.count(build.graph(), verdict); };
  // What runs in every build is not news.
  const auto runs_always = [&](const StepReport& step) { return is_run_always(build, step); };
  const auto always = std::ranges::find_if(report.steps, runs_always);
  const auto all_always = static_cast<size_t>(std::ranges::count_if(report.steps, runs_always));
  const auto after_all =
      static_cast<size_t>(std::ranges::count(report.steps, true, &StepReport::runs_after_all));
  const size_t misses = count(Verdict::kMiss) - all_always + after_all;
  const size_t depends = count(Verdict::kDepends);
  const size_t unknown = count(Verdict::kUnknown);
  const size_t total = count(Verdict::kMiss) + depends + count(Verdict::kHit) + unknown;
  const std::string every_time =
      always == report.steps.end()
          ? ""
          : fmt::format("; the WORKDIR in line {} runs in every build", always->cause.line);
  if (misses + depends + unknown == 0 && every_time.empty()) {
    const bool base_changes = std::ranges::any_of(report.steps, [](const StepReport& step) {
      return step.verdict == Verdict::kMiss || step.verdict == Verdict::kDepends;
    });
    if (base_changes) return fmt::format("The base image changes {}", occasion);
    if (total == 0) return fmt::format("Nothing rebuilds {}: it has no steps", occasion);
    return total == 1 ? fmt::format("Nothing rebuilds {}: the only step is reused", occasion)
                      : fmt::format("Nothing rebuilds {}: all {} are reused", occasion,
                                    text::counted(total, "step"));
  }
  if (misses + depends + unknown == 0) return fmt::format("Nothing else rebuilds {}{}", occasion, every_time);
  if (misses + depends == 0)
    return fmt::format("No known rebuilds {}: for {} of {}, only the registry or a server knows{}", occasion,
                       unknown, text::counted(total, "step"), every_time);
  if (misses == 0)
    return fmt::format("{} of {} may rebuild {}{}", depends, text::counted(total, "step"), occasion,
                       every_time);
  std::string line = fmt::format("{} of {} {} {}", misses, text::counted(total, "step"),
                                 misses == 1 ? "rebuilds" : "rebuild", occasion);
  if (depends > 0)
    line += fmt::format("; {} more {} on {}", depends, depends == 1 ? "depends" : "depend",
                        misses == 1 ? "its result" : "their results");
  return line + every_time;
}

namespace {

void append_step(const cache::Build& build, const StepReport& step, const Style& style, std::string& out) {
  const plan::Step& planned = build.graph().steps[step.step];
  const Mark mark = mark_of_verdict(step.verdict);
  const std::string text = step_words(planned, kExplainInstructionWidth);
  const std::string cause = cause_words(build, step);
  out += fmt::format("  {} {:>5}  ", style.paint(mark.tone, mark.sign), planned.instruction->start_line);
  out += cause.empty()
             ? text
             : fmt::format("{:<{}}  {}", text, kExplainInstructionWidth + 1, style.paint(mark.tone, cause));
  out += '\n';
}

// The files that made a step rebuild, one in a line.
void append_files(const Cause& cause, std::string& out) {
  if (cause.files == nullptr) return;
  for (const cache::FileChange& file : *cause.files) {
    const std::string_view change = file.change == "mode"          ? "permissions"
                                    : file.change == "folder-mode" ? "folder permissions"
                                                                   : std::string_view(file.change);
    if (file.change == "commit") {
      out += fmt::format("           {}\n", git_folder_words(file));
      continue;
    }
    out += fmt::format("           {} {}", change, printable(file.path));
    if (is_mode(file))
      out += fmt::format(" ({} to {})", mode_text(file.mode_before), mode_text(file.mode_after));
    if (!file.ignore_place.empty())
      out += fmt::format(" ('{}', {})", printable(file.ignore_pattern), printable(file.ignore_place));
    out += '\n';
  }
}

void append_stage(const cache::Build& build, const cache::Report& report, const plan::Stage& stage,
                  const ExplainOptions& options, const Style& style, std::string& out) {
  std::string steps;
  for (const size_t index : stage.steps) {
    if (stage.needed && (!options.only || report.steps[index].verdict == *options.only)) {
      append_step(build, report.steps[index], style, steps);
      if (options.files && !report.steps[index].follows) append_files(report.steps[index].cause, steps);
    }
  }
  if (!stage.needed && (!options.only || *options.only == Verdict::kUnused)) {
    steps = style.paint(Tone::kDim, fmt::format("  -       not needed for this target ({})\n",
                                                text::counted(stage.steps.size(), "step")));
  }
  if (steps.empty() && options.only) return;
  const std::string base = stage.from->arguments.empty() ? "" : printable(stage.from->arguments[0].text);
  out += fmt::format("\n{} {}\n",
                     style.paint(Tone::kBold, stage.name.empty() ? "stage " + stage.label() : stage.name),
                     style.paint(Tone::kDim, "from " + base));
  out += steps;
}

bool is_unknown(const Explanation& explanation, const ChangedPath& path) {
  return std::ranges::find(explanation.unknown, path.given) != explanation.unknown.end();
}

std::string path_words(const Explanation& explanation, const ChangedPath& path, bool all_reused) {
  const cache::Build& build = explanation.build;
  const std::string_view effect =
      all_reused && !is_unknown(explanation, path) ? ": changing it rebuilds nothing" : "";
  const std::string given = printable(path.given);
  const bool is_pattern = !path.exists && path.fate == ChangedPath::Fate::kOutside;
  if (is_pattern) return "";
  if (!path.exists && path.fate != ChangedPath::Fate::kIgnored && path.fate != ChangedPath::Fate::kDefinition)
    return fmt::format("{} does not exist in the build context, so it counts as deleted{}", given, effect);
  switch (path.fate) {
    case ChangedPath::Fate::kIgnored:
      return fmt::format("{} is ignored by the pattern '{}' ({}:{}){}", given, printable(path.pattern),
                         printable(path.ignore_file), path.pattern_line, effect);
    case ChangedPath::Fate::kNotRead:
      return fmt::format("{} is not read by any step of this target{}", given, effect);
    case ChangedPath::Fate::kOutside:
      if (build.options().context == cache::kNoContext)
        return fmt::format("{} is not read: the build has no context", given);
      return fmt::format("{} is not in the build context {}", given, build.options().context);
    case ChangedPath::Fate::kDockerfile:
    case ChangedPath::Fate::kIgnoreFile:
    case ChangedPath::Fate::kDefinition:
      return fmt::format("{} defines the build: use --git or --since to see what its changes rebuild", given);
    case ChangedPath::Fate::kRead:
      return "";
  }
  return "";
}

std::string_view fate_name(ChangedPath::Fate fate) {
  switch (fate) {
    case ChangedPath::Fate::kRead:
      return "read";
    case ChangedPath::Fate::kNotRead:
      return "not-read";
    case ChangedPath::Fate::kIgnored:
      return "ignored";
    case ChangedPath::Fate::kOutside:
      return "outside";
    case ChangedPath::Fate::kDockerfile:
      return "dockerfile";
    case ChangedPath::Fate::kIgnoreFile:
      return "ignore-file";
    case ChangedPath::Fate::kDefinition:
      return "definition";
  }
  return "";
}

void write_paths(const Explanation& explanation, text::JsonWriter& json) {
  json.key("paths").begin_array();
  for (const ChangedPath& path : explanation.paths) {
    json.begin_object()
        .member("given", path.given)
        .member("path", path.path)
        .member("fate", fate_name(path.fate));
    if (!path.exists || is_unknown(explanation, path)) json.member("exists", false);
    if (is_unknown(explanation, path)) json.member("unknown", true);
    if (path.fate == ChangedPath::Fate::kIgnored) {
      json.member("pattern", path.pattern).member("pattern_line", path.pattern_line);
    }
    json.end_object();
  }
  json.end_array();
}

// All members of one image's object but its version.
void write_members(const Explanation& explanation, text::JsonWriter& json) {
  const cache::Build& build = explanation.build;
  const cache::Report& report = explanation.report;
  const plan::Graph& graph = build.graph();
  if (explanation.image != nullptr) json.member("name", explanation.image->target.name);
  json.member("dockerfile", build.options().dockerfile);
  json.member("context", build.options().context);
  if (explanation.image != nullptr) json.member("context_from", project::context_words(*explanation.image));
  json.member("ignore_file", build.ignore().path);
  json.member("target", graph.stages[*graph.target].label());
  if (!explanation.platform.empty()) json.member("platform", explanation.platform);
  if (!explanation.reason.empty()) json.member("reason", explanation.reason);
  json.key("steps").begin_array();
  for (const StepReport& step : report.steps) {
    const plan::Step& planned = graph.steps[step.step];
    json.begin_object()
        .member("stage", graph.stages[planned.stage].label())
        .member("line", planned.instruction->start_line)
        .member("instruction", planned.one_line())
        .member("verdict", cache::name_of(step.verdict));
    if (step.verdict != Verdict::kHit) {
      json.key("cause");
      write_cause(step.cause, json);
    }
    write_trigger(planned.trigger, json);
    if (step.follows) json.member("follows", graph.steps[*step.follows].instruction->start_line);
    if (step.runs_after_all) json.member("runs_after_all", true);
    if (step.is_not_reliable) json.member("not_reliable", true);
    json.end_object();
  }
  json.end_array();
  if (explanation.rebuild_time) {
    json.key("rebuild_time");
    write_rebuild_time(*explanation.rebuild_time, json);
  }
  if (!explanation.paths.empty()) write_paths(explanation, json);
}

}  // namespace

namespace {

// What the answer rests on: "context . (compose.yaml:4), ignore file .dockerignore".
std::string basis_words(const Explanation& explanation) {
  const cache::BuildOptions& options = explanation.build.options();
  std::string words = options.context == cache::kNoContext
                          ? std::string("no context")
                          : fmt::format("context {}", printable(options.context));
  if (explanation.image != nullptr)
    words += fmt::format(" ({})", printable(project::context_words(*explanation.image)));
  if (!explanation.platform.empty()) words += fmt::format(", platform {}", printable(explanation.platform));
  if (options.plan.builder != plan::Builder::kBuildkit)
    words += fmt::format(", builder {}", plan::name_of(options.plan.builder));
  const std::string& ignore = explanation.build.ignore().path;
  return words + (ignore.empty() ? ", no ignore file" : ", ignore file " + printable(ignore));
}

}  // namespace

Explanation explanation_of(const project::ImageEffect& effect) {
  const project::ImageSteps& steps = *effect.all_steps;
  return {steps.build,       steps.report,  steps.paths,   effect.image,   steps.left_out,
          steps.differences, effect.effect, effect.reason, effect.platform};
}

namespace {

bool is_all_reused(const cache::Report& report) {
  return std::ranges::none_of(report.steps, [](const StepReport& step) {
    return step.verdict == Verdict::kMiss || step.verdict == Verdict::kDepends;
  });
}

// The first line, and what else is to be known before the steps.
void append_heading(const Explanation& explanation, const ExplainOptions& options, bool all_reused,
                    const Style& style, std::string& out) {
  const std::string occasion = printable(options.occasion);
  const bool is_open = explanation.effect == project::Effect::kUnknown &&
                       explanation.report.count(explanation.build.graph(), Verdict::kMiss) == 0;
  const bool is_told = (all_reused || is_open) && !explanation.reason.empty();
  const bool is_about_nothing = all_reused && !explanation.paths.empty() &&
                                std::ranges::all_of(explanation.paths, [&](const ChangedPath& path) {
                                  return is_unknown(explanation, path);
                                });
  std::string first = is_open || is_about_nothing ? "Can't tell what rebuilds " + occasion
                                                  : headline(explanation.build, explanation.report, occasion);
  if (explanation.rebuild_time) first += ", " + rebuild_words(*explanation.rebuild_time);
  if (options.several) {
    const std::string& name = explanation.image == nullptr ? explanation.build.options().dockerfile
                                                           : explanation.image->target.name;
    first = fmt::format("{}: {}", printable(name), first);
  }
  const bool is_short = options.several && all_reused && !is_told && !options.only;
  out += style.paint(Tone::kBold, first) + (is_short ? "; " : "\n");
  out += style.paint(Tone::kDim, basis_words(explanation)) + "\n";
  for (const text::Failure& failure : explanation.left_out)
    out += fmt::format("All steps are new: {}\n", printable(text::words_of(failure)));
  for (const std::string& difference : explanation.differences)
    out += fmt::format("Note: {}\n", printable(difference));
  if (is_told) out += fmt::format("Note: {}\n", printable(explanation.reason));
  for (const ChangedPath& path : explanation.paths) {
    if (options.several && path.exists && path.fate != ChangedPath::Fate::kIgnored) continue;
    if (path.fate == ChangedPath::Fate::kDefinition && is_open) continue;
    const std::string words = path_words(explanation, path, all_reused);
    if (!words.empty()) out += words + "\n";
  }
}

}  // namespace

void append_explanation(const Explanation& explanation, const ExplainOptions& options, const Style& style,
                        std::string& out) {
  const bool all_reused = is_all_reused(explanation.report);
  append_heading(explanation, options, all_reused, style, out);
  if (options.several && all_reused && !options.only) return;
  for (const plan::Stage& stage : explanation.build.graph().stages)
    append_stage(explanation.build, explanation.report, stage, options, style, out);
  if (options.several) out += '\n';
}

bool append_why(const cache::Build& build, const cache::Report& report, uint32_t line, const Style& style,
                std::string& out) {
  const auto find = [&](uint32_t wanted) {
    return std::find_if(report.steps.begin(), report.steps.end(), [&](const StepReport& step) {
      return build.graph().steps[step.step].instruction->start_line == wanted;
    });
  };
  auto step = find(line);
  if (step == report.steps.end()) return false;
  // A cause is above what it causes, so this ends.
  for (size_t left = report.steps.size(); left > 0 && step != report.steps.end(); --left) {
    append_step(build, *step, style, out);
    if (step->follows) {
      step = report.steps.begin() + static_cast<std::ptrdiff_t>(*step->follows);
    } else if (step->cause.kind == Cause::Kind::kStage) {
      step = find(step->cause.line);
    } else {
      break;
    }
  }
  return true;
}

namespace {

void write_files(const std::vector<cache::FileChange>& files, text::JsonWriter& json) {
  json.key("files").begin_array();
  for (const cache::FileChange& file : files) {
    json.begin_object()
        .member("path", file.path)
        .member("change", file.change)
        .member("pattern", file.pattern);
    if (file.mode_before != file.mode_after) {
      if (file.mode_before != 0) json.member("mode_before", mode_text(file.mode_before));
      if (file.mode_after != 0) json.member("mode_after", mode_text(file.mode_after));
    }
    if (file.files > 0) json.member("files", file.files);
    if (!file.ignore_pattern.empty())
      json.member("ignore_pattern", file.ignore_pattern).member("ignore_place", file.ignore_place);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_cause(const Cause& cause, text::JsonWriter& json) {
  json.begin_object().member("kind", cache::name_of(cause.kind));
  const auto member = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) json.member(name, value);
  };
  member("path", cause.path);
  member("change", cause.change);
  member("pattern", cause.pattern);
  member("name", cause.name);
  member("stage", cause.stage);
  member("before", cause.before);
  member("after", cause.after);
  json.member("line", cause.line);
  if (cause.more > 0) json.member("more", cause.more);
  if (cause.files != nullptr) write_files(*cause.files, json);
  json.end_object();
}

void append_explanation_json(const Explanation& explanation, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1);
  write_members(explanation, json);
  json.end_object();
  out += '\n';
}

void append_unknown_image(const project::ImageEffect& effect, const std::string& occasion, const Style& style,
                          std::string& out) {
  const bool is_same = effect.effect == project::Effect::kUnaffected;
  out += style.paint(Tone::kBold, fmt::format("{}: {} {}", printable(effect.image->target.name),
                                              is_same ? "Nothing in it changes" : "Can't tell what rebuilds",
                                              printable(occasion)));
  out += fmt::format("; {}\n", printable(effect.reason));
}

void append_explanations_json(const std::vector<Explanation>& explanations,
                              const std::vector<const project::ImageEffect*>& without_steps,
                              std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("images").begin_array();
  for (const Explanation& explanation : explanations) {
    json.begin_object();
    write_members(explanation, json);
    json.end_object();
  }
  for (const project::ImageEffect* effect : without_steps) {
    json.begin_object()
        .member("name", effect->image->target.name)
        .member("effect", project::name_of(project::Effect::kUnknown))
        .member("reason", effect->reason)
        .key("steps")
        .begin_array()
        .end_array()
        .end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
