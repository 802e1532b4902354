#include "dcache/report/affected.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/report/explain.h"
#include "dcache/report/matrix.h"
#include "dcache/report/step_words.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using project::AffectedImages;
using project::DefinitionKind;
using project::Effect;
using project::ImageEffect;

constexpr size_t kAffectedInstructionWidth = 40;

Tone tone_of_effect(Effect effect) {
  switch (effect) {
    case Effect::kUnaffected:
      return Tone::kDim;
    case Effect::kMayRebuild:
    case Effect::kUnknown:
      return Tone::kWarn;
    default:
      return Tone::kBad;
  }
}

std::string effect_words(const ImageEffect& effect) {
  switch (effect.effect) {
    case Effect::kUnaffected:
      return "unaffected";
    case Effect::kRebuilt:
      if (effect.rebuilt == 0) return "rebuilds";
      return fmt::format("rebuilds {} of {}{}", effect.rebuilt, text::counted(effect.steps, "step"),
                         effect.may_rebuild == 0 ? "" : fmt::format(", {} more may", effect.may_rebuild));
    case Effect::kMayRebuild:
      if (effect.may_rebuild == 0) return "may rebuild";
      return fmt::format("may rebuild {} of {}", effect.may_rebuild, text::counted(effect.steps, "step"));
    case Effect::kConfiguration:
      return "configuration";
    case Effect::kNew:
      return "new";
    case Effect::kUnknown:
      return "unknown";
  }
  return "";
}

// "from line 7: COPY . ."
std::string effect_place_words(const ImageEffect& effect) {
  if (effect.line == 0) return "";
  return fmt::format("line {}: {}", effect.line,
                     step_words(effect.instruction, effect.trigger, kAffectedInstructionWidth));
}

std::string why_words(const ImageEffect& effect) {
  if (!effect.reason.empty()) return effect.reason;
  return effect.line == 0 ? "" : cause_words(effect.step, effect.follows_line);
}

const RebuildTime* time_of(const AffectedAnswer& answer, const ImageEffect& effect) {
  const auto time = answer.times.find(effect.image);
  return time == answer.times.end() ? nullptr : &time->second;
}

void append_text(const AffectedAnswer& answer, const Style& style, std::string& out) {
  const AffectedImages& affected = answer.affected;
  const auto count = std::ranges::count_if(affected.images, is_affected);
  out += style.paint(Tone::kBold, fmt::format("{} of {} affected by {}", count,
                                              text::counted(affected.images.size(), "image"),
                                              printable(answer.compared_with))) +
         "\n";
  if (!answer.is_complete) out += "The list may be incomplete: some definitions can't be read.\n";
  if (!answer.note.empty()) out += printable(answer.note) + "\n";
  if (count == 0) return;
  out += '\n';
  std::vector<std::string> titles = {"IMAGE", "EFFECT", "FROM", "WHY"};
  constexpr ptrdiff_t kTimes = 2;
  const bool any_times = !answer.times.empty();
  if (any_times) titles.insert(titles.begin() + kTimes, "TIME");
  Table table(titles);
  for (const ImageEffect& effect : affected.images) {
    if (!is_affected(effect)) continue;
    std::vector<std::string> cells = {effect.image->target.name, effect_words(effect),
                                      effect_place_words(effect), why_words(effect)};
    const RebuildTime* const time = time_of(answer, effect);
    if (any_times) cells.insert(cells.begin() + kTimes, time == nullptr ? "" : rebuild_words(*time));
    table.add(std::move(cells), tone_of_effect(effect.effect));
  }
  table.append_to(out, style);
}

void write_effect(const ImageEffect& effect, const RebuildTime* time, text::JsonWriter& json) {
  const project::Image& image = *effect.image;
  json.begin_object()
      .member("name", image.target.name)
      .member("effect", project::name_of(effect.effect))
      .member("dockerfile", image.build.dockerfile)
      .member("context", image.build.context);
  if (!image.build.plan.target.empty()) json.member("target", image.build.plan.target);
  json.member("rebuilt", effect.rebuilt)
      .member("may_rebuild", effect.may_rebuild)
      .member("steps", effect.steps);
  if (time != nullptr) {
    json.key("rebuild_time");
    write_rebuild_time(*time, json);
  }
  if (effect.line != 0) {
    json.member("line", effect.line).member("stage", effect.stage).member("instruction", effect.instruction);
    write_trigger(effect.trigger, json);
    json.key("cause");
    write_cause(effect.step.cause, json);
  }
  if (!effect.through.empty()) json.member("through", effect.through);
  if (!effect.reason.empty()) json.member("reason", effect.reason);
  json.end_object();
}

void append_json(const AffectedAnswer& answer, std::string& out) {
  const AffectedImages& affected = answer.affected;
  text::JsonWriter json(out);
  json.begin_object()
      .member("version", 1)
      .member("compared_with", answer.compared_with)
      .member("any", !answer.is_complete || std::ranges::any_of(affected.images, is_affected))
      .key("images")
      .begin_array();
  for (const ImageEffect& effect : affected.images)
    write_effect(effect, time_of(answer, effect), json);
  json.end_array().end_object();
  out += '\n';
}

// The affected images that are called so.
AffectedImages only(const AffectedImages& affected, const std::vector<LeftOut>& images) {
  AffectedImages some;
  std::ranges::copy_if(affected.images, std::back_inserter(some.images), [&](const ImageEffect& effect) {
    return std::ranges::find(images, effect.image->target.name, &LeftOut::image) != images.end();
  });
  return some;
}

// Those that the matrix leaves out and bake builds.
BuildNames bake_names_of(const AffectedAnswer& answer, const std::vector<LeftOut>& left_out) {
  AffectedImages rest = only(answer.affected, left_out);
  std::vector<LeftOut> too_early;
  std::erase_if(rest.images, [&](const ImageEffect& effect) {
    const bool early = !needed_by_tag(*effect.image, answer.rebuilt).empty();
    if (early) too_early.push_back({effect.image->target.name, {}});
    return early;
  });
  BuildNames names = build_names(rest, DefinitionKind::kBake, answer.definitions);
  std::ranges::move(too_early, std::back_inserter(names.left_out));
  return names;
}

// Why a job can't build an affected image from a row of the matrix; empty if it can. Where a definition can't
// be read, the build of a Dockerfile that no other one names is a guess.
std::string why_not_a_row(const AffectedAnswer& answer, const ImageEffect& effect) {
  const bool is_guess = !answer.is_complete && effect.effect == Effect::kUnknown &&
                        effect.image->origin().kind == DefinitionKind::kDockerfile;
  return is_guess ? effect.reason : why_not_in_matrix(*effect.image, answer.rebuilt);
}

void append_matrix(const AffectedAnswer& answer, std::string& out) {
  const std::vector<LeftOut> left_out = left_out_of(answer, AffectedFormat::kGithubMatrix);
  std::vector<const project::Image*> images;
  for (const ImageEffect& effect : answer.affected.images) {
    if (is_affected(effect) && why_not_a_row(answer, effect).empty()) images.push_back(effect.image);
  }
  text::JsonWriter json(out);
  json.begin_object()
      .member("any", !answer.is_complete || !images.empty() || !left_out.empty())
      .member("empty", images.empty())
      .key("left_out")
      .begin_array();
  for (const LeftOut& one : left_out)
    json.begin_object().member("image", one.image).member("reason", one.reason).end_object();
  json.end_array()
      .member("bake_targets", fmt::format("{}", fmt::join(bake_names_of(answer, left_out).names, " ")))
      .key("include")
      .begin_array();
  for (const project::Image* image : images)
    write_matrix_row(*image, json);
  json.end_array().end_object();
  out += '\n';
}

std::vector<std::string> names_of(const AffectedAnswer& answer, AffectedFormat format) {
  if (format == AffectedFormat::kBakeTargets)
    return build_names(answer.affected, DefinitionKind::kBake, answer.definitions).names;
  if (format == AffectedFormat::kComposeServices)
    return build_names(answer.affected, DefinitionKind::kCompose, answer.definitions).names;
  std::vector<std::string> names;
  for (const ImageEffect& effect : answer.affected.images) {
    if (is_affected(effect)) names.push_back(effect.image->target.name);
  }
  return names;
}

}  // namespace

const std::vector<std::string>& affected_formats() {
  static const std::vector<std::string> kFormats = {"text",          "json",         "names",
                                                    "github-matrix", "bake-targets", "compose-services"};
  return kFormats;
}

std::vector<LeftOut> left_out_of(const AffectedAnswer& answer, AffectedFormat format) {
  if (format == AffectedFormat::kBakeTargets)
    return build_names(answer.affected, DefinitionKind::kBake, answer.definitions).left_out;
  if (format == AffectedFormat::kComposeServices)
    return build_names(answer.affected, DefinitionKind::kCompose, answer.definitions).left_out;
  std::vector<LeftOut> left_out;
  if (format != AffectedFormat::kGithubMatrix) return left_out;
  for (const ImageEffect& effect : answer.affected.images) {
    if (!is_affected(effect)) continue;
    std::string reason = why_not_a_row(answer, effect);
    if (!reason.empty()) left_out.push_back({effect.image->target.name, std::move(reason)});
  }
  return left_out;
}

std::vector<LeftOut> left_out_of_bake(const AffectedAnswer& answer, const std::vector<LeftOut>& left_out) {
  const BuildNames names = bake_names_of(answer, left_out);
  std::vector<LeftOut> rest;
  std::ranges::copy_if(left_out, std::back_inserter(rest), [&](const LeftOut& one) {
    return std::ranges::find(names.left_out, one.image, &LeftOut::image) != names.left_out.end();
  });
  return rest;
}

std::vector<std::string> warnings_of(const AffectedAnswer& answer, AffectedFormat format) {
  std::vector<std::string> warnings;
  const bool bake = format == AffectedFormat::kBakeTargets;
  if (!bake && format != AffectedFormat::kComposeServices) return warnings;
  const std::vector<LeftOut> left_out = left_out_of(answer, format);
  for (const ImageEffect& effect : answer.affected.images) {
    const std::string& name = effect.image->target.name;
    const bool listed =
        is_affected(effect) && std::ranges::find(left_out, name, &LeftOut::image) == left_out.end();
    const auto needed = listed ? needed_by_tag(*effect.image, answer.rebuilt) : std::vector<std::string>();
    if (needed.empty()) continue;
    warnings.push_back(fmt::format(
        "{} needs {} by its tag, and both are built at the same time: name the image in {}, as {}", name,
        text::list_words(needed), bake ? "'contexts'" : "'additional_contexts'",
        bake ? "\"target:" + needed.front() + "\"" : "service:" + needed.front()));
  }
  return warnings;
}

void append_affected(const AffectedAnswer& answer, AffectedFormat format, const Style& style,
                     std::string& out) {
  switch (format) {
    case AffectedFormat::kText:
      return append_text(answer, style, out);
    case AffectedFormat::kJson:
      return append_json(answer, out);
    case AffectedFormat::kGithubMatrix:
      return append_matrix(answer, out);
    default: {
      std::vector<std::string> names = names_of(answer, format);
      for (std::string& name : names)
        name = printable(name);  // one in a line, whatever a folder is called
      out += fmt::format("{}", fmt::join(names, format == AffectedFormat::kNames ? "\n" : " "));
      if (!names.empty()) out += '\n';
    }
  }
}

}  // namespace dcache::report
