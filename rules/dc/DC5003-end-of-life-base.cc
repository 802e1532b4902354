#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "rules/known_facts.h"
#include "rules/sources.h"

namespace dcache::rules::DC5003 {
namespace {

// Whether a tag is the version or one of its kinds: "10" is "10.3-slim" and not "101".
bool is_version(std::string_view tag, std::string_view version) {
  if (version == "*") return true;
  if (!tag.starts_with(version)) return false;
  return tag.size() == version.size() || tag[version.size()] == '.' || tag[version.size()] == '-';
}

// Whether one of the parts between the hyphens of a tag is the word.
bool has_part(std::string_view tag, std::string_view word) {
  for (size_t at = tag.find(word); at != std::string_view::npos; at = tag.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || tag[at - 1] == '-') && (end == tag.size() || tag[end] == '-')) return true;
  }
  return false;
}

// The entry that fits best: the longest version of the image itself, or what its tag says of the
// distribution.
const EndOfLife* find_ended(std::string_view image, std::string_view tag) {
  const EndOfLife* found = nullptr;
  size_t longest = 0;
  for (const EndOfLife& row : std::ranges::equal_range(end_of_life(), image, {}, &EndOfLife::image)) {
    for (const std::string_view version : row.tags) {
      if (!is_version(tag, version) || version.size() < longest) continue;
      longest = version.size();
      found = &row;
    }
  }
  // Of images that are not official a word of the tag may mean something else.
  const bool only_numbers = tag.find_first_not_of("0123456789.") == std::string_view::npos;
  if (found != nullptr || only_numbers || image.find('/') != std::string_view::npos) return found;
  for (const EndOfLife& row : end_of_life()) {
    if (std::ranges::any_of(row.parts, [&](std::string_view part) { return has_part(tag, part); }))
      return &row;
  }
  return nullptr;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    if (stage.from == nullptr || stage.base || stage.from->arguments.empty()) continue;
    const dockerfile::Instruction& from = *stage.from;
    const std::string_view reference = image_of(dockerfile, from);
    if (reference.empty() || dockerfile.is_defined(reference)) continue;
    const EndOfLife* row = find_ended(lint::image_name(reference), plan::read_reference(reference).tag);
    if (row == nullptr || has_part(plan::read_reference(reference).tag, "ea")) continue;  // early access
    auto& finding = reporter.report(
        from.span, fmt::format("{} has had no security fixes since {}", row->product, row->end),
        row->instead.empty() ? "use a newer version" : fmt::format("use {}", row->instead));
    finding.focus = from.arguments.front().span;
  }
}

constexpr std::string_view kReferences[] = {"https://endoflife.date/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC5003",
      .name = "end-of-life-base",
      .level = lint::Level::kInfo,
      .summary = "The base image is a version that is not maintained any more",
      .rationale =
          "After the end of its life a distribution, language or server gets no security fixes, and the "
          "image on Docker Hub is not built again. Package archives of old distributions move, so that "
          "`apt-get update` fails some day. The versions and dates are those of the publishers, for "
          "distributions with long-term support to its end, in `rules/data/end-of-life.json`; they do not "
          "depend on the day on which dcache runs. Paid support, such as Ubuntu Pro, is not considered: "
          "silence the rule there.",
      .bad = {"FROM python:3.7-slim\n"},
      .good = {"FROM python:3.13-slim\n"},
      .references = kReferences,
      .security_severity = "5.0",
      .check = check};
}

}  // namespace dcache::rules::DC5003
