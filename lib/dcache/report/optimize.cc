#include "dcache/report/optimize.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/report/step_words.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/times.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using optimize::Change;
using optimize::Gain;
using optimize::ImageComparison;
using optimize::Proposal;
using optimize::StepComparison;

constexpr size_t kInstructionWidth = 60;
constexpr double kWeek = 7.0 * 24 * 3600;

// "saves 150 runs of RUN steps and 53 rebuilds of others (about 38 min)"
std::string gain_words(const Gain& gain) {
  std::vector<std::string> saved;
  if (gain.runs > 0) saved.push_back(text::counted(gain.runs, "run") + " of RUN steps");
  if (gain.steps > gain.runs)
    saved.push_back(text::counted(gain.steps - gain.runs, "rebuild") + " of steps that copy");
  std::string words = saved.empty() ? "" : "saves " + text::list_words(saved);
  const auto add_cheaper = [&](size_t runs, std::string_view one, std::string_view several) {
    if (runs == 0) return;
    if (!words.empty()) words += "; ";
    words += runs == 1 ? fmt::format("1 run of a RUN step {}", one)
                       : fmt::format("{} runs of RUN steps {}", runs, several);
  };
  add_cheaper(gain.cheaper - gain.cheaper_by_layer, "finds its cache filled", "find their cache filled");
  add_cheaper(gain.cheaper_by_layer, "finds its downloads in a layer", "find their downloads in a layer");
  if (words.empty()) words = "nothing";
  if (gain.seconds && *gain.seconds > 0)
    words += fmt::format(" (about {})", text::duration_words(*gain.seconds));
  return words;
}

std::string place_words(const Change& change) {
  std::vector<std::string> words;
  if (change.rule != nullptr) words.emplace_back(change.rule->code);
  if (change.line != 0) {
    std::vector<std::string> lines = {std::to_string(change.line)};
    for (const uint32_t other : change.other_lines)
      lines.push_back(std::to_string(other));
    words.push_back(fmt::format("line{} {}", lines.size() == 1 ? "" : "s", text::list_words(lines)));
  }
  return words.empty() ? std::string() : fmt::format(" [{}]", fmt::join(words, ", "));
}

// Why it is unsafe, and where to read more.
std::string reason_words(const Change& change) {
  return change.rule == nullptr ? printable(change.reason)
                                : fmt::format("{}; see dcache rules {}", change.reason, change.rule->code);
}

void append_change(const Change& change, std::string_view mark, Tone tone, const Style& style,
                   std::string& out) {
  out += fmt::format("  {} {}{}\n", style.paint(tone, mark), printable(change.finding), place_words(change));
  out += fmt::format("    {}\n", gain_words(change.gain));
  if (change.safe) return;
  if (!change.remedy.empty()) out += fmt::format("    fix: {}\n", printable(change.remedy));
  out += fmt::format("    unsafe: {}\n", reason_words(change));
}

// What several changes gain in all. That of each is against the others without it, so where two save the same
// rebuild, or one saves nothing without another, the numbers do not add up.
void append_total(const Proposal& proposal, std::string& out) {
  if (proposal.changes.size() < 2) return;
  Gain sum;
  for (const Change& change : proposal.changes) {
    sum.steps += change.gain.steps;
    sum.runs += change.gain.runs;
    sum.cheaper += change.gain.cheaper;
  }
  const Gain& all = proposal.gain;
  const bool adds_up = sum.steps == all.steps && sum.runs == all.runs && sum.cheaper == all.cheaper;
  out += fmt::format("\nTogether: {}{}\n", gain_words(all),
                     adds_up ? "" : ". Each number above is what that change adds to the others");
}

size_t runs_of(const ImageComparison& image, size_t StepComparison::*count) {
  size_t runs = 0;
  for (const StepComparison& step : image.steps)
    runs += step.is_run ? step.*count : 0;
  return runs;
}

void append_image(const Proposal& proposal, const ImageComparison& image, const Style& style,
                  std::string& out) {
  out += '\n';
  if (proposal.images.size() > 1) out += style.paint(Tone::kBold, printable(image.name)) + '\n';
  Table table({"LINE", "REBUILT", "NEW LINE", "REBUILT", "STEP"});
  const auto line = [](uint32_t number) { return number == 0 ? std::string("-") : std::to_string(number); };
  const auto count = [](uint32_t number, size_t sure, size_t perhaps) {
    if (number == 0) return std::string("-");
    return perhaps == 0 ? std::to_string(sure) : fmt::format("{} + {}?", sure, perhaps);
  };
  size_t same = 0;
  for (const StepComparison& step : image.steps) {
    const bool is_kept = step.line_before != 0 && step.line_after != 0;
    if (is_kept && !step.is_changed && step.before == step.after &&
        step.perhaps_before == step.perhaps_after) {
      ++same;
      continue;
    }
    const bool is_better = step.line_before != 0 && step.after < step.before;
    table.add({line(step.line_before), count(step.line_before, step.before, step.perhaps_before),
               line(step.line_after), count(step.line_after, step.after, step.perhaps_after),
               step_words(step.instruction, step.trigger, kInstructionWidth)},
              is_better ? Tone::kGood : Tone::kPlain);
  }
  const bool has_rows = same < image.steps.size();
  if (has_rows) table.append_to(out, style);
  if (same > 0 && !has_rows)
    out += same == 1 ? "its step rebuilds as often as before\n"
                     : fmt::format("all {} steps rebuild as often as before\n", same);
  else if (same > 0)
    out += same == 1 ? "1 other step rebuilds as often as before\n"
                     : fmt::format("{} other steps rebuild as often as before\n", same);
  out += fmt::format("RUN steps: {} now, {} with the changes\n",
                     text::counted(runs_of(image, &StepComparison::before), "run"),
                     runs_of(image, &StepComparison::after));
}

// "That is about 3 h 20 min less, 38 min a week."
std::string time_words(const Proposal& proposal) {
  if (!proposal.gain.seconds || *proposal.gain.seconds <= 0) return {};
  const auto span = static_cast<double>(proposal.to - proposal.from);
  std::string words =
      fmt::format("About {} less in these commits", text::duration_words(*proposal.gain.seconds));
  if (span >= kWeek)
    words += fmt::format(", {} a week, if each is built once",
                         text::duration_words(*proposal.gain.seconds * kWeek / span));
  return words + ".\n";
}

void write_gain(const Gain& gain, text::JsonWriter& json) {
  json.begin_object().member("steps", gain.steps).member("runs", gain.runs).member("cheaper", gain.cheaper);
  if (gain.seconds) json.member("seconds", *gain.seconds);
  json.end_object();
}

void write_changes(const char* name, const std::vector<Change>& changes, text::JsonWriter& json) {
  json.key(std::string_view(name)).begin_array();
  for (const Change& change : changes) {
    json.begin_object();
    if (change.rule != nullptr) json.member("rule", change.rule->code).member("name", change.rule->name);
    if (!change.folder.empty()) json.member("folder", change.folder);
    if (change.line != 0) json.member("line", change.line);
    if (!change.other_lines.empty()) {
      json.key("other_lines").begin_array();
      for (const uint32_t line : change.other_lines)
        json.value(line);
      json.end_array();
    }
    json.member("message", change.finding);
    if (!change.remedy.empty()) json.member("remedy", change.remedy);
    if (!change.safe) json.member("reason", change.reason);
    json.member("safe", change.safe).key("gain");
    write_gain(change.gain, json);
    json.end_object();
  }
  json.end_array();
}

void write_image(const ImageComparison& image, text::JsonWriter& json) {
  json.begin_object().member("name", image.name).key("steps").begin_array();
  for (const StepComparison& step : image.steps) {
    json.begin_object().member("stage", step.stage);
    if (step.line_after != 0) json.member("line", step.line_after);
    if (step.line_before != 0) json.member("line_before", step.line_before);
    json.member("instruction", step.instruction);
    write_trigger(step.trigger, json);
    json.member("before", step.before)
        .member("after", step.after)
        .member("perhaps_before", step.perhaps_before)
        .member("perhaps_after", step.perhaps_after);
    if (step.seconds) json.member("seconds", *step.seconds);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

void append_proposal(const Proposal& proposal, const Style& style, std::string& out) {
  const bool is_part = proposal.commits < proposal.all_commits;
  const std::string range = fmt::format(
      "over {}{}, {} to {}{}", is_part ? fmt::format("{} of ", proposal.commits) : "",
      text::counted(proposal.all_commits, "commit"), text::day_of(proposal.from), text::day_of(proposal.to),
      is_part ? " (at the others, a Dockerfile that was tried can't be built)" : "");
  out += style.paint(Tone::kBold, printable(proposal.dockerfile));
  if (proposal.is_empty()) {
    const auto gaining = static_cast<size_t>(
        std::ranges::count_if(proposal.useless, [](const Change& change) { return change.gain.most() > 0; }));
    if (gaining == 0) {
      out += fmt::format(": no change that dcache can make would have saved a rebuild {}\n", range);
    } else {
      out += fmt::format(
          ": no change that dcache can make would have saved enough {}; {} less than --min-gain\n", range,
          proposal.useless.size() == 1 ? "1 change saves"
                                       : fmt::format("{} changes save", proposal.useless.size()));
    }
  } else {
    out += fmt::format(": {}, {}\n\n", text::counted(proposal.changes.size(), "change"), range);
  }
  for (const Change& change : proposal.changes)
    append_change(change, change.safe ? "✓" : "~", change.safe ? Tone::kGood : Tone::kWarn, style, out);
  append_total(proposal, out);
  if (!proposal.is_empty()) {
    for (const ImageComparison& image : proposal.images)
      append_image(proposal, image, style, out);
    out += time_words(proposal);
  }
  if (!proposal.unsafe.empty()) {
    out += "\nWith --unsafe-fixes also, which may change the image or break the build:\n\n";
    for (const Change& change : proposal.unsafe)
      append_change(change, "~", Tone::kWarn, style, out);
  }
}

void write_proposal(const Proposal& proposal, text::JsonWriter& json) {
  json.member("dockerfile", proposal.dockerfile)
      .member("commits", proposal.commits)
      .member("from", text::day_of(proposal.from))
      .member("to", text::day_of(proposal.to));
  write_changes("changes", proposal.changes, json);
  write_changes("unsafe", proposal.unsafe, json);
  write_changes("useless", proposal.useless, json);
  json.key("gain");
  write_gain(proposal.gain, json);
  json.key("images").begin_array();
  for (const ImageComparison& image : proposal.images)
    write_image(image, json);
  json.end_array().key("notes").begin_array();
  for (const std::string& note : proposal.notes)
    json.value(note);
  json.end_array().member("text", proposal.after).key("files").begin_array();
  for (const lint::Fix& file : proposal.new_files)
    json.begin_object().member("path", file.new_file).member("text", file.new_file_content).end_object();
  json.end_array();
}

void append_proposals_json(const std::vector<Proposal>& proposals, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("dockerfiles").begin_array();
  for (const Proposal& proposal : proposals) {
    json.begin_object();
    write_proposal(proposal, json);
    json.end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
