#include "dcache/report/log.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/observe/name.h"
#include "dcache/report/explain.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using cache::Verdict;
using observe::Notice;
using observe::Vertex;

constexpr size_t kLogInstructionWidth = 46;
constexpr double kShort = 0.05;  // seconds: not worth a word

std::string seconds_words(double seconds) {
  return fmt::format("{:.1f} s", seconds);
}

// "line 4", or the instruction where the line is not known.
std::string step_place_words(const LogStep& step) {
  const std::string place =
      step.line != 0 ? fmt::format("line {}", step.line) : shortened_step(step.instruction, 30);
  return step.platform.empty() ? place : fmt::format("{} ({})", place, printable(step.platform));
}

// What the shares below are of, if that is not the time that the build took.
std::string work_words(const LogBuild& build) {
  if (seconds_words(build.work) == seconds_words(build.seconds)) return "";
  return fmt::format(" ({} of work{})", seconds_words(build.work),
                     build.work > build.seconds ? ", some of it at the same time" : "");
}

// How long the steps took that ran because of each step that started it, the most first.
struct Share {
  size_t root = 0;
  double seconds = 0;
};
std::vector<Share> shares_of(const LogBuild& build) {
  std::map<size_t, double> by_root;
  for (size_t i = 0; i < build.steps.size(); ++i) {
    if (build.steps[i].ran() && !build.steps[i].is_image() && !build.steps[i].is_merged)
      by_root[build.root_of(i)] += build.steps[i].vertex->seconds;
  }
  std::vector<Share> shares;
  shares.reserve(by_root.size());
  for (const auto& [root, seconds] : by_root)
    shares.push_back({root, seconds});
  std::ranges::stable_sort(shares, std::ranges::greater(), &Share::seconds);
  return shares;
}

// The cause of a step that ran, without what might have been: it is known by now.
std::string known_cause(const LogBuild& build, const LogStep& step) {
  const bool is_empty = build.assumed_import == "none" && !step.predicted->follows &&
                        step.predicted->cause.kind == cache::Cause::Kind::kNotExported;
  if (is_empty) return "the builder was new, so its cache was empty";
  cache::StepReport known = *step.predicted;
  if (known.verdict == Verdict::kDepends) known.verdict = Verdict::kMiss;
  return cause_words(*build.model.build, known);
}

std::string comparison_words(const LogStep& step) {
  const Vertex& before = *step.before;
  const std::string was = before.cached ? "reused" : seconds_words(before.seconds);
  if (step.vertex->cached) return before.cached ? "" : fmt::format("was {}", was);
  if (before.cached) return "was reused";
  return std::abs(step.vertex->seconds - before.seconds) < kShort ? "" : fmt::format("was {}", was);
}

// The same of the step that others follow: what it did before tells more than how long that took.
std::string_view words_before(const LogStep& step) {
  if (step.before == nullptr) return "is not in the log before";
  if (!step.before->error.empty()) return "failed before";
  return step.before->cached ? "was reused before" : "ran before too";
}

// An error as people need it: of a command, which is shown anyway, its exit code.
std::string failure_words(std::string_view error) {
  constexpr std::string_view kCommand = "did not complete successfully: ";
  const size_t at = error.rfind(kCommand);
  return shortened(at == std::string_view::npos ? error : error.substr(at + kCommand.size()), 160);
}

// How a step ended that was not done; empty for any other.
std::string end_words(const LogBuild& build, const LogStep& step) {
  std::string words;
  if (!step.vertex->error.empty()) {
    words = "failed: " + failure_words(step.vertex->error);
  } else if (step.vertex->canceled) {
    words = build.has_failure ? "canceled, since another step failed" : "canceled";
  } else if (!step.vertex->ended) {
    words = "did not end in this log";
  }
  if (words.empty() || step.before == nullptr) return words;
  const std::string was = comparison_words(step);
  return was.empty() ? words : words + "; " + was;
}

std::string_view words_of(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kCacheImport:
      return "a cache could not be imported";
    case Notice::Kind::kCacheImported:
      return "a cache was imported";
    case Notice::Kind::kCacheExport:
      return "a cache could not be exported";
    case Notice::Kind::kNewBuilder:
      return "the builder was new, so its cache was empty";
    case Notice::Kind::kNoCache:
      return "the build was told not to use the cache";
    case Notice::Kind::kPull:
      return "the build was told to look for newer base images";
    case Notice::Kind::kFailed:
      return "the build failed";
    case Notice::Kind::kChecked:
      return "the Dockerfile was only checked, and not built";
  }
  return "";
}

Mark mark_of_step(const LogStep& step) {
  if (!step.vertex->error.empty()) return {"!", Tone::kBad};
  if (step.vertex->canceled || !step.vertex->ended) return {"-", Tone::kDim};
  if (step.vertex->cached || step.is_merge) return {"✓", Tone::kGood};
  // A base image that was there already took no time.
  if (step.is_image() && step.vertex->seconds < kShort) return {"✓", Tone::kGood};
  return {"✗", Tone::kBad};
}

// Why a step ran by the model, or by the steps before it; empty where neither tells.
std::string cause_of(const LogBuild& build, const LogStep& step, const LogOptions& options) {
  if (step.disagrees && step.ran())
    return fmt::format("nothing that it depends on changed {}", options.occasion);
  const bool is_predicted = step.predicted != nullptr && step.predicted->verdict != Verdict::kHit &&
                            step.predicted->verdict != Verdict::kUnused;
  if (step.disagrees) return "though " + known_cause(build, step);
  if (!step.ran() || step.is_image()) return "";
  if (step.is_merge)
    return fmt::format("reused, and put on the layers after {}",
                       step_place_words(build.steps[*step.follows]));
  if (is_predicted && (!step.predicted->follows || step.follows) && !step.is_after_reused)
    return known_cause(build, step);
  if (step.follows) return "follows " + step_place_words(build.steps[*step.follows]);
  return is_predicted ? "by the model it follows a step that was reused" : "";
}

class LogText {
 public:
  LogText(const LogView& view, const LogOptions& options, const Style& style, std::string& out)
      : view_(view), options_(options), style_(style), out_(out) {}

  void append() {
    for (size_t i = 0; i < view_.builds.size(); ++i) {
      if (i > 0) out_ += '\n';
      append_build(view_.builds[i]);
    }
    if (view_.is_cut) out_ += "\nThe log is not complete: lines, or the end of some steps, are missing.\n";
  }

 private:
  void append_build(const LogBuild& build) {
    if (view_.log->excerpt) return append_excerpt(build, *view_.log->excerpt);
    append_heading(build);
    append_shares(build);
    append_steps(build);
    append_totals(build);
    append_doubts(build);
    if (out_.ends_with("\n\n")) out_.pop_back();  // nothing follows the steps
  }

  // What somebody pasted of a build that failed.
  void append_excerpt(const LogBuild& build, const observe::Excerpt& excerpt) {
    const std::string name = build.name.empty() ? "" : printable(build.name) + ": ";
    const LogStep* const step = build.steps.empty() ? nullptr : &build.steps.front();
    const uint32_t line = step == nullptr ? excerpt.line : step->line;
    std::string place = line == 0 ? "" : fmt::format("line {}", line);
    if (place.empty() && step != nullptr) place = shortened_step(step->instruction, 60);
    std::string error = excerpt.error.empty() ? "the log does not say why" : failure_words(excerpt.error);
    out_ += style_.paint(Tone::kBad, fmt::format("{}the build failed at {}: {}", name, place, error));
    if (name.empty()) out_[out_.find("the build")] = 'T';
    out_ += "\n" + style_.paint(Tone::kDim, excerpt_basis(build, excerpt, line)) + "\n";
    if (step == nullptr && !excerpt.instruction.empty())
      out_ += fmt::format("\n  {} {:>5}  {}\n", style_.paint(Tone::kBad, "!"), line,
                          shortened_step(excerpt.instruction, kLogInstructionWidth));
    append_steps(build);
    for (const std::string& text : excerpt.output)
      out_ += fmt::format("           {}\n", printable(text));
    append_doubts(build);
  }

  static std::string excerpt_basis(const LogBuild& build, const observe::Excerpt& excerpt, uint32_t line) {
    std::string basis = "the log has only the end of the build";
    if (build.has_dockerfile()) {
      basis = fmt::format("Dockerfile {}; {}", printable(build.model.dockerfile), basis);
      if (excerpt.line != 0 && excerpt.line != line)
        basis +=
            fmt::format(", which shows this step in line {}: the Dockerfile was another one", excerpt.line);
    } else if (excerpt.line != 0) {
      basis += fmt::format(", and the line is that of {} there", printable(excerpt.dockerfile));
    } else {
      basis += "; no Dockerfile at hand, so the line is not known";
    }
    return basis;
  }

  void append_heading(const LogBuild& build) {
    size_t ran = 0;
    size_t total = 0;
    for (const LogStep& step : build.steps) {
      if (step.is_image()) continue;
      ++total;
      ran += step.ran() && !step.is_merge && step.vertex->ended ? 1 : 0;
    }
    const bool estimated = view_.timelines[build.run].is_estimated;
    const std::string name = build.name.empty() ? "" : printable(build.name) + ": ";
    const std::string steps =
        total == 0 ? "no step ran" : fmt::format("{} of {} ran", ran, text::counted(total, "step"));
    std::string words = fmt::format("{}{}, in {}{}{}", name, steps, estimated ? "about " : "",
                                    seconds_words(build.seconds), work_words(build));
    if (words.starts_with("no ")) words.front() = 'N';
    out_ += style_.paint(Tone::kBold, words);
    out_ += '\n';
    append_failure(build);
    append_unfinished(build);
    const std::string& builder = view_.log->runs[build.run].builder;
    std::string basis = build.has_dockerfile() ? "Dockerfile " + printable(build.model.dockerfile)
                        : total == 0           ? view_.is_cut && !build.failed
                                                     ? "the log does not come to the steps of a Dockerfile"
                                                     : "the build did not come to the steps of a Dockerfile"
                                               : "no Dockerfile at hand, so lines are not known";
    if (!builder.empty()) basis += ", builder " + printable(builder);
    if (estimated) basis += "; the log has no times, so the total is estimated";
    out_ += style_.paint(Tone::kDim, basis) + "\n";
  }

  // The step that failed, or what the log says at its end.
  void append_failure(const LogBuild& build) {
    std::string words;
    for (const LogStep& step : build.steps) {
      if (words.empty() && !step.vertex->error.empty())
        words = fmt::format("The build failed at {}: {}", step_place_words(step),
                            failure_words(step.vertex->error));
    }
    for (const Notice* notice : build.notices) {
      if (words.empty() && notice->kind == Notice::Kind::kFailed)
        words = "The build failed: " + failure_words(notice->words);
    }
    for (const Vertex* vertex : build.unmatched) {
      if (words.empty() && !vertex->error.empty())
        words = "The build failed: " + failure_words(vertex->error);
    }
    if (!words.empty()) out_ += style_.paint(Tone::kBad, words) + "\n";
  }

  // An image is not built to its end if another one of the run fails.
  void append_unfinished(const LogBuild& build) {
    const bool has_rest = !build.missing.empty() || std::ranges::any_of(build.steps, [](const LogStep& step) {
      return step.vertex->canceled || !step.vertex->ended;
    });
    if (build.failed || build.finished || !has_rest) return;
    std::vector<std::string> failed;
    const auto [first, end] = view_.log->builds_of(build.run);
    for (size_t i = first; i < end; ++i) {
      const LogBuild& other = view_.builds[i];
      if (other.failed && !other.name.empty()) failed.push_back(printable(other.name));
    }
    if (failed.empty()) return;
    out_ += style_.paint(Tone::kBad, fmt::format("The build did not finish, since {} failed",
                                                 text::list_words(failed, 5))) +
            "\n";
  }

  void append_shares(const LogBuild& build) {
    constexpr size_t kMost = 3;
    const std::vector<Share> shares = shares_of(build);
    for (size_t i = 0; i < std::min(shares.size(), kMost); ++i) {
      if (shares[i].seconds < kShort) break;
      const LogStep& root = build.steps[shares[i].root];
      out_ += fmt::format("{:.1f} of {} were spent because of {}", shares[i].seconds,
                          seconds_words(build.work), step_place_words(root));
      if (!root.shared_with.empty()) out_ += fmt::format(" (shared with {})", printable(root.shared_with));
      const std::string end = end_words(build, root);
      const std::string why = end.empty() ? cause_of(build, root, options_) : end;
      if (options_.compared) out_ += fmt::format(", which {}", words_before(root));
      const bool is_asked = !options_.compared || !options_.occasion.empty();
      if (is_asked && !why.empty()) out_ += ": " + why;
      if (!root.fixed_by.empty()) out_ += fmt::format("   (lint --fix: {})", root.fixed_by);
      out_ += '\n';
    }
  }

  // Stage by stage, of each platform by itself.
  void append_steps(const LogBuild& build) {
    std::vector<std::pair<std::string, std::vector<const LogStep*>>> groups;
    std::map<std::string, size_t> places;  // of a label among them
    for (const LogStep& step : build.steps) {
      const bool is_number = step.stage.find_first_not_of("0123456789") == std::string::npos;
      const std::string label =
          (is_number ? "stage " : "") + step.stage + (step.platform.empty() ? "" : " " + step.platform);
      const auto [place, is_new] = places.emplace(label, groups.size());
      if (is_new) groups.emplace_back(label, std::vector<const LogStep*>());
      groups[place->second].second.push_back(&step);
    }
    for (const auto& [label, steps] : groups) {
      out_ += fmt::format("\n{}\n", style_.paint(Tone::kBold, printable(label)));
      for (const LogStep* step : steps)
        append_step(build, *step);
    }
  }

  void append_step(const LogBuild& build, const LogStep& step) {
    const Mark mark = mark_of_step(step);
    const std::string line = step.line == 0 ? "" : std::to_string(step.line);
    const std::string time = step.vertex->cached ? "reused" : seconds_words(step.vertex->seconds);
    std::string why = reason_words(build, step, options_);
    if (step.vertex->bytes > 0)
      why = fmt::format("{}{}{}", bytes_words(step.vertex->bytes), why.empty() ? "" : "; ", why);
    out_ +=
        fmt::format("  {} {:>5}  {:<{}} {:>9}", style_.paint(mark.tone, mark.sign), line,
                    shortened_step(step.instruction, kLogInstructionWidth), kLogInstructionWidth + 1, time);
    out_ += why.empty() ? "\n" : fmt::format("  {}\n", style_.paint(mark.tone, why));
    for (const std::string& warning : step.vertex->warnings)
      out_ += fmt::format("           warning: {}\n", printable(warning));
  }

  void append_totals(const LogBuild& build) {
    std::vector<const Vertex*> others = build.others;
    std::erase_if(others, [](const Vertex* vertex) {
      return vertex->seconds < kShort && vertex->bytes < 1'000'000 && vertex->error.empty();
    });
    std::ranges::stable_sort(others, std::ranges::greater(), &Vertex::seconds);
    const observe::ImageNames& images = view_.images[build.run];
    std::vector<std::string> words;
    for (const Vertex* vertex : others) {
      std::string text = fmt::format("{} {}", printable(observe::read_name(vertex->name, images).text),
                                     seconds_words(vertex->seconds));
      if (vertex->bytes > 0) text += fmt::format(" ({})", bytes_words(vertex->bytes));
      if (!vertex->error.empty()) text += fmt::format(" (failed: {})", shortened(vertex->error, 100));
      words.push_back(std::move(text));
    }
    out_ += '\n';
    if (!words.empty()) out_ += fmt::format("Besides the steps: {}.\n", text::list_words(words, 5));
    append_longest(build);
    append_critical(build);
    if (!build.missing.empty()) {
      std::vector<std::string> lines;
      for (const uint32_t line : build.missing)
        lines.push_back(std::to_string(line));
      out_ += fmt::format("Not in the log: {} {}.\n", lines.size() == 1 ? "line" : "lines",
                          text::list_words(lines, 10));
    }
  }

  void append_longest(const LogBuild& build) {
    constexpr size_t kMost = 3;
    std::vector<const LogStep*> steps;
    for (const LogStep& step : build.steps) {
      if (step.vertex->seconds >= kShort) steps.push_back(&step);
    }
    if (steps.size() <= kMost) return;
    std::ranges::stable_sort(steps, std::ranges::greater(),
                             [](const LogStep* step) { return step->vertex->seconds; });
    std::vector<std::string> words;
    for (size_t i = 0; i < kMost; ++i)
      words.push_back(
          fmt::format("{} ({})", step_place_words(*steps[i]), seconds_words(steps[i]->vertex->seconds)));
    out_ += fmt::format("Longest steps: {}.\n", text::list_words(words));
  }

  // The chain of steps that the end waited for: what is next to it ran meanwhile.
  void append_critical(const LogBuild& build) {
    std::map<const Vertex*, const LogStep*> steps;
    for (const LogStep& step : build.steps)
      steps.emplace(step.vertex, &step);
    const observe::ImageNames& images = view_.images[build.run];
    std::vector<std::string> words;
    double seconds = 0;
    for (const observe::Wait& wait : view_.line_of(build).critical) {
      if (wait.seconds < kShort) continue;
      seconds += wait.seconds;
      const Vertex* vertex = view_.timelines[build.run].bars[wait.bar].vertex;
      const auto step = steps.find(vertex);
      words.push_back(step == steps.end() ? shortened(observe::read_name(vertex->name, images).text, 40)
                                          : step_place_words(*step->second));
    }
    if (words.size() < 2) return;
    out_ += fmt::format("Critical path: {}: {} of {}.\n", text::list_words(words, 12), seconds_words(seconds),
                        seconds_words(build.seconds));
  }

  void append_doubts(const LogBuild& build) {
    constexpr size_t kMost = 10;
    for (size_t i = 0; i < std::min(build.unmatched.size(), kMost); ++i) {
      out_ += fmt::format("Not a step of this Dockerfile: {} ({})\n", shortened(build.unmatched[i]->name, 80),
                          build.unmatched[i]->cached ? "reused" : seconds_words(build.unmatched[i]->seconds));
    }
    if (build.unmatched.size() > kMost)
      out_ += fmt::format("Not a step of this Dockerfile: {} more\n", build.unmatched.size() - kMost);
    for (const Notice* notice : build.notices) {
      if (notice->kind == Notice::Kind::kFailed) continue;  // said at the top
      out_ +=
          fmt::format("The log says that {}: {}\n", words_of(notice->kind), shortened(notice->words, 160));
    }
    append_assumption(build);
    append_disagreements(build);
  }

  // What the builder is assumed to have had, if nobody said it.
  void append_assumption(const LogBuild& build) {
    if (build.assumed_import.empty()) return;
    if (build.assumed_import == "none") {
      out_ +=
          "The reasons are for an empty builder that imported no cache, as the log says; --cache-from says "
          "otherwise.\n";
      return;
    }
    const std::string import = build.assumed_import == "defined" ? "what the definition of the image says"
                               : build.assumed_import == "inline"
                                   ? "the inline caches of several images"
                                   : "an export with mode=" + build.assumed_import;
    out_ += fmt::format(
        "What was reused fits best with a builder that was empty and imported {}; the reasons are for that, "
        "and --cache-from says otherwise.\n",
        import);
  }

  static bool has(const LogBuild& build, Notice::Kind kind) {
    return std::ranges::find(build.notices, kind, &Notice::kind) != build.notices.end();
  }

  void append_disagreements(const LogBuild& build) {
    std::vector<std::string> ran;
    std::vector<std::string> reused;
    std::vector<std::string> imported;  // reused, though no export that is assumed has them
    for (const LogStep& step : build.steps) {
      if (!step.disagrees) continue;
      const bool is_import = step.predicted->cause.kind == cache::Cause::Kind::kNotExported;
      (step.ran() ? ran : is_import ? imported : reused).push_back(step_place_words(step));
    }
    if (!imported.empty()) {
      out_ += fmt::format(
          "The log and the model disagree on {}: {} reused, though the imported cache would not have {}. It "
          "was "
          "exported in another way, or the builder was not empty.\n",
          text::list_words(imported, 5), imported.size() == 1 ? "it was" : "they were",
          imported.size() == 1 ? "its result" : "their results");
    }
    if (!ran.empty()) {
      out_ += fmt::format(
          "The log and the model disagree on {}: {} ran, and nothing that {} on changed {}. "
          "What else may be the reason:\n",
          text::list_words(ran, 5), ran.size() == 1 ? "it" : "they",
          ran.size() == 1 ? "it depends" : "they depend", options_.occasion);
      const bool is_told = std::ranges::any_of(build.notices, [](const Notice* notice) {
        return notice->kind != Notice::Kind::kCacheExport && notice->kind != Notice::Kind::kFailed;
      });
      if (is_told) out_ += "  - what the log says above\n";
      if (has(build, Notice::Kind::kCacheImported))
        out_ += "  - the imported cache was exported in another way, or from another state\n";
      if (!has(build, Notice::Kind::kNoCache) && !has(build, Notice::Kind::kPull))
        out_ += "  - the build was started with --no-cache or --pull\n";
      out_ +=
          "  - the builder never built that state, or its cache was pruned since\n"
          "  - the build was for another platform, or had other build arguments\n"
          "  - another builder, or a base image that changed\n";
    }
    if (!reused.empty()) {
      out_ += fmt::format(
          "The log and the model disagree on {}: {} reused, though what {} on changed {}. The builder "
          "had built this state before, imported a cache, or built another state.\n",
          text::list_words(reused, 5), reused.size() == 1 ? "it was" : "they were",
          reused.size() == 1 ? "it depends" : "they depend", options_.occasion);
    }
  }

  const LogView& view_;
  const LogOptions& options_;
  const Style& style_;
  std::string& out_;
};

}  // namespace

std::string reason_words(const LogBuild& build, const LogStep& step, const LogOptions& options) {
  if (std::string words = end_words(build, step); !words.empty()) return words;
  if (!step.shared_with.empty()) {
    const std::string cause = options.compared ? "" : cause_of(build, step, options);
    return fmt::format("shared with {}{}{}", printable(step.shared_with), cause.empty() ? "" : "; ", cause);
  }
  if (step.before != nullptr) {
    std::string words = comparison_words(step);
    if (!words.empty() || step.vertex->cached) return words;
  } else if (options.compared) {
    return "is not in the log before";
  }
  return cause_of(build, step, options);
}

void append_log(const LogView& view, const LogOptions& options, const Style& style, std::string& out) {
  LogText(view, options, style, out).append();
}

}  // namespace dcache::report
