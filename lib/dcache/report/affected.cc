#include "dcache/report/affected.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/report/explain.h"
#include "dcache/report/matrix.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using project::Affected;
using project::DefinitionKind;
using project::Effect;
using project::ImageEffect;

constexpr size_t kInstructionWidth = 40;

Tone tone_of(Effect effect) {
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
std::string from_words(const ImageEffect& effect) {
  if (effect.line == 0) return "";
  return fmt::format("line {}: {}", effect.line, shortened(effect.instruction, kInstructionWidth));
}

std::string why_words(const ImageEffect& effect) {
  if (!effect.reason.empty()) return effect.reason;
  return effect.line == 0 ? "" : cause_words(effect.step, effect.follows_line);
}

void append_text(const Affected& affected, const std::string& compared_with, const Style& style,
                 std::string& out) {
  const auto count = std::ranges::count_if(affected.images, is_affected);
  out += style.paint(Tone::kBold,
                     fmt::format("{} of {} affected by {}", count,
                                 text::counted(affected.images.size(), "image"), printable(compared_with))) +
         "\n";
  if (count == 0) return;
  out += '\n';
  Table table({"IMAGE", "EFFECT", "FROM", "WHY"});
  for (const ImageEffect& effect : affected.images) {
    if (is_affected(effect))
      table.add({effect.image->target.name, effect_words(effect), from_words(effect), why_words(effect)},
                tone_of(effect.effect));
  }
  table.append_to(out, style);
}

void write_effect(const ImageEffect& effect, text::JsonWriter& json) {
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
  if (effect.line != 0) {
    json.member("line", effect.line).member("stage", effect.stage).member("instruction", effect.instruction);
    json.key("cause");
    write_cause(effect.step.cause, json);
  }
  if (!effect.through.empty()) json.member("through", effect.through);
  if (!effect.reason.empty()) json.member("reason", effect.reason);
  json.end_object();
}

void append_json(const Affected& affected, const std::string& compared_with, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object()
      .member("version", 1)
      .member("compared_with", compared_with)
      .member("any", std::ranges::any_of(affected.images, is_affected))
      .key("images")
      .begin_array();
  for (const ImageEffect& effect : affected.images)
    write_effect(effect, json);
  json.end_array().end_object();
  out += '\n';
}

void append_matrix(const Affected& affected, std::string& out) {
  const std::vector<LeftOut> left_out = left_out_of_matrix(affected);
  std::vector<const project::Image*> images;
  for (const ImageEffect& effect : affected.images) {
    if (is_affected(effect) && why_not_in_matrix(*effect.image).empty()) images.push_back(effect.image);
  }
  text::JsonWriter json(out);
  json.begin_object().member("any", !images.empty()).key("left_out").begin_array();
  for (const LeftOut& one : left_out)
    json.begin_object().member("image", one.image).member("reason", one.reason).end_object();
  json.end_array().key("include").begin_array();
  for (const project::Image* image : images)
    write_matrix_row(*image, json);
  json.end_array().end_object();
  out += '\n';
}

// The names of those that are defined by files of a kind; of all without one.
std::vector<std::string> names_of(const Affected& affected, std::optional<DefinitionKind> kind) {
  std::vector<std::string> names;
  for (const ImageEffect& effect : affected.images) {
    if (!is_affected(effect)) continue;
    const auto& defined = effect.image->target.defined;
    auto origin = kind ? std::ranges::find(defined, *kind, &project::Origin::kind) : defined.begin();
    // Bake reads the files of Compose too.
    if (kind == DefinitionKind::kBake && origin == defined.end())
      origin = std::ranges::find(defined, DefinitionKind::kCompose, &project::Origin::kind);
    if (origin == defined.end()) continue;
    std::string name = kind && !origin->name.empty() ? origin->name : effect.image->target.name;
    if (kind == DefinitionKind::kBake) std::ranges::replace(name, '.', '_');
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

const std::vector<std::string>& affected_formats() {
  static const std::vector<std::string> kFormats = {"text",          "json",         "names",
                                                    "github-matrix", "bake-targets", "compose-services"};
  return kFormats;
}

bool is_affected(const ImageEffect& effect) {
  return effect.effect != Effect::kUnaffected;
}

std::vector<LeftOut> left_out_of_matrix(const Affected& affected) {
  std::vector<LeftOut> left_out;
  for (const ImageEffect& effect : affected.images) {
    if (!is_affected(effect)) continue;
    std::string reason = why_not_in_matrix(*effect.image);
    if (!reason.empty()) left_out.push_back({effect.image->target.name, std::move(reason)});
  }
  return left_out;
}

void append_affected(const Affected& affected, const std::string& compared_with, AffectedFormat format,
                     const Style& style, std::string& out) {
  const auto append_names = [&](std::optional<DefinitionKind> kind, std::string_view separator) {
    const auto names = names_of(affected, kind);
    out += fmt::format("{}", fmt::join(names, separator));
    if (!names.empty()) out += '\n';
  };
  switch (format) {
    case AffectedFormat::kText:
      return append_text(affected, compared_with, style, out);
    case AffectedFormat::kJson:
      return append_json(affected, compared_with, out);
    case AffectedFormat::kNames:
      return append_names(std::nullopt, "\n");
    case AffectedFormat::kGithubMatrix:
      return append_matrix(affected, out);
    case AffectedFormat::kBakeTargets:
      return append_names(DefinitionKind::kBake, " ");
    case AffectedFormat::kComposeServices:
      return append_names(DefinitionKind::kCompose, " ");
  }
}

}  // namespace dcache::report
