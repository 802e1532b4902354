#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "rules/stages.h"

namespace dcache::rules::DC4008 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr std::string_view kPrefix = "org.opencontainers.image.";
constexpr std::array<std::string_view, 14> kNames = {
    "authors",  "base.digest", "base.name", "created", "description", "documentation", "licenses",
    "ref.name", "revision",    "source",    "title",   "url",         "vendor",        "version"};

// The key that one below a reserved prefix, or one much like it, should be; empty for one that is known.
std::string wrong_key(std::string_view key) {
  constexpr std::string_view kSimilar[] = {kPrefix,
                                           "org.opencontainer.image.",
                                           "org.opencontainers.images.",
                                           "org.opencontainers.",
                                           "org.opencontainer.",
                                           "opencontainers.image.",
                                           "org.open-containers.image."};
  const auto prefix =
      std::ranges::find_if(kSimilar, [&](std::string_view one) { return key.starts_with(one); });
  if (prefix == std::end(kSimilar)) return {};
  const std::string_view name = key.substr(prefix->size());
  const bool known = std::ranges::find(kNames, name) != kNames.end();
  if (known && *prefix == kPrefix) return {};
  const std::string_view closest = known ? name : text::closest(name, kNames);
  return closest.empty() ? "?" : fmt::format("{}{}", kPrefix, closest);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& outer : dockerfile.file().instructions()) {
    const Instruction& instruction = carried(outer);
    if (instruction.keyword != Keyword::kLabel) continue;
    for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2) {
      const dockerfile::Word& key = instruction.arguments[i];
      const std::string_view text = unquoted(key.text);
      if (text.find('$') != std::string_view::npos) continue;
      const std::string meant = wrong_key(text);
      if (meant.empty()) continue;
      auto& finding = reporter.report(
          outer.span, fmt::format("{} is not an annotation that OCI defines, so tools do not read it", text),
          meant == "?" ? "use a prefix of your own, such as com.example." : fmt::format("write {}", meant));
      finding.focus = key.span;
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://github.com/opencontainers/image-spec/blob/main/annotations.md"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4008",
          .name = "unknown-oci-label",
          .level = lint::Level::kInfo,
          .summary = "A label with the prefix of OCI is not one that OCI defines",
          .rationale =
              "Registries, update bots and scanners read labels such as `org.opencontainers.image.source`. A "
              "misspelt key is a label that nothing reads, and all keys below `org.opencontainers.` are "
              "reserved for the specification.",
          .bad = {"FROM debian:12\n"
                  "LABEL org.opencontainers.image.license=\"MIT\"\n"},
          .good = {"FROM debian:12\n"
                   "LABEL org.opencontainers.image.licenses=\"MIT\"\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4008
